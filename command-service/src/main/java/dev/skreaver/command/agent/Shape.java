package dev.skreaver.command.agent;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.StringJoiner;

/** Describes a type down to its last part: two descriptions are equal when the types' JSON is. */
final class Shape {
  private final Set<Class<?>> described = new HashSet<>();

  private Shape() {}

  static String of(Class<?> type) {
    return new Shape().describe(type);
  }

  private String describe(Class<?> type) {
    var description = new StringJoiner(",", type.getName() + "{", "}");
    if (!described.add(type)) {
      return type.getName();
    }
    if (type.isEnum()) {
      description.add(Arrays.toString(type.getEnumConstants()));
    } else if (type.isRecord()) {
      for (RecordComponent component : type.getRecordComponents()) {
        description.add(
            component.getName()
                + ":"
                + component.getGenericType().getTypeName()
                + "="
                + describe(component.getType()));
      }
    } else if (type.isSealed()) {
      for (Class<?> permitted : type.getPermittedSubclasses()) {
        description.add(describe(permitted));
      }
    }
    return description.toString();
  }
}
