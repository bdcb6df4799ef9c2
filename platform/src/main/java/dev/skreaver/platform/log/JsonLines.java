package dev.skreaver.platform.log;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.skreaver.api.json.WireJson;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import org.slf4j.event.KeyValuePair;
import org.springframework.boot.logging.structured.StructuredLogFormatter;
import tools.jackson.databind.json.JsonMapper;

/**
 * A log event as one line of JSON: timestamp, level, target, and in {@code fields} the message with
 * the event's key-value pairs. The message is at the top level too, there with the agent's id as
 * {@code agent_id=…}, for those who search with {@code grep}.
 *
 * <p>JSON escapes control characters, so that nothing that a caller sends can begin a line.
 */
public final class JsonLines implements StructuredLogFormatter<ILoggingEvent> {
  private static final DateTimeFormatter MILLISECONDS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);
  private static final String AGENT_ID = "agent_id";

  private final JsonMapper json = WireJson.mapper();
  private final ThrowableProxyConverter throwable;

  JsonLines(ThrowableProxyConverter throwable) {
    this.throwable = throwable;
  }

  @Override
  public String format(ILoggingEvent event) {
    var fields = new LinkedHashMap<String, Object>();
    String message = String.valueOf(event.getFormattedMessage());
    fields.put("message", message);
    List<KeyValuePair> pairs = event.getKeyValuePairs();
    if (pairs != null) {
      pairs.forEach(pair -> fields.put(pair.key, plain(pair.value)));
    }
    if (event.getThrowableProxy() != null) {
      fields.put("error", throwable.convert(event));
    }
    var line = new LinkedHashMap<String, Object>();
    line.put("timestamp", MILLISECONDS.format(instant(event)));
    line.put("level", event.getLevel().toString());
    line.put("target", event.getLoggerName());
    Object agent = fields.get(AGENT_ID);
    line.put(
        "message",
        agent == null || message.contains(AGENT_ID + "=")
            ? message
            : "%s %s=%s".formatted(message, AGENT_ID, agent));
    line.put("fields", fields);
    return json.writeValueAsString(line) + "\n";
  }

  private static Instant instant(ILoggingEvent event) {
    Instant precise = event.getInstant();
    return precise == null ? Instant.ofEpochMilli(event.getTimeStamp()) : precise;
  }

  private static Object plain(Object value) {
    return switch (value) {
      case Number number -> number;
      case Boolean flag -> flag;
      case null, default -> String.valueOf(value);
    };
  }
}
