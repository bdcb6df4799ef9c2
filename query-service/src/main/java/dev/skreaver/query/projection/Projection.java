package dev.skreaver.query.projection;

import io.r2dbc.spi.Connection;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * One read model, as a fold of events into row changes and nothing else: it neither reads the clock
 * nor calls a service. Every bean of this type is run.
 *
 * <p>A batch holds events of one segment in their order: the events of one agent are always in the
 * same segment. The rows of a batch and the position reached are committed together.
 *
 * @param <B> row changes collected from a batch of events
 */
public interface Projection<B> {
  /** Lower case, fit for a table name and a URL; never changed once released. */
  String name();

  /**
   * What its tables are and what it writes into them. A release that changes either counts it up:
   * its read model is then built beside that of the older release, which goes on serving and
   * projecting its own until nobody uses it any more.
   */
  default int version() {
    return 1;
  }

  /**
   * The tables it writes. For each table {@code t} a migration creates {@code
   * read_model.t_template}; every generation gets its own copy, and the view {@code read_model.t}
   * shows the one that serves. From version 2 on they are {@code t_v2_template} and {@code t_v2}.
   */
  List<String> tables();

  /** How many parts of the agents are handled in parallel; a power of two. */
  int segments();

  FailurePolicy onFailure();

  B newBatch();

  /**
   * Adds what the event changes to the batch. When it throws, the batch is thrown away: what it
   * added before throwing does no harm.
   */
  void apply(B batch, ProjectedEvent event);

  /**
   * Writes the collected changes, with one statement per table. Rows are guarded by position: a
   * change that is already there is not made again. Begins and ends no transaction.
   *
   * <p>All statements are sent when it is subscribed to, and the commit follows without waiting:
   * what must not be committed is to be refused by the server, as {@code read_model.refuse} does.
   *
   * @param tables the names of the generation that is written
   */
  Mono<Void> write(Connection connection, Tables tables, B batch);
}
