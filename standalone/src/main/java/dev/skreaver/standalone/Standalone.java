package dev.skreaver.standalone;

import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.audit.AuditSeals;
import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.api.command.CommandQueries;
import dev.skreaver.api.event.CausationQueries;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.projection.ProjectionAdmin;
import dev.skreaver.api.subject.SubjectErasure;
import dev.skreaver.command.CommandServiceApplication;
import dev.skreaver.embedded.DataFolder;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import dev.skreaver.embedded.RedisServer;
import dev.skreaver.embedded.ThrowAwayFolder;
import dev.skreaver.gateway.GatewayApplication;
import dev.skreaver.platform.health.ReadinessCheck;
import dev.skreaver.platform.health.SharedMetrics;
import dev.skreaver.query.QueryServiceApplication;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/**
 * The three services in three Spring contexts, and their servers, in this JVM (docs/adr/0011).
 *
 * <p>Starting and closing exclude each other: a Ctrl-C in the middle of a start waits for it, and
 * then stops all that it has made.
 */
public final class Standalone implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(Standalone.class);

  private static final String JDBC =
      "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration";
  private static final String R2DBC =
      "org.springframework.boot.r2dbc.autoconfigure.R2dbcAutoConfiguration";

  private static final String AUDIT_KEY = "audit-key.pem";
  private static final String AUDIT_ANCHOR = "audit-anchor.ndjson";

  private final DataFolder folder;
  private final InetAddress host;
  private final int port;
  private final DevelopmentIssuer issuer;
  private final SharedMetrics metrics = new SharedMetrics();
  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private @Nullable URI address;
  private @Nullable Database database;
  private @Nullable ApplicationContext gateway;

  private Standalone(DataFolder folder, InetAddress host, int port) {
    this.folder = folder;
    this.host = host;
    this.port = port;
    this.issuer = DevelopmentIssuer.of(folder);
    Logs.to(log());
  }

  /** Claims the data folder; nothing else happens before {@link #start}. */
  static Standalone on(Path data, InetAddress host, int port) {
    var standalone = new Standalone(DataFolder.claim(data), host, port);
    standalone.running.push(standalone.folder);
    return standalone;
  }

  /** The same on a folder that {@link #close} deletes. */
  public static Standalone ephemeral(InetAddress host, int port) {
    var parent = ThrowAwayFolder.create();
    Standalone standalone = on(parent.path().resolve("data"), host, port);
    standalone.running.addLast(parent);
    return standalone;
  }

  /** Returns when every part answers. */
  public synchronized void start() {
    if (end.getCount() == 0) {
      return;
    }
    refuseBusyPort();
    List<String> settings = settings(startServers());
    var services =
        both(
            () -> startCommandService(settings),
            () ->
                start(
                    QueryServiceApplication.application().web(WebApplicationType.NONE),
                    settings,
                    without(JDBC)));
    address = startGateway(services.first(), services.second(), settings);
  }

  /**
   * Starts the servers and the command service alone, as a machine of its own would run it.
   *
   * @param mesh whether it relays events to Redis
   * @return where it takes commands
   */
  public synchronized AgentCommands startCommandServiceAlone(boolean mesh) {
    List<String> settings = settings(startServers());
    settings.add("--SKREAVER_MESH_ENABLED=" + mesh);
    ApplicationContext command = startCommandService(settings);
    return InProcess.face(AgentCommands.class, command.getBean(AgentCommands.class));
  }

  private ConfigurableApplicationContext startCommandService(List<String> settings) {
    return start(
        CommandServiceApplication.application().web(WebApplicationType.NONE).properties(sealing()),
        settings,
        without(R2DBC));
  }

  private List<String> settings(List<String> servers) {
    var settings = new ArrayList<>(servers);
    issuer.settings().forEach((name, value) -> settings.add("--" + name + "=" + value));
    return settings;
  }

  private List<String> startServers() {
    var servers =
        both(
            () -> closeLater(PostgresServer.start(folder.path().resolve("postgres"))),
            () -> closeLater(RedisServer.start(folder.path().resolve("redis"))));
    database = servers.first().database();
    return List.of(
        "--EVENT_STORE_DATABASE_URL=" + database.url(),
        "--READ_MODEL_DATABASE_URL=" + database.url(),
        "--REDIS_URL=" + servers.second().url());
  }

  /** Unless the environment says otherwise, key and anchor are in the data folder. */
  private String[] sealing() {
    return new String[] {
      "SKREAVER_AUDIT_SIGNING_KEY_FILE=" + folder.kept(AUDIT_KEY, NoteSigner::newKey),
      "SKREAVER_AUDIT_ANCHOR_FILE=" + folder.path().resolve(AUDIT_ANCHOR)
    };
  }

  private URI startGateway(
      ApplicationContext command, ApplicationContext query, List<String> settings) {
    var application =
        GatewayApplication.application()
            .initializers(
                offering(AgentCommands.class, command),
                offering(AuditSeals.class, command),
                offering(SubjectErasure.class, command),
                offering(AgentQueries.class, query),
                offering(EventQueries.class, query),
                offering(CausationQueries.class, query),
                offering(CommandQueries.class, query),
                offering(ProjectionAdmin.class, query),
                withReadinessOf(command),
                withReadinessOf(query));
    var started =
        (WebServerApplicationContext)
            start(
                application,
                settings,
                without(R2DBC, JDBC),
                "--server.address=" + host.getHostAddress(),
                // As an argument it goes before the environment's variable of this name.
                "--SKREAVER_PORT=" + port);
    gateway = started;
    int listening = Objects.requireNonNull(started.getWebServer()).getPort();
    return URI.create(
        "http://"
            + (host instanceof Inet6Address ? "[%s]" : "%s").formatted(host.getHostAddress())
            + ":"
            + listening);
  }

  private <T> ApplicationContextInitializer<GenericApplicationContext> offering(
      Class<T> face, ApplicationContext service) {
    T bean = InProcess.face(face, service.getBean(face));
    return gateway -> gateway.registerBean(face, () -> bean);
  }

  /** What the services need in order to serve is what this process needs. */
  private static ApplicationContextInitializer<GenericApplicationContext> withReadinessOf(
      ApplicationContext service) {
    return gateway ->
        service
            .getBeansOfType(ReadinessCheck.class)
            .forEach(
                (name, check) -> gateway.registerBean(name, ReadinessCheck.class, () -> check));
  }

  /** Alone, a service lacks what its neighbours bring to the one class path. */
  private static String without(String... neighbours) {
    return "--spring.autoconfigure.exclude=" + String.join(",", neighbours);
  }

  private ConfigurableApplicationContext start(
      SpringApplicationBuilder application, List<String> settings, String... own) {
    var all = new ArrayList<>(settings);
    all.addAll(List.of(own));
    // Were each context to close at the JVM's shutdown by itself, the servers below might go first.
    return closeLater(
        application
            .initializers(metrics)
            .registerShutdownHook(false)
            .bannerMode(Banner.Mode.OFF)
            .run(all.toArray(String[]::new)));
  }

  private void refuseBusyPort() {
    try (var probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(host, port));
    } catch (IOException e) {
      throw new StartFailure(
          "Cannot listen on %s port %d (%s): choose another with --port"
              .formatted(host.getHostAddress(), port, e.getMessage()));
    }
  }

  private record Both<A, B>(A first, B second) {}

  /** Does two things at once, and both to the end, so that what was started is known. */
  private static <A, B> Both<A, B> both(Callable<A> first, Callable<B> second) {
    Future<A> a;
    Future<B> b;
    try (var threads = Executors.newFixedThreadPool(2)) {
      a = threads.submit(first);
      b = threads.submit(second);
    }
    return new Both<>(resultOf(a), resultOf(b));
  }

  private static <T> T resultOf(Future<T> future) {
    return switch (future.state()) {
      case SUCCESS -> future.resultNow();
      case FAILED -> {
        Throwable cause = future.exceptionNow();
        throw cause instanceof RuntimeException known ? known : new StartFailure("", cause);
      }
      case CANCELLED, RUNNING -> throw new StartFailure("The start was interrupted");
    };
  }

  private <T extends AutoCloseable> T closeLater(T part) {
    synchronized (running) {
      running.push(part);
    }
    return part;
  }

  /** Where the gateway listens, for example {@code http://127.0.0.1:8080}. */
  public URI address() {
    return Objects.requireNonNull(address, "not started");
  }

  Path data() {
    return folder.path();
  }

  Path log() {
    return folder.path().resolve("skreaver.log");
  }

  /** Where the events and the read models are. */
  public Database database() {
    return Objects.requireNonNull(database, "not started");
  }

  /** A service by the interface that it offers, without the gateway before it. */
  public <T> T face(Class<T> type) {
    return Objects.requireNonNull(gateway, "not started").getBean(type);
  }

  /** A token for everything within a tenant. */
  public String token(TenantId tenant) {
    return issuer.token(tenant, TokenCommand.Role.ADMIN, "developer");
  }

  DevelopmentIssuer issuer() {
    return issuer;
  }

  /** Waits for {@link #close}. */
  void awaitEnd() throws InterruptedException {
    end.await();
  }

  /** Stops what was started, the last first. */
  @Override
  public synchronized void close() {
    while (!running.isEmpty()) {
      AutoCloseable part = running.pop();
      try {
        part.close();
      } catch (Exception e) {
        logger.error("Could not stop {}", part, e);
      }
    }
    end.countDown();
  }
}
