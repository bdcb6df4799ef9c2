package dev.skreaver.gateway.hardening;

import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * Lets Netty's allocator wait for the short locks that its arenas share. To call that blocking
 * would end one connection or another of a test at random, whenever two event loops allocate at
 * once.
 */
public final class NettyAllocation implements BlockHoundIntegration {
  @Override
  public void applyTo(BlockHound.Builder builder) {
    builder.allowBlockingCallsInside("io.netty.buffer.AdaptivePoolingAllocator", "allocate");
  }
}
