package dev.skreaver.platform.health;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the system gives this process, and how much of it is in use. Its methods may block. */
final class Machine {
  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private static final Path STATUS = Path.of("/proc/self/status");

  private Machine() {}

  /** Resident memory; what the JVM has taken where the system does not say. */
  static double memoryUsedBytes() {
    if (Files.isReadable(STATUS)) {
      try (var lines = Files.lines(STATUS)) {
        return lines
            .filter(line -> line.startsWith("VmRSS:"))
            .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) * 1024)
            .findFirst()
            .orElseGet(Machine::memoryOfJvm);
      } catch (IOException | UncheckedIOException unreadable) {
        return memoryOfJvm();
      }
    }
    return memoryOfJvm();
  }

  private static double memoryOfJvm() {
    var memory = ManagementFactory.getMemoryMXBean();
    return (double) memory.getHeapMemoryUsage().getCommitted()
        + memory.getNonHeapMemoryUsage().getCommitted();
  }

  /** The container's limit, or the machine's memory without one. */
  static double memoryTotalBytes() {
    return SYSTEM.getTotalMemorySize();
  }

  /** This process's share of all processors, 0 to 100. */
  static double cpuPercent() {
    return Math.clamp(SYSTEM.getProcessCpuLoad() * 100, 0, 100);
  }

  static double diskTotalBytes() {
    try {
      return disk().getTotalSpace();
    } catch (IOException unreadable) {
      return Double.NaN;
    }
  }

  /** What is not left for this process. */
  static double diskUsedBytes() {
    try {
      FileStore disk = disk();
      return (double) disk.getTotalSpace() - disk.getUsableSpace();
    } catch (IOException unreadable) {
      return Double.NaN;
    }
  }

  private static FileStore disk() throws IOException {
    return Files.getFileStore(Path.of("").toAbsolutePath());
  }
}
