package dev.skreaver.platform.health;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.support.GenericApplicationContext;

/**
 * Lets several applications of one JVM measure into one registry: given the same instance as an
 * initializer, {@code /metrics} of any of them shows the meters of all.
 */
public final class SharedMetrics
    implements ApplicationContextInitializer<GenericApplicationContext> {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  @Override
  public void initialize(GenericApplicationContext application) {
    application.registerBean(
        "prometheusMeterRegistry",
        PrometheusMeterRegistry.class,
        () -> registry,
        // The first application to end must not take the figures of the others with it.
        definition -> definition.setDestroyMethodName(""));
  }
}
