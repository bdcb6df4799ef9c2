package dev.skreaver.gateway.websocket;

import dev.skreaver.api.event.EventQueries;
import dev.skreaver.gateway.security.Identities;
import dev.skreaver.gateway.stream.EventStreams;
import dev.skreaver.platform.health.ReadinessCheck;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import org.springframework.web.reactive.handler.SimpleUrlHandlerMapping;
import reactor.netty.NettyPipeline;

/** The parts of the WebSocket, of which there is one of each per gateway. */
@Configuration(proxyBeanMethods = false)
class WebSocketConfiguration {
  static final String PATH = "/ws";

  @Bean
  WebSocketSettings webSocketSettings(Environment environment) {
    return WebSocketSettings.from(environment);
  }

  @Bean
  WebSocketMetrics webSocketMetrics(MeterRegistry registry) {
    return new WebSocketMetrics(registry);
  }

  @Bean
  RejectedHandshakes rejectedHandshakes(WebSocketMetrics metrics) {
    return new RejectedHandshakes(metrics);
  }

  @Bean
  WebServerFactoryCustomizer<NettyReactiveWebServerFactory> tokenOutOfTheAddress() {
    var handler = new TokenParameter();
    return factory ->
        factory.addServerCustomizers(
            server ->
                server.doOnChannelInit(
                    (observer, channel, address) ->
                        channel
                            .pipeline()
                            .addBefore(
                                NettyPipeline.HttpTrafficHandler, "skreaver.token", handler)));
  }

  @Bean
  Connections webSocketConnections(WebSocketSettings settings, Clock clock) {
    return new Connections(settings, clock);
  }

  @Bean
  Notices notices(Clock clock) {
    return new Notices(clock);
  }

  @Bean
  SocketServices socketServices(
      WebSocketSettings settings,
      Identities identities,
      EventStreams streams,
      EventQueries queries,
      Notices notices,
      WebSocketMetrics metrics,
      Clock clock) {
    return new SocketServices(
        settings,
        identities,
        streams,
        queries,
        notices,
        new Subscribers(settings.maxSubscribersPerChannel()),
        metrics,
        clock);
  }

  @Bean
  Pulse pulse(SocketServices services, List<ReadinessCheck> checks) {
    return new Pulse(services, checks);
  }

  @Bean
  SimpleUrlHandlerMapping webSocketMapping(SocketServices services, Connections connections) {
    return new SimpleUrlHandlerMapping(
        Map.of(PATH, new SocketEndpoint(services, connections)), Ordered.HIGHEST_PRECEDENCE + 10);
  }
}
