package dev.skreaver.api.event;

import dev.skreaver.api.event.Upcast.Form;
import dev.skreaver.api.json.WireJson;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.axonframework.eventhandling.GenericDomainEventEntry;
import org.axonframework.serialization.SerializedType;
import org.axonframework.serialization.SimpleSerializedType;
import org.axonframework.serialization.jackson3.Jackson3Serializer;
import org.axonframework.serialization.upcasting.event.EventUpcaster;
import org.axonframework.serialization.upcasting.event.EventUpcasterChain;
import org.axonframework.serialization.upcasting.event.InitialEventRepresentation;
import org.axonframework.serialization.upcasting.event.IntermediateEventRepresentation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * How events are written and read: JSON by {@link WireJson}, under the names and revisions of
 * {@link EventCatalog} instead of Java class names, through its upcasts on the way in.
 *
 * <p>A position holds one event for ever, whatever later releases make of it. So where an event is
 * shown, it is shown in its current form if that is one event, and as it was recorded if it was
 * split, dropped, or is not known yet; {@link #current} says what it means.
 */
public final class EventFormat extends Jackson3Serializer {
  private static final EventFormat INSTANCE = new EventFormat(EventCatalog.UPCASTS);

  private final EventUpcaster chain;
  private final Map<Form, List<Form>> current = new HashMap<>();

  /**
   * @param upcasts in the order of the revisions
   * @throws IllegalArgumentException if they do not lead to the forms of the catalog, in this order
   */
  public EventFormat(List<Upcast> upcasts) {
    super(Jackson3Serializer.builder().jsonMapperBuilderCustomizer(WireJson::configure));
    check(upcasts);
    chain = new EventUpcasterChain(upcasts);
    for (Upcast upcast : upcasts.reversed()) {
      current.put(
          upcast.from(),
          upcast.parts().stream().flatMap(part -> forms(part.form()).stream()).toList());
    }
  }

  /** Of this release. */
  public static EventFormat instance() {
    return INSTANCE;
  }

  /** Those of this release: see {@link #chain}. */
  public static EventUpcaster upcasters() {
    return INSTANCE.chain;
  }

  /** Brings events of older revisions to the current one, oldest first. */
  public EventUpcaster chain() {
    return chain;
  }

  private static void check(List<Upcast> upcasts) {
    var passed = new HashSet<Form>();
    for (Upcast upcast : upcasts) {
      if (!passed.add(upcast.from())) {
        throw new IllegalArgumentException("two upcasts of " + upcast.from());
      }
      for (Upcast.Part part : upcast.parts()) {
        if (passed.contains(part.form())) {
          throw new IllegalArgumentException(
              "the upcast of %s must stand before that of %s"
                  .formatted(upcast.from(), part.form()));
        }
      }
    }
    for (Upcast upcast : upcasts) {
      for (Upcast.Part part : upcast.parts()) {
        if (!passed.contains(part.form()) && !isCurrent(part.form())) {
          throw new IllegalArgumentException(
              "%s becomes %s, which this release does not have"
                  .formatted(upcast.from(), part.form()));
        }
      }
    }
  }

  private static boolean isCurrent(Form form) {
    return form.equals(Form.DROPPED)
        || Arrays.stream(EventCatalog.values())
            .anyMatch(entry -> form.equals(new Form(entry.wireName(), entry.revision())));
  }

  private List<Form> forms(Form recorded) {
    return current.getOrDefault(recorded, List.of(recorded));
  }

  /**
   * What a recorded event says in the words of this release: one event, several if it was split,
   * none if it was dropped.
   *
   * @throws UnknownEventException for a name or a revision that only a newer release knows
   */
  public List<CurrentEvent> current(RecordedEvent event) {
    var recorded = new Form(event.type(), event.revision());
    List<Shown> parts =
        event.data().isNull()
            ? forms(recorded).stream().map(form -> new Shown(form, event.data())).toList()
            : upcast(recorded, event.data());
    var meant = new ArrayList<CurrentEvent>(parts.size());
    for (Shown part : parts) {
      if (!part.form.equals(Form.DROPPED)) {
        EventCatalog type = entry(part.form);
        DomainEvent said =
            part.data.isNull() ? null : WireJson.mapper().treeToValue(part.data, type.type());
        meant.add(new CurrentEvent(type, said));
      }
    }
    return meant;
  }

  /**
   * A former name and all names under which events were recorded that now say, or say among other
   * things, what this name stands for.
   */
  public Set<String> recordedAs(String name) {
    var names = new LinkedHashSet<>(Set.of(name));
    current.forEach(
        (recorded, forms) -> {
          if (forms.stream().anyMatch(form -> form.name().equals(name))) {
            names.add(recorded.name());
          }
        });
    return names;
  }

  /** Every name under which an event of a known form is shown. */
  public List<String> names() {
    var names = new LinkedHashSet<String>();
    for (EventCatalog entry : EventCatalog.values()) {
      names.add(entry.wireName());
    }
    current.keySet().stream()
        .filter(recorded -> !isShownAsOne(recorded))
        .map(Form::name)
        .sorted()
        .forEach(names::add);
    return List.copyOf(names);
  }

  private boolean isShownAsOne(Form recorded) {
    List<Form> forms = forms(recorded);
    return forms.size() == 1 && !forms.getFirst().equals(Form.DROPPED);
  }

  /** An event's form and payload where it is shown. */
  record Shown(Form form, JsonNode data) {}

  Shown shown(Form recorded, JsonNode data) {
    if (!current.containsKey(recorded) || !isShownAsOne(recorded)) {
      return new Shown(recorded, data);
    }
    return data.isNull()
        ? new Shown(forms(recorded).getFirst(), data)
        : upcast(recorded, data).getFirst();
  }

  private List<Shown> upcast(Form recorded, JsonNode data) {
    if (!current.containsKey(recorded)) {
      return List.of(new Shown(recorded, data));
    }
    var entry =
        new GenericDomainEventEntry<JsonNode>(
            "",
            "",
            0,
            "",
            Instant.EPOCH,
            recorded.name(),
            String.valueOf(recorded.revision()),
            data,
            JsonNodeFactory.instance.objectNode());
    return chain
        .upcast(Stream.of(new InitialEventRepresentation(entry, this)))
        .map(EventFormat::shown)
        .toList();
  }

  private static Shown shown(IntermediateEventRepresentation event) {
    return new Shown(form(event.getType()), event.getData(JsonNode.class).getData());
  }

  private static Form form(SerializedType type) {
    String revision = type.getRevision();
    return new Form(type.getName(), revision == null ? 0 : Integer.parseInt(revision));
  }

  private static EventCatalog entry(Form form) {
    EventCatalog entry = EventCatalog.named(form.name());
    if (form.revision() > entry.revision()) {
      throw new UnknownEventException(
          "event '%s' has revision %d, this release reads up to %d: upgrade it"
              .formatted(form.name(), form.revision(), entry.revision()));
    }
    if (form.revision() < entry.revision()) {
      throw new IllegalStateException(
          "no upcast brings %s to revision %d".formatted(form, entry.revision()));
    }
    return entry;
  }

  /**
   * @throws UnknownEventException for a name or a revision that only a newer release knows
   */
  @Override
  public Class<?> classForType(SerializedType type) {
    if (SimpleSerializedType.emptyType().equals(type) || type.getName().contains("MetaData")) {
      return super.classForType(type);
    }
    Form form = form(type);
    return form.equals(Form.DROPPED) ? DroppedEvent.class : entry(form).type();
  }

  @Override
  public SerializedType typeForClass(@SuppressWarnings("rawtypes") Class type) {
    if (!DomainEvent.class.isAssignableFrom(type)) {
      return super.typeForClass(type);
    }
    EventCatalog entry = EventCatalog.of(type);
    return new SimpleSerializedType(entry.wireName(), String.valueOf(entry.revision()));
  }
}
