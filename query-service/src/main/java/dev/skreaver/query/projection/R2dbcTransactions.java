package dev.skreaver.query.projection;

import dev.skreaver.query.postgres.Session;
import io.r2dbc.spi.ConnectionFactory;
import java.util.ArrayList;
import java.util.List;
import org.axonframework.common.transaction.Transaction;
import org.axonframework.common.transaction.TransactionManager;
import org.jspecify.annotations.Nullable;

/**
 * Transactions of the read model for Axon's processors: what is written and how far it goes are
 * committed together. A transaction belongs to the thread that started it.
 */
final class R2dbcTransactions implements TransactionManager {
  private static final ThreadLocal<@Nullable Running> RUNNING = new ThreadLocal<>();

  private final ConnectionFactory readModel;

  R2dbcTransactions(ConnectionFactory readModel) {
    this.readModel = readModel;
  }

  @Override
  public Transaction startTransaction() {
    if (RUNNING.get() != null) {
      throw new IllegalStateException("a transaction is already running on this thread");
    }
    Session session = Session.open(readModel);
    try {
      session.begin();
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
    var started = new Running(session);
    RUNNING.set(started);
    return started;
  }

  /** The session of this thread's transaction. */
  Session session() {
    return current().session;
  }

  /** Runs when this thread's transaction has been committed, and only then. */
  void afterCommit(Runnable action) {
    current().afterCommit.add(action);
  }

  private Running current() {
    Running current = RUNNING.get();
    if (current == null) {
      throw new IllegalStateException("no transaction is running on this thread");
    }
    return current;
  }

  private static final class Running implements Transaction {
    private final Session session;
    private final List<Runnable> afterCommit = new ArrayList<>();

    private Running(Session session) {
      this.session = session;
    }

    @Override
    public void commit() {
      end(session::commit);
      afterCommit.forEach(Runnable::run);
    }

    /** Does nothing where a commit has failed before: the server has ended the transaction. */
    @Override
    public void rollback() {
      end(session::rollback);
    }

    private void end(Runnable how) {
      if (RUNNING.get() != this) {
        return;
      }
      RUNNING.remove();
      try (session) {
        how.run();
      }
    }
  }
}
