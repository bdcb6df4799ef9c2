package dev.skreaver.platform.mesh;

import dev.skreaver.platform.RedisAddress;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One connection to Redis, for one thread that may block.
 *
 * <p>A command whose connection breaks fails at once instead of being queued or sent again: those
 * who use the mesh first ask how far it is, then go on, and must learn at once that it is gone. The
 * next call of {@link #commands} connects again.
 */
public final class MeshConnection implements AutoCloseable {
  /** After this the server counts as gone; longer than any blocking read. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
  private static final RedisCodec<String, byte[]> CODEC =
      RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE);

  private final RedisAddress address;
  private final RedisURI uri;
  private final RedisClient client;
  private @Nullable StatefulRedisConnection<String, byte[]> connection;

  /**
   * @param name what the server lists this connection as
   */
  public MeshConnection(RedisAddress address, String name) {
    this.address = address;
    uri = uri(address, name);
    client = RedisClient.create();
    client.setOptions(
        ClientOptions.builder()
            .autoReconnect(false)
            .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
            .socketOptions(
                SocketOptions.builder().connectTimeout(CONNECT_TIMEOUT).keepAlive(true).build())
            .build());
  }

  /**
   * The commands of the connection, which is made if there is none.
   *
   * @throws RedisException if Redis cannot be reached
   */
  public synchronized RedisCommands<String, byte[]> commands() {
    if (connection != null && !connection.isOpen()) {
      discard();
    }
    if (connection == null) {
      connection = connect();
    }
    return Objects.requireNonNull(connection).sync();
  }

  /** Bounded as a whole: the client itself bounds only the steps. */
  private StatefulRedisConnection<String, byte[]> connect() {
    CompletableFuture<StatefulRedisConnection<String, byte[]>> connecting =
        client.connectAsync(CODEC, uri).toCompletableFuture();
    try {
      return connecting.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new RedisConnectionException("Redis at %s: %s".formatted(address, rootOf(e)), e);
    } catch (TimeoutException e) {
      connecting.cancel(false);
      throw new RedisConnectionException("Redis at %s does not answer".formatted(address), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RedisConnectionException("interrupted", e);
    }
  }

  private static @Nullable String rootOf(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage();
  }

  /**
   * Drops the connection after a failure: an answer that comes late must not meet a new question.
   */
  public synchronized void discard() {
    if (connection != null) {
      connection.close();
      connection = null;
    }
  }

  @Override
  public synchronized void close() {
    discard();
    client.shutdown(Duration.ZERO, PATIENCE);
  }

  private static RedisURI uri(RedisAddress address, String name) {
    RedisURI.Builder uri =
        RedisURI.builder()
            .withHost(address.host())
            .withPort(address.port())
            .withDatabase(address.database())
            .withSsl(address.tls())
            .withClientName(name)
            .withTimeout(PATIENCE);
    if (address.password() != null) {
      if (address.user() != null) {
        uri.withAuthentication(address.user(), address.password());
      } else {
        uri.withPassword(address.password().toCharArray());
      }
    }
    return uri.build();
  }
}
