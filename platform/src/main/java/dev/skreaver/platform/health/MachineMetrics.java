package dev.skreaver.platform.health;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.DoubleSupplier;

/** The figures of the machine under the names that the operators' queries and alerts use. */
final class MachineMetrics implements MeterBinder {
  @Override
  public void bindTo(MeterRegistry registry) {
    gauge(registry, "skreaver.up", "1 while the process serves", () -> 1);
    gauge(
        registry,
        "skreaver.cpu.usage.percent",
        "this process's share of all processors, 0 to 100",
        Machine::cpuPercent);
    gauge(registry, "skreaver.memory.usage.bytes", "resident memory", Machine::memoryUsedBytes);
    gauge(
        registry,
        "skreaver.memory.total.bytes",
        "the memory limit of the container or the machine",
        Machine::memoryTotalBytes);
    gauge(
        registry,
        "skreaver.disk.usage.bytes",
        "used on the disk of the working folder",
        Machine::diskUsedBytes);
    gauge(
        registry,
        "skreaver.disk.total.bytes",
        "size of the disk of the working folder",
        Machine::diskTotalBytes);
  }

  private static void gauge(
      MeterRegistry registry, String name, String description, DoubleSupplier value) {
    Gauge.builder(name, value::getAsDouble).description(description).register(registry);
  }
}
