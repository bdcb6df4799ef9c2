package dev.skreaver.gateway.admin;

import org.springframework.context.annotation.Configuration;
import org.springframework.format.FormatterRegistry;
import org.springframework.web.reactive.config.WebFluxConfigurer;

/** Lets an endpoint take the names in the operator's routes as arguments. */
@Configuration(proxyBeanMethods = false)
class AdminArguments implements WebFluxConfigurer {
  @Override
  public void addFormatters(FormatterRegistry registry) {
    registry.addConverter(String.class, ProjectionName.class, ProjectionName::new);
    registry.addConverter(String.class, DeadLetterId.class, DeadLetterId::parse);
  }
}
