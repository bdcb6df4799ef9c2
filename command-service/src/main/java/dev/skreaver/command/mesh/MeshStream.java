package dev.skreaver.command.mesh;

import dev.skreaver.api.event.EventMesh;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.platform.mesh.MeshConnection;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.StreamMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * The stream in Redis as the relay writes it. Every write first compares the stream's last id with
 * what the relay believes, in one atomic step, so that a Redis that was wiped or went back in time
 * between two writes never gets a hole.
 */
final class MeshStream {
  /** The last id of no stream at all. */
  static final String NONE = "";

  private static final int BYTES_PER_WRITE = 1 << 20;
  private static final String LAST_ID =
      """
      local function last_id(key)
        if redis.call('EXISTS', key) == 0 then return '' end
        local info = redis.call('XINFO', 'STREAM', key)
        for i = 1, #info, 2 do
          if info[i] == 'last-generated-id' then return info[i + 1] end
        end
      end
      """;
  private static final String READ_LAST_ID = LAST_ID + "return last_id(KEYS[1])";
  private static final String APPEND =
      LAST_ID
          + """
          local last = last_id(KEYS[1])
          if last ~= ARGV[1] then return last end
          for i = 4, #ARGV, 2 do
            last = redis.call(
              'XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], ARGV[i], ARGV[3], ARGV[i + 1])
          end
          return last
          """;
  private static final String DELETE =
      LAST_ID
          + """
          local last = last_id(KEYS[1])
          if last ~= ARGV[1] then return last end
          redis.call('DEL', KEYS[1])
          return ''
          """;

  private final MeshConnection connection;
  private final int maxLength;

  MeshStream(MeshConnection connection, int maxLength) {
    this.connection = connection;
    this.maxLength = maxLength;
  }

  /** The id that was written last, whether or not its entry is still there; or {@link #NONE}. */
  String lastId() {
    return run(READ_LAST_ID);
  }

  /** The last entry that is still there. */
  @Nullable Entry lastEntry() {
    List<StreamMessage<String, byte[]>> entries =
        connection.commands().xrevrange(EventMesh.STREAM, Range.unbounded(), Limit.from(1));
    return entries.isEmpty() ? null : Entry.of(entries.getFirst());
  }

  /**
   * Writes the events behind the entry {@code expected}, if that is the stream's last.
   *
   * @return the stream's last id: that of the last event if all were written, or {@code expected}
   *     if there were none; any other means that the stream was not as expected
   */
  String append(String expected, List<RecordedEvent> events) {
    String last = expected;
    int next = 0;
    do {
      var arguments = new ArrayList<byte[]>();
      arguments.add(bytes(last));
      arguments.add(bytes(String.valueOf(maxLength)));
      arguments.add(bytes(EventMesh.FIELD));
      String written = last;
      for (int size = 0; next < events.size() && size < BYTES_PER_WRITE; next++) {
        byte[] entry = EventMesh.write(events.get(next));
        written = EventMesh.id(events.get(next).position());
        arguments.add(bytes(written));
        arguments.add(entry);
        size += entry.length;
      }
      last = run(APPEND, arguments.toArray(byte[][]::new));
      if (!last.equals(written)) {
        return last;
      }
    } while (next < events.size());
    return last;
  }

  /** Deletes the stream if this is still its last id. */
  void delete(String lastId) {
    run(DELETE, bytes(lastId));
  }

  /** How Redis makes room when it is full; null if it does not say. */
  @Nullable String evictionPolicy() {
    return connection
        .commands()
        .info("memory")
        .lines()
        .filter(line -> line.startsWith("maxmemory_policy:"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse(null);
  }

  /** Forgets the connection after a failure. */
  void disconnect() {
    connection.discard();
  }

  private String run(String script, byte[]... arguments) {
    byte[] answer =
        connection
            .commands()
            .eval(script, ScriptOutputType.VALUE, new String[] {EventMesh.STREAM}, arguments);
    return new String(answer, StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * @param eventId null if the relay did not write this entry
   */
  record Entry(String id, @Nullable UUID eventId) {
    static Entry of(StreamMessage<String, byte[]> message) {
      byte[] event = message.getBody().get(EventMesh.FIELD);
      try {
        return new Entry(message.getId(), event == null ? null : EventMesh.read(event).eventId());
      } catch (JacksonException | IllegalArgumentException notOurs) {
        return new Entry(message.getId(), null);
      }
    }
  }
}
