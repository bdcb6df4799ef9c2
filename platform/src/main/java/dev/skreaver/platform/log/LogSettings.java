package dev.skreaver.platform.log;

import dev.skreaver.platform.ConfigurationError;
import dev.skreaver.platform.Settings;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/** SKREAVER_LOG_FORMAT (json, text) and RUST_LOG, before the first line is written. */
final class LogSettings implements EnvironmentPostProcessor, Ordered {
  @Override
  public int getOrder() {
    return ConfigDataEnvironmentPostProcessor.ORDER + 2;
  }

  @Override
  public void postProcessEnvironment(
      ConfigurableEnvironment environment, SpringApplication application) {
    Settings settings = Settings.of(environment);
    Map<String, Object> properties = new LinkedHashMap<>();
    switch (settings.text("SKREAVER_LOG_FORMAT", "json")) {
      case "json" -> properties.put("logging.structured.format.console", JsonLines.class.getName());
      case "text" ->
          properties.put(
              "logging.pattern.console", "%d{HH:mm:ss.SSS} %-5level %logger{0}: %m %kvp%n%ex");
      default -> throw new ConfigurationError("SKREAVER_LOG_FORMAT", "give json or text");
    }
    settings.find("RUST_LOG").ifPresent(levels -> properties.putAll(LogLevels.from(levels)));
    environment.getPropertySources().addFirst(new MapPropertySource("skreaver-log", properties));
  }
}
