package dev.skreaver.platform;

import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/** What every service sets in Spring Boot; a service's own file can set it otherwise. */
final class Defaults implements EnvironmentPostProcessor, Ordered {
  /** After the service's file is read. */
  @Override
  public int getOrder() {
    return ConfigDataEnvironmentPostProcessor.ORDER + 1;
  }

  @Override
  public void postProcessEnvironment(
      ConfigurableEnvironment environment, SpringApplication application) {
    var defaults =
        new LinkedHashMap<String, Object>(
            Map.of(
                "spring.main.banner-mode", "off",
                "spring.jmx.enabled", "false",
                "server.shutdown", "graceful",
                "spring.lifecycle.timeout-per-shutdown-phase", "30s",
                // Health and metrics are at /health, /ready and /metrics; nothing else is shown.
                "management.endpoints.access.default", "none",
                "management.endpoints.web.exposure.exclude", "*",
                // It logs the query string, where a WebSocket client has its token.
                "logging.level.org.springframework.web.server.adapter.HttpWebHandlerAdapter", "off",
                "spring.web.resources.add-mappings", "false",
                // Why a start fails is told once, at the end; not by who meets it on the way.
                "logging.level.org.springframework.boot.SpringApplication", "error",
                "logging.level.org.springframework.boot.web.server.reactive.context", "error"));
    environment.getPropertySources().addLast(new MapPropertySource("skreaver", defaults));
  }
}
