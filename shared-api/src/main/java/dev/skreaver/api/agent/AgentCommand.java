package dev.skreaver.api.agent;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Map;
import org.axonframework.modelling.command.TargetAggregateIdentifier;
import org.jspecify.annotations.Nullable;

/** Everything that can be asked of an agent's aggregate. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "command")
@JsonSubTypes({
  @JsonSubTypes.Type(value = AgentCommand.Create.class, name = "create"),
  @JsonSubTypes.Type(value = AgentCommand.Update.class, name = "update"),
  @JsonSubTypes.Type(value = AgentCommand.Pause.class, name = "pause"),
  @JsonSubTypes.Type(value = AgentCommand.Resume.class, name = "resume"),
  @JsonSubTypes.Type(value = AgentCommand.Stop.class, name = "stop"),
  @JsonSubTypes.Type(value = AgentCommand.ReportError.class, name = "report_error"),
  @JsonSubTypes.Type(value = AgentCommand.Recover.class, name = "recover"),
  @JsonSubTypes.Type(value = AgentCommand.Delete.class, name = "delete"),
})
public sealed interface AgentCommand {
  AgentKey agent();

  /** The name on the wire, for example {@code report_error}. */
  default String wireName() {
    return switch (this) {
      case Create create -> "create";
      case Update update -> "update";
      case Pause pause -> "pause";
      case Resume resume -> "resume";
      case Stop stop -> "stop";
      case ReportError reportError -> "report_error";
      case Recover recover -> "recover";
      case Delete delete -> "delete";
    };
  }

  /** The spec is checked against the rules of its type before anything happens. */
  record Create(@TargetAggregateIdentifier AgentKey agent, AgentSpec spec)
      implements AgentCommand {}

  /**
   * Merges into name, labels and config (RFC 7396): an absent member stays, a null removes.
   *
   * @param changes members {@code name}, {@code labels}, {@code config}
   */
  record Update(@TargetAggregateIdentifier AgentKey agent, Map<String, @Nullable Object> changes)
      implements AgentCommand {}

  record Pause(@TargetAggregateIdentifier AgentKey agent, String reason) implements AgentCommand {}

  record Resume(@TargetAggregateIdentifier AgentKey agent) implements AgentCommand {}

  record Stop(@TargetAggregateIdentifier AgentKey agent, String reason) implements AgentCommand {}

  /** Reported by whoever runs the agent. */
  record ReportError(@TargetAggregateIdentifier AgentKey agent, String error, boolean recoverable)
      implements AgentCommand {}

  /** Leaves a recoverable error behind. */
  record Recover(@TargetAggregateIdentifier AgentKey agent) implements AgentCommand {}

  record Delete(@TargetAggregateIdentifier AgentKey agent) implements AgentCommand {}
}
