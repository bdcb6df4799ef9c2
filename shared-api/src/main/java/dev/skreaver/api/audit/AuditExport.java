package dev.skreaver.api.audit;

import dev.skreaver.api.audit.Verification.Fault;
import dev.skreaver.api.audit.Verification.Kind;
import dev.skreaver.api.json.WireJson;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * An export of the event store in NDJSON, plain or gzip, in one file or several: a line with a
 * {@link Header}, and then, in order of position, a line for each {@link Checkpoint} and for each
 * {@link StoredEvent}. A file of events alone, as an archived partition is, may stand beside it.
 */
public final class AuditExport {
  /** What {@link Header#format} says. */
  public static final String FORMAT = "skreaver-audit";

  /** What this release writes and reads. */
  public static final int REVISION = 1;

  private static final String HEADER = "{\"format\"";
  private static final String CHECKPOINT = "{\"size\"";

  private final List<Path> files;
  private final @Nullable Header header;

  private AuditExport(List<Path> files, @Nullable Header header) {
    this.files = files;
    this.header = header;
  }

  /**
   * The first line.
   *
   * @param format {@link #FORMAT}
   * @param revision of the format: {@link #REVISION}
   * @param start what the export follows; null if it begins with the first event
   * @param frontierBefore of the tree that the start goes on from, which proves its position; null
   *     if there is no start, and in exports of former releases
   * @param to the last position that was to be exported
   * @param whole whether that was the store's last
   * @param head the last checkpoint that is in it; null if none is
   * @param key that signs the checkpoints. It proves nothing by itself: compare it with the one you
   *     know
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Header(
      String format,
      int revision,
      @Nullable Checkpoint start,
      byte @Nullable [] frontierBefore,
      long to,
      boolean whole,
      @Nullable CheckpointHead head,
      List<String> key,
      Instant time) {}

  /**
   * @throws IOException if a file cannot be read, or two of them begin an export
   */
  public static AuditExport of(List<Path> files) throws IOException {
    var headers = new ArrayList<Header>();
    for (Path file : files) {
      try (var lines = reader(file)) {
        String first = lines.readLine();
        if (first != null && first.startsWith(HEADER)) {
          Header header = WireJson.mapper().readValue(first, Header.class);
          if (!FORMAT.equals(header.format()) || header.revision() != REVISION) {
            throw new IOException(
                "%s is of format %s, revision %d; this release reads %s, revision %d"
                    .formatted(file, header.format(), header.revision(), FORMAT, REVISION));
          }
          if (header.key() == null) {
            throw new IOException(file + " does not begin as an export does: it names no key");
          }
          headers.add(header);
        }
      } catch (JacksonException e) {
        throw new IOException(file + " does not begin as an export does", e);
      }
    }
    if (headers.size() > 1) {
      throw new IOException("more than one of the files begins an export: check each by itself");
    }
    return new AuditExport(List.copyOf(files), headers.isEmpty() ? null : headers.getFirst());
  }

  /** The keys that the export itself names. */
  public List<NoteKey> keys() {
    return header == null ? List.of() : header.key().stream().map(NoteKey::parse).toList();
  }

  /**
   * @param anchor checkpoints that were kept elsewhere, a line each, or as they were handed out;
   *     null if there is none
   * @throws IOException if a file cannot be read, or the anchor holds no checkpoint
   */
  public Verification verify(Collection<NoteKey> keys, @Nullable Path anchor) throws IOException {
    AuditCheck check = check(keys);
    try (var checkpoints = new Lines<>(files, l -> l.startsWith(CHECKPOINT), Checkpoint.class);
        var events = new Lines<>(files, AuditExport::isEvent, StoredEvent.class)) {
      if (header == null && !checkpoints.hasNext() && !events.hasNext()) {
        throw new IOException("there is no export in " + files);
      }
      Verification found = check.run(checkpoints, events, () -> false);
      return found.with(cutShort(found)).with(anchor == null ? null : compare(anchor, found, keys));
    } catch (InvalidLine e) {
      Verification found = check.soFar();
      return found.with(
          new Fault(found.to() + 1, Kind.LINE_INVALID, String.valueOf(e.getMessage())));
    } catch (UncheckedIOException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private AuditCheck check(Collection<NoteKey> keys) {
    return header == null || header.start() == null
        ? new AuditCheck(keys, 0)
        : new AuditCheck(keys, header.start(), header.frontierBefore());
  }

  private static boolean isEvent(String line) {
    return !line.startsWith(CHECKPOINT) && !line.startsWith(HEADER);
  }

  private @Nullable Fault cutShort(Verification found) {
    CheckpointHead head = header == null ? null : header.head();
    return head == null || found.sealedThrough() >= head.position()
        ? null
        : new Fault(
            found.to() + 1,
            Kind.CHECKPOINT_MISSING,
            "the export was to hold the checkpoint over %d events, and ends before it"
                .formatted(head.size()));
  }

  /** Each anchored checkpoint must be here, but for those before the export and after its range. */
  private @Nullable Fault compare(Path anchor, Verification found, Collection<NoteKey> keys)
      throws IOException {
    boolean whole = header == null || header.whole();
    try (var anchored = new KeptCheckpoints(anchor);
        var checkpoints = new Lines<>(files, l -> l.startsWith(CHECKPOINT), Checkpoint.class)) {
      Checkpoint here = null;
      while (anchored.hasNext()) {
        CheckpointHead there = anchored.next();
        while ((here == null || here.size() < there.size()) && checkpoints.hasNext()) {
          here = checkpoints.next();
        }
        if (there.position() < found.from()) {
          continue;
        }
        boolean same = here != null && here.size() == there.size();
        if (!same && !whole && there.position() > found.to()) {
          return null;
        }
        Fault fault =
            AuditCheck.compare(
                there, same && here != null ? here.head() : null, found.sealedThrough(), keys);
        if (fault != null) {
          return fault;
        }
      }
      return null;
    } catch (InvalidLine e) {
      return new Fault(found.to() + 1, Kind.ANCHOR_INVALID, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Up to where an anchor goes on behind an export that says of itself that it is a range. No key
   * has signed what it says of itself.
   *
   * @throws IOException if the anchor cannot be read
   */
  public OptionalLong anchoredBehind(Verification found, Path anchor) throws IOException {
    if (header == null || header.whole()) {
      return OptionalLong.empty();
    }
    try (var anchored = new KeptCheckpoints(anchor)) {
      long last = 0;
      while (anchored.hasNext()) {
        last = Math.max(last, anchored.next().position());
      }
      return last > found.to() ? OptionalLong.of(last) : OptionalLong.empty();
    } catch (UncheckedIOException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  static BufferedReader reader(Path file) throws IOException {
    InputStream bytes = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    try {
      bytes.mark(2);
      boolean gzip = bytes.read() == 0x1f && bytes.read() == 0x8b;
      bytes.reset();
      return new BufferedReader(
          new InputStreamReader(
              gzip ? new GZIPInputStream(bytes, 1 << 16) : bytes, StandardCharsets.UTF_8));
    } catch (IOException e) {
      bytes.close();
      throw e;
    }
  }

  /** The lines of one kind, file by file. */
  private static final class Lines<T> implements Iterator<T>, AutoCloseable {
    private final Deque<Path> files;
    private final Predicate<String> wanted;
    private final Class<T> type;
    private @Nullable BufferedReader reader;
    private @Nullable Path file;
    private long number;
    private @Nullable T next;

    Lines(List<Path> files, Predicate<String> wanted, Class<T> type) {
      this.files = new ArrayDeque<>(files);
      this.wanted = wanted;
      this.type = type;
    }

    @Override
    public boolean hasNext() {
      if (next == null) {
        next = read();
      }
      return next != null;
    }

    @Override
    public T next() {
      if (!hasNext() || next == null) {
        throw new NoSuchElementException();
      }
      T line = next;
      next = null;
      return line;
    }

    private @Nullable T read() {
      try {
        while (reader != null || !files.isEmpty()) {
          if (reader == null) {
            file = files.pop();
            reader = reader(file);
            number = 0;
          }
          String line = reader.readLine();
          number++;
          if (line == null) {
            close();
          } else if (!line.isBlank() && wanted.test(line)) {
            return WireJson.mapper().readValue(line, type);
          }
        }
        return null;
      } catch (JacksonException e) {
        throw new InvalidLine(
            "line %d of %s is no %s".formatted(number, file, type.getSimpleName()));
      } catch (IOException e) {
        throw new UncheckedIOException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
      }
    }

    @Override
    public void close() throws IOException {
      if (reader != null) {
        reader.close();
        reader = null;
      }
    }
  }

  static final class InvalidLine extends RuntimeException {
    InvalidLine(String message) {
      super(message, null, false, false);
    }
  }
}
