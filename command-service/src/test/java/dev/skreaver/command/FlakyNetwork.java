package dev.skreaver.command;

import dev.skreaver.embedded.Database;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/** The way to a database, which can break in the middle of an append. */
public final class FlakyNetwork implements AutoCloseable {
  /** When it breaks; from then on nobody gets through until it is mended. */
  public enum Break {
    NEVER,
    /** The append does not reach the database. */
    BEFORE_THE_APPEND,
    /** The append was committed, and its answer is lost. */
    BEFORE_THE_ANSWER,
    BROKEN
  }

  private final Database database;
  private final String append;
  private final String appendInHex;
  private final ServerSocket server;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final AtomicReference<Break> next = new AtomicReference<>(Break.NEVER);

  /**
   * @param append a text in the append's payload, by which it is known among all requests
   */
  public FlakyNetwork(Database database, String append) throws IOException {
    this.database = database;
    this.append = append;
    this.appendInHex = HexFormat.of().formatHex(append.getBytes(StandardCharsets.UTF_8));
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  /** The database as it is reached through here. */
  public Database database() {
    return new Database(
        server.getInetAddress().getHostAddress(),
        server.getLocalPort(),
        database.name(),
        database.user(),
        database.password());
  }

  public void breaks(Break when) {
    next.set(when);
  }

  public void mend() {
    next.set(Break.NEVER);
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        if (next.get() == Break.BROKEN) {
          client.close();
          continue;
        }
        var remote = new Socket(database.host(), database.port());
        sockets.add(client);
        sockets.add(remote);
        var connection = new Way(client, remote);
        Thread.ofVirtual().start(connection::requests);
        Thread.ofVirtual().start(connection::answers);
      } catch (IOException closed) {
        // The server or the database is gone.
      }
    }
  }

  private final class Way {
    private final Socket client;
    private final Socket remote;

    private Way(Socket client, Socket remote) {
      this.client = client;
      this.remote = remote;
    }

    private void requests() {
      pump(client, remote, this::passesRequest);
    }

    private boolean passesRequest(String bytes) {
      if (next.get() == Break.BROKEN) {
        return false;
      }
      if (!bytes.contains(append) && !bytes.contains(appendInHex)) {
        return true;
      }
      if (next.compareAndSet(Break.BEFORE_THE_APPEND, Break.BROKEN)) {
        return false;
      }
      next.compareAndSet(Break.BEFORE_THE_ANSWER, Break.BROKEN);
      return true;
    }

    private void answers() {
      pump(remote, client, bytes -> next.get() != Break.BROKEN);
    }

    private void pump(Socket from, Socket to, Predicate<String> passes) {
      var buffer = new byte[1 << 16];
      try (from;
          to) {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int read; (read = in.read(buffer)) >= 0; ) {
          if (!passes.test(new String(buffer, 0, read, StandardCharsets.ISO_8859_1))) {
            return;
          }
          out.write(buffer, 0, read);
          out.flush();
        }
      } catch (IOException closed) {
        // One end is gone, and so is the other.
      }
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
