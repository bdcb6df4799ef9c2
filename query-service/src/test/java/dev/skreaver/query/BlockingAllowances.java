package dev.skreaver.query;

import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/** What BlockHound lets pass: drawing a nonce from the kernel while a connection is opened. */
public final class BlockingAllowances implements BlockHoundIntegration {
  @Override
  public void applyTo(BlockHound.Builder builder) {
    builder.allowBlockingCallsInside(
        "io.r2dbc.postgresql.authentication.SASLAuthenticationHandler", "handle");
  }
}
