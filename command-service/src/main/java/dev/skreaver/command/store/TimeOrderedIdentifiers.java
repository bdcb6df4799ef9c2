package dev.skreaver.command.store;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.axonframework.common.IdentifierFactory;

/**
 * Gives Axon's messages identifiers of UUID version 7 (RFC 9562): milliseconds, then their fraction
 * in 12 bits, then chance. Found by Axon as a service.
 */
public final class TimeOrderedIdentifiers extends IdentifierFactory {
  @Override
  public String generateIdentifier() {
    return next().toString();
  }

  /** A new identifier. */
  public static UUID next() {
    return at(Instant.now());
  }

  /** Unique whatever the clock says: chance alone, 62 bits of it, keeps two apart. */
  static UUID at(Instant time) {
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, time);
    long millis = micros / 1000;
    long fraction = (micros % 1000) * 4096 / 1000;
    return new UUID(
        (millis << 16) | 0x7000L | fraction,
        (ThreadLocalRandom.current().nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L);
  }
}
