package dev.skreaver.query;

import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * What BlockHound lets pass: drawing a nonce from the kernel while a connection is opened, and the
 * short locks of Netty's allocator. To call those blocking would end a connection at random, and
 * the driver leaves one that ends so open, whenever two event loops allocate at once.
 */
public final class BlockingAllowances implements BlockHoundIntegration {
  @Override
  public void applyTo(BlockHound.Builder builder) {
    builder
        .allowBlockingCallsInside(
            "io.r2dbc.postgresql.authentication.SASLAuthenticationHandler", "handle")
        .allowBlockingCallsInside("io.netty.buffer.AdaptivePoolingAllocator", "allocate");
  }
}
