package dev.skreaver.gateway.audit;

import org.springframework.context.annotation.Configuration;
import org.springframework.format.FormatterRegistry;
import org.springframework.web.reactive.config.WebFluxConfigurer;

/** Lets an endpoint take the event in its route as an argument. */
@Configuration(proxyBeanMethods = false)
class AuditArguments implements WebFluxConfigurer {
  @Override
  public void addFormatters(FormatterRegistry registry) {
    registry.addConverter(String.class, EventReference.class, EventReference::parse);
  }
}
