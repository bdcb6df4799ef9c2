package dev.skreaver.gateway.stream;

import dev.skreaver.api.event.EventQueries;
import dev.skreaver.platform.RedisAddress;
import dev.skreaver.platform.health.ReadinessCheck;
import dev.skreaver.platform.mesh.MeshConnection;
import dev.skreaver.platform.mesh.MeshEnabled;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import reactor.core.publisher.Mono;

@Configuration(proxyBeanMethods = false)
class StreamConfiguration {
  @Bean
  StreamSettings streamSettings(Environment environment) {
    return StreamSettings.from(environment);
  }

  @Bean
  @Conditional(MeshEnabled.class)
  MeshSource meshSource(Environment environment) {
    return new MeshSource(new MeshConnection(RedisAddress.from(environment), "skreaver-gateway"));
  }

  @Bean
  Feed feed(StreamSettings streamSettings) {
    return new Feed(streamSettings);
  }

  @Bean
  FeedReader feedReader(Feed feed, EventQueries queries, ObjectProvider<MeshSource> mesh) {
    return new FeedReader(feed, queries, mesh.getIfAvailable());
  }

  @Bean
  HistoryPages historyPages(EventQueries queries) {
    return new HistoryPages(queries);
  }

  @Bean
  EventStreams eventStreams(
      Feed feed, EventQueries queries, HistoryPages historyPages, StreamSettings streamSettings) {
    return new EventStreams(feed, queries, historyPages, streamSettings);
  }

  @Bean
  ReadinessCheck streamReadiness(FeedReader reader, Feed feed, ObjectProvider<MeshSource> mesh) {
    boolean expectsMesh = mesh.getIfAvailable() != null;
    return new ReadinessCheck() {
      @Override
      public String name() {
        return "event_mesh";
      }

      @Override
      public Mono<Finding> check() {
        return Mono.fromSupplier(() -> finding(reader.source(), expectsMesh))
            .map(finding -> finding.with("position", feed.position()));
      }
    };
  }

  private static ReadinessCheck.Finding finding(FeedReader.Source source, boolean expectsMesh) {
    return switch (source) {
      case MESH -> ReadinessCheck.Finding.healthy();
      case STORE ->
          expectsMesh
              ? ReadinessCheck.Finding.degraded("live events come from the query service")
              : ReadinessCheck.Finding.healthy();
      case NONE -> ReadinessCheck.Finding.degraded("live events are interrupted");
    };
  }

  @Bean
  MeterBinder streamMetrics(FeedReader reader, Feed feed) {
    return registry -> {
      Gauge.builder("skreaver.stream.position", feed::position)
          .description("Position of the last live event")
          .register(registry);
      Gauge.builder("skreaver.stream.live", feed::streams)
          .description("Streams that get live events")
          .register(registry);
      Gauge.builder(
              "skreaver.mesh.connected", () -> reader.source() == FeedReader.Source.MESH ? 1 : 0)
          .description("1 while live events come from Redis")
          .register(registry);
    };
  }
}
