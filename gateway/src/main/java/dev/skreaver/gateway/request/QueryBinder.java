package dev.skreaver.gateway.request;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.json.WireJson;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;

/**
 * Reads a query string into a {@link FromQuery} record, strictly: an unknown parameter, a repeated
 * one that is not a list, and a value of the wrong form are refused by name. A list is given by
 * repeating the parameter or, unless it is {@link Repeated}, by commas; an absent parameter is
 * null, an absent list is empty.
 */
public final class QueryBinder<T extends FromQuery> {
  private final Class<T> type;
  private final Map<String, RecordComponent> parameters;

  public QueryBinder(Class<T> type) {
    this.type = type;
    this.parameters = parametersOf(type);
  }

  /** What each parameter is read into, by its name; a record within the record adds its own. */
  public static Map<String, RecordComponent> parametersOf(Class<?> type) {
    var parameters = new LinkedHashMap<String, RecordComponent>();
    for (RecordComponent component : type.getRecordComponents()) {
      if (FromQuery.class.isAssignableFrom(component.getType())) {
        parameters.putAll(parametersOf(component.getType()));
      } else {
        parameters.put(parameterName(component), component);
      }
    }
    return parameters;
  }

  /** The name of the parameter that a component is read from. */
  public static String parameterName(RecordComponent component) {
    return component.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
  }

  /**
   * @throws Refusal {@code unknown_field}, {@code duplicate_parameter} or what the value's type
   *     says
   */
  public T bind(MultiValueMap<String, String> query) {
    query.keySet().stream()
        .filter(name -> !parameters.containsKey(name))
        .findFirst()
        .ifPresent(this::unknown);
    return type.cast(read(type, query));
  }

  private static Object read(Class<?> type, MultiValueMap<String, String> query) {
    return construct(
        type,
        Arrays.stream(type.getRecordComponents())
            .map(component -> component(component, query))
            .toArray());
  }

  private static @Nullable Object component(
      RecordComponent component, MultiValueMap<String, String> query) {
    if (FromQuery.class.isAssignableFrom(component.getType())) {
      return read(component.getType(), query);
    }
    String name = parameterName(component);
    return value(name, component, query.get(name));
  }

  /** Refuses any query parameter, for endpoints that have none. */
  static void none(MultiValueMap<String, String> query) {
    new QueryBinder<>(Nothing.class).bind(query);
  }

  private void unknown(String name) {
    String known =
        parameters.isEmpty() ? "it has none" : "it knows " + String.join(", ", parameters.keySet());
    throw new Refusal(
        ErrorCode.UNKNOWN_FIELD,
        "Unknown query parameter '%s' of this route: %s".formatted(Refusal.quote(name), known),
        Map.of("field", Refusal.quote(name)));
  }

  private static @Nullable Object value(
      String name, RecordComponent component, @Nullable List<String> given) {
    boolean list = component.getType() == List.class;
    if (given == null) {
      return list ? List.of() : null;
    }
    if (list) {
      Class<?> element =
          (Class<?>) ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0];
      boolean commas = !component.isAnnotationPresent(Repeated.class);
      return given.stream()
          .flatMap(text -> commas ? Arrays.stream(text.split(",", -1)) : Stream.of(text))
          .map(text -> parse(name, element, component, text))
          .toList();
    }
    if (given.size() > 1) {
      throw new Refusal(
          ErrorCode.DUPLICATE_PARAMETER,
          "The query parameter '%s' may be given only once".formatted(name),
          Map.of("field", name));
    }
    return parse(name, component.getType(), component, given.getFirst());
  }

  private static Object parse(
      String name, Class<?> type, RecordComponent component, @Nullable String text) {
    if (text == null || text.isEmpty()) {
      throw Refusal.invalidField(name, "must not be empty");
    }
    if (type == Integer.class || type == Long.class) {
      Bounds bounds = Bounds.of(component);
      long number = Form.number(name, text, bounds.min(), bounds.max());
      return type == Integer.class ? (Object) Math.toIntExact(number) : (Object) number;
    }
    if (type == java.time.Instant.class) {
      return Form.time(name, text);
    }
    if (type == Boolean.class) {
      return bool(name, text);
    }
    String checked = Form.text(name, text);
    if (type == String.class) {
      return checked;
    }
    return type.isEnum() ? constant(name, type, checked) : convert(name, type, checked);
  }

  private static Boolean bool(String name, String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw Refusal.invalidField(name, "must be true or false");
    };
  }

  private static Object constant(String name, Class<?> type, String text) {
    var known = new LinkedHashMap<String, Object>();
    for (Object constant : type.getEnumConstants()) {
      known.put(((Enum<?>) constant).name().toLowerCase(Locale.ROOT), constant);
    }
    Object constant = known.get(text);
    if (constant == null) {
      throw Refusal.invalidField(name, "must be one of " + String.join(", ", known.keySet()));
    }
    return constant;
  }

  /** By the same creators that read the type from JSON. */
  private static Object convert(String name, Class<?> type, String text) {
    try {
      return WireJson.mapper().convertValue(text, type);
    } catch (RuntimeException e) {
      throw Form.refusalIn(e, name);
    }
  }

  private static Object construct(Class<?> type, @Nullable Object[] values) {
    Class<?>[] types =
        Arrays.stream(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    try {
      var constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Refusal refusal) {
        throw refusal;
      }
      throw new IllegalStateException(type + " cannot be made from a query string", e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " cannot be made from a query string", e);
    }
  }

  /** From {@code min} to {@code max}, both included, as {@link Min} and {@link Max} say. */
  public record Bounds(long min, long max) {
    public static Bounds of(RecordComponent component) {
      Min min = component.getAnnotatedType().getAnnotation(Min.class);
      Max max = component.getAnnotatedType().getAnnotation(Max.class);
      return new Bounds(min == null ? 0 : min.value(), max == null ? Long.MAX_VALUE : max.value());
    }
  }

  private record Nothing() implements FromQuery {}
}
