package dev.skreaver.platform.web;

import dev.skreaver.api.json.WireJson;
import dev.skreaver.platform.Settings;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import java.time.Clock;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.reactive.ConfigurableReactiveWebServerFactory;
import org.springframework.boot.webflux.autoconfigure.error.ErrorWebFluxAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import tools.jackson.databind.json.JsonMapper;

/** Ids, JSON and problem documents for every web service. */
@AutoConfiguration(
    before = {ErrorWebFluxAutoConfiguration.class, ObservationAutoConfiguration.class},
    after = {JacksonAutoConfiguration.class, CompositeMeterRegistryAutoConfiguration.class})
public class WebAutoConfiguration {
  @Bean
  JsonMapperBuilderCustomizer wireJson() {
    return WireJson::configure;
  }

  @Bean
  @ConditionalOnMissingBean
  Clock clock() {
    return Clock.systemUTC();
  }

  /**
   * Nothing reads what observations would tell; made for each request and each filter of it, they
   * cost more than many an answer.
   */
  @Bean
  ObservationRegistry observationRegistry() {
    return ObservationRegistry.NOOP;
  }

  @Bean
  ProblemWriter problemWriter(JsonMapper json, Clock clock) {
    return new ProblemWriter(json, clock);
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
  static class Server {
    /** The port of SKREAVER_PORT; without it that of the service's own defaults. */
    @Bean
    WebServerFactoryCustomizer<ConfigurableReactiveWebServerFactory> port(Environment environment) {
      Settings settings = Settings.of(environment);
      return factory -> {
        if (settings.find("SKREAVER_PORT").isPresent()) {
          factory.setPort(settings.number("SKREAVER_PORT", 0, 0, 65_535));
        }
      };
    }

    @Bean
    RequestIds.Filter requestIds() {
      return new RequestIds.Filter();
    }

    @Bean
    RequestLog requestLog(MeterRegistry metrics) {
      return new RequestLog(metrics);
    }

    @Bean
    ProblemAnswers problemAnswers(ProblemWriter problems) {
      return new ProblemAnswers(problems);
    }
  }
}
