package dev.skreaver.standalone;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import java.util.Map;
import org.slf4j.LoggerFactory;

/**
 * The log of a process whose terminal belongs to a person: to a file, in lines that a person reads.
 * Spring Boot is told to keep its hands off, because three applications share it.
 */
final class Logs {
  /** What the services' own files and defaults quieten, and why, which has no effect here. */
  private static final Map<String, Level> QUIET =
      Map.of(
          "org.axonframework.commandhandling.gateway", Level.ERROR,
          "org.axonframework.modelling.command", Level.ERROR,
          "org.springframework.web.server.adapter.HttpWebHandlerAdapter", Level.OFF);

  private Logs() {}

  static void off() {
    root().setLevel(Level.OFF);
  }

  static void to(Path file) {
    Logger root = root();
    LoggerContext context = root.getLoggerContext();
    context.reset();

    var appender = new RollingFileAppender<ILoggingEvent>();
    appender.setContext(context);
    appender.setFile(file.toString());

    var window = new FixedWindowRollingPolicy();
    window.setContext(context);
    window.setParent(appender);
    window.setFileNamePattern(file + ".%i");
    window.setMinIndex(1);
    window.setMaxIndex(4);
    window.start();

    var size = new SizeBasedTriggeringPolicy<ILoggingEvent>();
    size.setContext(context);
    size.setMaxFileSize(new FileSize(20 * FileSize.MB_COEFFICIENT));
    size.start();

    var lines = new PatternLayoutEncoder();
    lines.setContext(context);
    lines.setPattern(
        "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX,UTC} %-5level %logger{36} [%thread] %msg %kvp%n");
    lines.start();

    appender.setRollingPolicy(window);
    appender.setTriggeringPolicy(size);
    appender.setEncoder(lines);
    appender.start();
    root.addAppender(appender);
    root.setLevel(Level.INFO);
    QUIET.forEach((name, level) -> context.getLogger(name).setLevel(level));
  }

  private static Logger root() {
    System.setProperty("org.springframework.boot.logging.LoggingSystem", "none");
    return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }
}
