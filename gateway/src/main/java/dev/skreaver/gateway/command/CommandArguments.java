package dev.skreaver.gateway.command;

import org.springframework.context.annotation.Configuration;
import org.springframework.format.FormatterRegistry;
import org.springframework.web.reactive.config.WebFluxConfigurer;

/** Lets an endpoint take the id in a command's route as an argument. */
@Configuration(proxyBeanMethods = false)
class CommandArguments implements WebFluxConfigurer {
  @Override
  public void addFormatters(FormatterRegistry registry) {
    registry.addConverter(String.class, CommandId.class, CommandId::parse);
  }
}
