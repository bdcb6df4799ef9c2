package dev.skreaver.query.projection;

import dev.skreaver.api.event.EventFormat;
import dev.skreaver.platform.Settings;
import dev.skreaver.query.postgres.DatabaseConfiguration;
import dev.skreaver.query.tail.EventTail;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

@Configuration(proxyBeanMethods = false)
class ProjectionConfiguration {
  private static final Duration READ_WAIT = Duration.ofSeconds(2);
  private static final Duration LONGEST_READ_WAIT = Duration.ofSeconds(10);

  @Bean
  Positions positions() {
    return new Positions();
  }

  @Bean
  Registry projectionRegistry(
      @Qualifier(DatabaseConfiguration.READ_MODEL) ConnectionFactory readModel,
      @Qualifier(DatabaseConfiguration.READ_MODEL_DEDICATED) ConnectionFactory dedicated,
      Environment environment) {
    int limit =
        Settings.of(environment).number("SKREAVER_REPLAY_EVENTS_PER_SECOND", 0, 0, Rebuild.FASTEST);
    return new Registry(readModel, dedicated, limit == 0 ? null : limit);
  }

  @Bean(initMethod = "start", destroyMethod = "close")
  ProjectionEngine projectionEngine(
      List<Projection<?>> projections,
      EventFormat format,
      EventTail tail,
      Positions positions,
      Registry registry,
      @Qualifier(DatabaseConfiguration.READ_MODEL) ConnectionFactory readModel,
      @Qualifier(DatabaseConfiguration.READ_MODEL_DEDICATED) ConnectionFactory dedicated) {
    String instance = UUID.randomUUID().toString();
    var engine = new AtomicReference<ProjectionEngine>();
    var instances =
        new Instances(
            instance,
            projections,
            dedicated,
            positions,
            () -> {
              ProjectionEngine started = engine.get();
              if (started != null) {
                started.look();
              }
            });
    engine.set(
        new ProjectionEngine(
            byName(projections),
            format,
            tail,
            registry,
            positions,
            instances,
            new Projectors(tail, positions, readModel, dedicated, instances, instance)));
    return engine.get();
  }

  private static Map<String, Projection<?>> byName(List<Projection<?>> projections) {
    return projections.stream().collect(Collectors.toMap(Projection::name, Function.identity()));
  }

  @Bean
  PositionGate positionGate(
      ProjectionEngine started, Positions positions, Environment environment) {
    return new PositionGate(
        positions,
        Settings.of(environment)
            .millis("SKREAVER_READ_WAIT_TIMEOUT_MS", READ_WAIT, Duration.ZERO, LONGEST_READ_WAIT));
  }

  @Bean
  ProjectionStatus projectionStatus(
      ProjectionEngine engine,
      Registry registry,
      Positions positions,
      EventTail tail,
      @Qualifier(DatabaseConfiguration.READ_MODEL) ConnectionFactory readModel) {
    return new ProjectionStatus(engine, registry, positions, tail, readModel);
  }

  @Bean
  ProjectionReadiness projectionReadiness(ProjectionEngine engine, Positions positions) {
    return new ProjectionReadiness(engine, positions);
  }

  @Bean
  ProjectionMetrics projectionMetrics(
      ProjectionEngine engine, Positions positions, EventTail tail) {
    return new ProjectionMetrics(engine, positions, tail);
  }
}
