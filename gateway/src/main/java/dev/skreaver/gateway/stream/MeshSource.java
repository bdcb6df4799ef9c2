package dev.skreaver.gateway.stream;

import dev.skreaver.api.event.EventMesh;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.platform.mesh.MeshConnection;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XReadArgs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;

/** Live events out of Redis, for the one thread that reads them and may block. */
final class MeshSource implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(MeshSource.class);
  private static final int BATCH = 500;

  private final MeshConnection connection;

  MeshSource(MeshConnection connection) {
    this.connection = connection;
  }

  /**
   * What Redis has after this position, or gets within the limit. An entry that cannot be read is
   * left out: the one after it shows that something is missing.
   *
   * @throws RedisException if Redis cannot be reached, or has nothing that can be read
   */
  List<RecordedEvent> after(long position, Duration limit) {
    @SuppressWarnings("unchecked")
    List<StreamMessage<String, byte[]>> entries =
        connection
            .commands()
            .xread(
                XReadArgs.Builder.block(limit).count(BATCH),
                XReadArgs.StreamOffset.from(EventMesh.STREAM, EventMesh.id(position)));
    var events = new ArrayList<RecordedEvent>(entries.size());
    for (StreamMessage<String, byte[]> entry : entries) {
      byte[] event = entry.getBody().get(EventMesh.FIELD);
      try {
        if (event != null) {
          events.add(EventMesh.read(event));
        }
      } catch (JacksonException | IllegalArgumentException unreadable) {
        log.warn("Redis entry {} cannot be read: {}", entry.getId(), unreadable.getMessage());
      }
    }
    if (events.isEmpty() && !entries.isEmpty()) {
      throw new RedisException("no entry after %d can be read".formatted(position));
    }
    return events;
  }

  /** The last position that Redis has, 0 if it has none; empty if it cannot be reached. */
  OptionalLong last() {
    try {
      List<StreamMessage<String, byte[]>> last =
          connection.commands().xrevrange(EventMesh.STREAM, Range.unbounded(), Limit.from(1));
      return OptionalLong.of(last.isEmpty() ? 0 : EventMesh.position(last.getFirst().getId()));
    } catch (RedisException unreachable) {
      connection.discard();
      return OptionalLong.empty();
    } catch (IllegalArgumentException foreignId) {
      return OptionalLong.empty();
    }
  }

  void disconnect() {
    connection.discard();
  }

  @Override
  public void close() {
    connection.close();
  }
}
