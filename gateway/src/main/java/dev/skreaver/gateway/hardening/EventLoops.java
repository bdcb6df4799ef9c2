package dev.skreaver.gateway.hardening;

import java.time.Duration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.resources.LoopResources;

/**
 * The event loops of this gateway alone. Those that Reactor Netty shares by default end with the
 * first application that closes, and take every other of the same JVM with them.
 */
@Configuration(proxyBeanMethods = false)
class EventLoops {
  @Bean
  ReactorResourceFactory reactorResourceFactory() {
    var factory = new ReactorResourceFactory();
    factory.setUseGlobalResources(false);
    // They end behind the server, which has let its requests end: nothing is left to wait for.
    factory.setShutdownQuietPeriod(Duration.ZERO);
    factory.setLoopResourcesSupplier(
        () -> LoopResources.create("gateway", LoopResources.DEFAULT_IO_WORKER_COUNT, true));
    return factory;
  }
}
