package dev.skreaver.command.archive;

/** Nothing was changed; the message says why and what to do. */
public final class ArchiveException extends RuntimeException {
  ArchiveException(String message) {
    super(message);
  }
}
