package dev.skreaver.command.audit;

import dev.skreaver.api.audit.AuditCheck;
import dev.skreaver.api.audit.Checkpoint;
import dev.skreaver.api.audit.CheckpointHead;
import dev.skreaver.api.audit.LogEntry;
import dev.skreaver.api.audit.MerkleTree;
import dev.skreaver.api.audit.NoteKey;
import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.api.audit.Verification.Fault;
import dev.skreaver.command.store.StoreFailure;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Seals committed events in order of position: extends the tree by them and signs its state, into
 * the database and then onto the anchor. Among all instances of the command service one does so,
 * the others stand by and look every second whether it is gone.
 *
 * <p>It goes on where the last checkpoint ends, and only if that is one of a key that it trusts and
 * the anchor holds no later one: it never continues a history that was written anew.
 */
final class Sealer implements SmartLifecycle {
  private static final Logger log = LoggerFactory.getLogger(Sealer.class);
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final Duration REFUSED = Duration.ofSeconds(10);

  private final DataSource source;
  private final NoteSigner signer;
  private final List<NoteKey> keys;
  private final @Nullable Anchor anchor;
  private final Duration interval;
  private final int batch;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread;

  private volatile Status status = new Status(false, 0, 0);
  private volatile boolean refused;
  private String failure = "";

  /**
   * @param source makes connections that live until they are closed, outside of any pool
   */
  Sealer(DataSource source, NoteSigner signer, AuditSettings settings) {
    this.source = source;
    this.signer = signer;
    this.keys = settings.keys();
    this.anchor = settings.anchor();
    this.interval = settings.interval();
    this.batch = settings.batch();
    this.thread = Thread.ofPlatform().name("audit-sealer").daemon().unstarted(this::run);
  }

  @Override
  public void start() {
    thread.start();
  }

  @Override
  public boolean isRunning() {
    return thread.isAlive();
  }

  Status status() {
    return status;
  }

  /** Whether the history in the store is not the one that was sealed, or is none to be sealed. */
  boolean refused() {
    return refused;
  }

  /** Stops after the checkpoint that is being written, and gives the leadership up. */
  @Override
  public void stop() {
    stopped.countDown();
    try {
      thread.join(POLL.multipliedBy(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (running()) {
      Duration pause = POLL;
      try (var store = new SealLog(source)) {
        while (running() && !store.lead()) {
          pause(POLL);
        }
        if (running()) {
          seal(store);
        }
      } catch (Refused e) {
        refused = true;
        failed("Nothing is sealed any more, see docs/adr/0018: " + e.getMessage());
        pause = REFUSED;
      } catch (SQLException e) {
        boolean stuck = StoreFailure.isOfTheStatement(e);
        if (stuck) {
          refused = true;
          pause = REFUSED;
        }
        failed(
            (stuck ? "Nothing can be sealed" : "The sealer has no event store")
                + ", will try again: "
                + e.getMessage());
      } catch (IOException e) {
        failed("Checkpoints cannot be anchored, will try again: " + e);
      } catch (RuntimeException e) {
        refused = true;
        log.error("The sealer failed, will start again", e);
      }
      status = new Status(false, status.size(), status.position());
      pause(pause);
    }
  }

  private void failed(String message) {
    if (!message.equals(failure)) {
      log.error(message);
    }
    failure = message;
  }

  /** Returns when stopped. */
  private void seal(SealLog store) throws SQLException, IOException, Refused {
    Checkpoint last = store.last();
    trust(store, last);
    MerkleTree tree =
        last == null ? new MerkleTree() : new MerkleTree(last.size(), last.frontier());
    long position = last == null ? 0 : last.position();
    log.info("This instance seals events from now on, behind position {}", position);
    while (running()) {
      status = new Status(true, tree.size(), position);
      List<LogEntry> entries = store.after(position, batch);
      if (!entries.isEmpty()) {
        anchor(add(store, tree, entries));
        position = entries.getLast().position();
      }
      refused = false;
      failure = "";
      if (entries.size() < batch) {
        pause(interval);
      }
    }
  }

  private CheckpointHead add(SealLog store, MerkleTree tree, List<LogEntry> entries)
      throws SQLException {
    long previous = tree.size();
    entries.forEach(tree::append);
    var checkpoint =
        new Checkpoint(
            tree.size(),
            previous,
            entries.getLast().position(),
            tree.frontier(),
            LogEntry.write(entries),
            signer.sign(tree),
            Instant.now().truncatedTo(ChronoUnit.MICROS));
    store.add(checkpoint, entries.getFirst().position(), tree.root());
    return checkpoint.head();
  }

  private void anchor(CheckpointHead checkpoint) throws IOException {
    if (anchor != null) {
      anchor.append(checkpoint);
    }
  }

  /** Whether this is the history to go on with. The anchor gets what a crash kept from it. */
  private void trust(SealLog store, @Nullable Checkpoint last)
      throws SQLException, IOException, Refused {
    if (last != null) {
      refuse(new AuditCheck(keys, last, store.frontierBefore(last)).soFar().fault());
    }
    CheckpointHead anchored = anchor == null ? null : anchor.last();
    if (anchored != null) {
      CheckpointHead stored = store.over(anchored.size());
      refuse(AuditCheck.compare(anchored, stored, last == null ? 0 : last.position(), keys));
    }
    if (last != null && (anchored == null || anchored.size() < last.size())) {
      anchor(last.head());
    }
  }

  private static void refuse(@Nullable Fault fault) throws Refused {
    if (fault != null) {
      throw new Refused("%s: %s".formatted(fault.kind().wireName(), fault.message()));
    }
  }

  private boolean running() {
    return stopped.getCount() > 0;
  }

  private void pause(Duration time) {
    try {
      stopped.await(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped.countDown();
    }
  }

  /** What is stored is not what was sealed. */
  private static final class Refused extends Exception {
    Refused(String message) {
      super(message, null, false, false);
    }
  }

  /**
   * @param sealing whether this instance is the one that seals
   * @param size how many events were sealed when it last looked
   * @param position of the last of them
   */
  record Status(boolean sealing, long size, long position) {}
}
