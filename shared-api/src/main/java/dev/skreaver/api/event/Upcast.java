package dev.skreaver.api.event;

import dev.skreaver.api.json.WireJson;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.axonframework.serialization.SimpleSerializedType;
import org.axonframework.serialization.upcasting.event.EventMultiUpcaster;
import org.axonframework.serialization.upcasting.event.IntermediateEventRepresentation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One step from a released form of an event to the form, or forms, that say the same later on. The
 * store is never changed: a step is taken whenever the event is read. Steps are registered in
 * {@link EventCatalog#UPCASTS}.
 *
 * <pre>{@code
 * Upcast.of("agent.paused", 1).to("agent.paused", 2, rename("why", "reason"), without("mood"))
 * Upcast.of("agent.error", 1).to("agent.error", 2, byDefault("recoverable", false))
 * Upcast.of("agent.halted", 1).to("agent.paused", 1)
 * Upcast.of("agent.crashed", 1)
 *     .split(part("agent.error", 2, without("reason")), part("agent.stopped", 1, without("error")))
 * Upcast.of("agent.blinked", 1).dropped()
 * }</pre>
 */
public final class Upcast extends EventMultiUpcaster {
  private final Form from;
  private final List<Part> parts;

  private Upcast(Form from, List<Part> parts) {
    this.from = from;
    this.parts = parts;
  }

  /** An event's name and revision. */
  record Form(String name, int revision) {
    /** What is left of an event that means nothing any more. */
    static final Form DROPPED = new Form("dropped", 1);

    SimpleSerializedType serializedType() {
      return new SimpleSerializedType(name, String.valueOf(revision));
    }

    @Override
    public String toString() {
      return "'%s' revision %d".formatted(name, revision);
    }
  }

  /** What becomes of the members of an event. */
  @FunctionalInterface
  public interface Change {
    void in(ObjectNode members);
  }

  /** One of the events that a former one becomes, made of a copy of its members. */
  public static final class Part {
    private final Form form;
    private final List<Change> changes;

    private Part(Form form, List<Change> changes) {
      this.form = form;
      this.changes = changes;
    }

    Form form() {
      return form;
    }

    private JsonNode of(JsonNode former) {
      ObjectNode members = former.asObject().deepCopy();
      changes.forEach(change -> change.in(members));
      return members;
    }
  }

  /** What a former event becomes. */
  public record Start(Form from) {
    /** The same event in another form: under another revision, or another name. */
    public Upcast to(String name, int revision, Change... changes) {
      return split(part(name, revision, changes));
    }

    /** Several events, which happened at the same position and version, in this order. */
    public Upcast split(Part... parts) {
      return new Upcast(from, List.of(parts));
    }

    /** Nothing: it counts among the agent's events and changes no agent. */
    public Upcast dropped() {
      return new Upcast(from, List.of(new Part(Form.DROPPED, List.of())));
    }
  }

  public static Start of(String name, int revision) {
    return new Start(new Form(name, revision));
  }

  public static Part part(String name, int revision, Change... changes) {
    return new Part(new Form(name, revision), List.of(changes));
  }

  /** The value of a member under another name. */
  public static Change rename(String member, String name) {
    return members -> {
      JsonNode value = members.remove(member);
      if (value != null) {
        members.set(name, value);
      }
    };
  }

  /** A member that was not there, or was null, gets this value. */
  public static Change byDefault(String member, Object value) {
    return members -> {
      if (!members.hasNonNull(member)) {
        members.set(member, WireJson.mapper().<JsonNode>valueToTree(value));
      }
    };
  }

  public static Change without(String... names) {
    return members -> members.remove(Arrays.asList(names));
  }

  Form from() {
    return from;
  }

  List<Part> parts() {
    return parts;
  }

  @Override
  protected boolean canUpcast(IntermediateEventRepresentation event) {
    return event.getType().equals(from.serializedType());
  }

  @Override
  protected Stream<IntermediateEventRepresentation> doUpcast(
      IntermediateEventRepresentation event) {
    return parts.stream()
        .map(part -> event.upcastPayload(part.form.serializedType(), JsonNode.class, part::of));
  }
}
