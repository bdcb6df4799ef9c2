package dev.skreaver.api.json;

import com.fasterxml.jackson.annotation.JsonInclude;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The one JSON dialect of REST, of the services among themselves, of Redis and of the event store:
 * snake_case names, absent instead of null, times as RFC 3339 in UTC.
 *
 * <p>Reading ignores unknown members, so that services of two releases understand each other during
 * a rolling update; the gateway is strict with what comes from outside.
 */
public final class WireJson {
  private static final JsonMapper MAPPER = configure(JsonMapper.builder()).build();

  private WireJson() {}

  /** Gives a builder this dialect and returns it. */
  public static JsonMapper.Builder configure(JsonMapper.Builder builder) {
    return builder
        .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
        .changeDefaultPropertyInclusion(
            inclusion -> inclusion.withValueInclusion(JsonInclude.Include.NON_NULL))
        .disable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS)
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY);
  }

  /** The shared mapper; it is immutable. */
  public static JsonMapper mapper() {
    return MAPPER;
  }
}
