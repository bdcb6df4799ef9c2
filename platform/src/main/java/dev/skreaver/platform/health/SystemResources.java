package dev.skreaver.platform.health;

import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Degraded before memory or disk run out. */
final class SystemResources implements ReadinessCheck {
  private static final double DEGRADED_ABOVE = 0.95;

  @Override
  public String name() {
    return "system_resources";
  }

  @Override
  public Mono<Finding> check() {
    return Mono.fromCallable(SystemResources::look).subscribeOn(Schedulers.boundedElastic());
  }

  private static Finding look() {
    double memory = Machine.memoryUsedBytes() / Machine.memoryTotalBytes();
    double disk = Machine.diskUsedBytes() / Machine.diskTotalBytes();
    Finding finding =
        memory > DEGRADED_ABOVE
            ? Finding.degraded("less than 5 % of the memory is left")
            : disk > DEGRADED_ABOVE
                ? Finding.degraded("less than 5 % of the disk is left")
                : Finding.healthy();
    return finding
        .with("memory_percent", Math.round(memory * 100))
        .with("disk_percent", Math.round(disk * 100));
  }
}
