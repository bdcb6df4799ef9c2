package dev.skreaver.command.audit;

import dev.skreaver.api.audit.Verification;
import dev.skreaver.api.audit.Verification.Fault;
import dev.skreaver.api.audit.Verification.Kind;
import dev.skreaver.api.error.Refusal;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies the store all the time, on the instance that seals: each minute what is new, and
 * everything again once a day, at leisure.
 */
final class AuditWatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AuditWatch.class);
  private static final Duration PERIOD = Duration.ofMinutes(1);
  private static final Duration AGAIN = Duration.ofDays(1);

  private final Sealer sealer;
  private final Auditor auditor;
  private final Duration again;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("audit-watch").factory());

  private volatile Found found = new Found(true, 0);
  private long begun = System.nanoTime();
  private long next = 1;

  /** Where the check of everything goes on; 0 while none is under way. */
  private long everythingFrom;

  /** Whether nothing was found since that began. */
  private boolean everythingIntact;

  private boolean intact = true;
  private String said = "";

  AuditWatch(Sealer sealer, Auditor auditor) {
    this(sealer, auditor, AGAIN);
  }

  /**
   * @param again how long after the last time everything is verified again
   */
  AuditWatch(Sealer sealer, Auditor auditor, Duration again) {
    this.sealer = sealer;
    this.auditor = auditor;
    this.again = again;
  }

  AuditWatch started() {
    ScheduledFuture<?> _ =
        clock.scheduleWithFixedDelay(
            this::look, PERIOD.toSeconds(), PERIOD.toSeconds(), TimeUnit.SECONDS);
    return this;
  }

  Found found() {
    return sealer.refused() ? new Found(false, found.position()) : found;
  }

  void look() {
    if (!sealer.status().sealing()) {
      return;
    }
    try {
      boolean more;
      do {
        more = lookAtWhatIsNew();
        more |= lookAtEverything();
      } while (more && running());
    } catch (Refusal away) {
      log.warn("The event store could not be verified: {}", away.getMessage());
    } catch (RuntimeException e) {
      notIntact(
          found.position(),
          "The event store is there and cannot be verified, which counts as not intact: " + e);
      if (everythingFrom == 0) {
        beginEverything();
      }
    }
  }

  /**
   * A part of it, for the check of everything shall not wait for its end, nor it for that one's.
   *
   * @return whether there is more
   */
  private boolean lookAtWhatIsNew() {
    Verification seen = auditor.verifyAtLeisure(next);
    if (seen.fault() != null) {
      tell(seen.fault());
      long before = next;
      next = behind(seen, before);
      return next > before;
    }
    next = seen.sealedThrough() + 1;
    if (intact) {
      found = new Found(true, seen.to());
    }
    return seen.next() != null;
  }

  /** Nobody can bring a key back, and what follows must be looked at all the same. */
  private static long behind(Verification seen, long from) {
    return seen.fault() != null && seen.fault().kind() == Kind.KEY_DESTROYED
        ? Math.max(from, seen.sealedThrough() + 1)
        : from;
  }

  private boolean lookAtEverything() {
    if (everythingFrom == 0) {
      if (System.nanoTime() - begun < again.toNanos()) {
        return false;
      }
      beginEverything();
    }
    Verification seen = auditor.verifyAtLeisure(everythingFrom);
    if (seen.fault() != null) {
      tell(seen.fault());
      everythingIntact = false;
      long behind = behind(seen, everythingFrom);
      everythingFrom = behind > everythingFrom ? behind : 0;
    } else if (seen.next() != null) {
      everythingFrom = seen.sealedThrough() + 1;
    } else {
      if (everythingIntact) {
        intact = true;
        found = new Found(true, seen.to());
      }
      everythingFrom = 0;
    }
    return everythingFrom > 0;
  }

  private void beginEverything() {
    begun = System.nanoTime();
    everythingFrom = 1;
    everythingIntact = true;
  }

  private boolean running() {
    return !clock.isShutdown() && sealer.status().sealing();
  }

  private void tell(Fault fault) {
    notIntact(
        fault.position() - 1,
        "The event store is not intact from position %d on: %s, %s"
            .formatted(fault.position(), fault.kind().wireName(), fault.message()));
  }

  private void notIntact(long position, String message) {
    intact = false;
    found = new Found(false, position);
    if (!message.equals(said)) {
      log.error(message);
    }
    said = message;
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }

  /**
   * @param intact whether no fault is known
   * @param position all events up to here were verified last
   */
  record Found(boolean intact, long position) {}
}
