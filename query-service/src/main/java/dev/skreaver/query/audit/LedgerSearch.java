package dev.skreaver.query.audit;

import dev.skreaver.api.command.CommandOutcome;
import dev.skreaver.api.command.CommandQueries.Search;
import dev.skreaver.query.read.Where;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;

/**
 * A page of the commands without events. The event store keeps them for ever, so a page must cost
 * what it shows: one walk along an index, already in order, for each name and each outcome that is
 * asked for, between the first and the last place that can have what is asked for.
 *
 * <p>It is one statement, because pages rest on the order in which commands become visible: of two
 * statements, the second could see a command that hides an earlier one, which the first did not see
 * yet, behind the cursor of the next page.
 */
final class LedgerSearch {
  /** By the name alone, as the view has it, no index is known to be in order. */
  private static final String TENANT =
      "(SELECT t.tenant_id FROM event_store.tenant t WHERE t.name = :tenant)";

  /**
   * By the key's id of a name that is sealed ({@link dev.skreaver.api.personal.SealedText}), or by
   * a name from before names were sealed. The index has the beginning of either.
   */
  private static final String OF_ACTOR =
      """
      left(coalesce(nullif(split_part(subject, ':', 4), ''), subject), 64) = left(actor.subject, 64)
        AND coalesce(nullif(split_part(subject, ':', 4), ''), subject) = actor.subject\
      """;

  private static final Set<CommandOutcome> WITHOUT_EVENTS =
      Set.of(CommandOutcome.UNCHANGED, CommandOutcome.REFUSED, CommandOutcome.REPEATED);

  private LedgerSearch() {}

  /** What a page of either half of the ledger is filtered by: with events, and without. */
  static Where filters(Search query, long reached) {
    return new Where()
        .and("agent_id = :agent", "agent", query.agentId() == null ? null : query.agentId().value())
        .and("time >= :from", "from", query.from())
        .and("time < :before", "before", query.before())
        .and("position <= :reached", "reached", reached)
        .with("rows", query.limit() + 1);
  }

  /**
   * @param subjects under which the ledger may have the actor; null if any actor is meant
   * @param outcomes any of these
   */
  static GenericExecuteSpec rows(
      DatabaseClient eventStore,
      Search query,
      String @Nullable [] subjects,
      Set<CommandOutcome> outcomes,
      LedgerCursor after,
      long reached) {
    String @Nullable [] some =
        outcomes.containsAll(WITHOUT_EVENTS)
            ? null
            : outcomes.stream().map(CommandOutcome::wireName).toArray(String[]::new);
    // A later page begins where the one before it ended, which is no earlier.
    boolean since = query.from() != null && after.equals(LedgerCursor.START);
    boolean until = query.before() != null;
    var where =
        filters(query, reached)
            .and("tenant_id = " + TENANT, "tenant", query.tenant().value())
            .and(OF_ACTOR, "subjects", subjects)
            .and("outcome = one.outcome", "outcomes", some);
    if (!since) {
      where.with("position", after.position()).with("number", after.number());
    }
    return where.bind(
        eventStore.sql(
            """
            %sSELECT found.* FROM %s%sLATERAL (
              SELECT * FROM event_store.command_ledger
              WHERE %s AND (position, number) > %s%s
              ORDER BY position, number LIMIT :rows) AS found
            ORDER BY position, number LIMIT :rows
            """
                .formatted(
                    hours(since, until),
                    subjects == null ? "" : "unnest(:subjects) AS actor (subject), ",
                    some == null ? "" : "unnest(:outcomes) AS one (outcome), ",
                    where.sql(),
                    // One bound and no second one beside it: a walk begins at one of them only.
                    since ? "((SELECT min(position) FROM since), 0)" : "(:position, :number)",
                    until ? " AND position <= (SELECT max(position) FROM until)" : "")));
  }

  private static String hours(boolean since, boolean until) {
    if (!since && !until) {
      return "";
    }
    return "WITH RECURSIVE "
        + (since ? hours("since", ">", ":from", "") : "")
        + (since && until ? ", " : "")
        + (until ? hours("until", "<", ":before", "DESC") : "");
  }

  /**
   * Clocks differ and jump, so that no row's time tells of the rows before or behind it. The least
   * of the first positions of all hours since a time is right nevertheless, and so is the greatest
   * of the last positions of all hours until then. Each hour is one look-up.
   */
  private static String hours(String name, String beyond, String time, String order) {
    return """
    %1$s AS (
      (SELECT %2$s AS hour, position FROM event_store.command_ledger
        WHERE tenant_id = %3$s AND %2$s %4$s= %5$s
        ORDER BY 1 %6$s, 2 %6$s LIMIT 1)
      UNION ALL
      SELECT next.hour, next.position FROM %1$s CROSS JOIN LATERAL (
        SELECT %2$s AS hour, position FROM event_store.command_ledger
        WHERE tenant_id = %3$s AND %2$s %4$s %1$s.hour
        ORDER BY 1 %6$s, 2 %6$s LIMIT 1) AS next)
    """
        .formatted(name, hour("time"), TENANT, beyond, hour(time), order);
  }

  private static String hour(String time) {
    return "date_bin('1 hour', " + time + ", timestamptz '2000-01-01T00:00Z')";
  }
}
