package dev.skreaver.command.mesh;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.command.store.OwnConnections;
import dev.skreaver.command.store.SubjectKeys;
import dev.skreaver.platform.RedisAddress;
import dev.skreaver.platform.mesh.MeshConnection;
import dev.skreaver.platform.mesh.MeshEnabled;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

@Configuration(proxyBeanMethods = false)
@Conditional(MeshEnabled.class)
class MeshConfiguration {
  @Bean
  MeshConnection relayMeshConnection(Environment environment) {
    return new MeshConnection(RedisAddress.from(environment), "skreaver-relay");
  }

  @Bean
  Relay relay(
      Environment environment,
      MeshConnection relayMeshConnection,
      EventFormat format,
      HikariDataSource eventStoreDataSource) {
    RelaySettings settings = RelaySettings.from(environment);
    return new Relay(
        OwnConnections.from(environment, "skreaver-relay"),
        format,
        new MeshStream(relayMeshConnection, settings.maxLength()),
        // Of its own, so that a key is never read before an erasure and remembered after it.
        new SubjectKeys(eventStoreDataSource),
        settings);
  }

  @Bean
  MeterBinder relayMetrics(Relay relay) {
    return registry -> {
      Gauge.builder("skreaver.mesh.relay.position", () -> relay.status().position())
          .description("Position of the last event that this instance saw in Redis")
          .register(registry);
      Gauge.builder("skreaver.mesh.relay.lag", () -> relay.status().lag())
          .description("How many positions Redis is behind the event store")
          .register(registry);
      Gauge.builder("skreaver.mesh.relay.leading", () -> relay.status().leading() ? 1 : 0)
          .description("1 on the one instance that relays")
          .register(registry);
      Gauge.builder("skreaver.mesh.relay.connected", () -> relay.status().connected() ? 1 : 0)
          .description("1 while this instance reaches Redis; a standby does not try")
          .register(registry);
    };
  }
}
