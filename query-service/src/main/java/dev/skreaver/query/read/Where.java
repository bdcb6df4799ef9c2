package dev.skreaver.query.read;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;

/**
 * The conditions of a query with the values of their named parameters. A condition whose value is
 * null is left out, so that the planner sees only what is asked for.
 */
public final class Where {
  private final List<String> conditions = new ArrayList<>();
  private final Map<String, Object> values = new LinkedHashMap<>();

  /**
   * @param condition holds its parameter as {@code :parameter}
   */
  public Where and(String condition, String parameter, @Nullable Object value) {
    if (value != null) {
      conditions.add(condition);
      values.put(parameter, value);
    }
    return this;
  }

  /** A value that is not part of a condition. */
  public Where with(String parameter, Object value) {
    values.put(parameter, value);
    return this;
  }

  /** The conditions joined by AND. */
  public String sql() {
    return String.join(" AND ", conditions);
  }

  public GenericExecuteSpec bind(GenericExecuteSpec statement) {
    return statement.bindValues(values);
  }
}
