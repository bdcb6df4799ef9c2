package dev.skreaver.query.projection;

import static org.awaitility.Awaitility.await;

import dev.skreaver.api.projection.ProjectionAdmin;
import dev.skreaver.platform.PostgresAddress;
import dev.skreaver.query.StoredEvents;
import dev.skreaver.query.postgres.DatabaseConfiguration;
import dev.skreaver.query.postgres.ReadModelSchema;
import dev.skreaver.query.tail.EventTail;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;

/** One query service without its web server, with a projection of the test's. */
final class Node implements AutoCloseable {
  static final Duration LONG = Duration.ofSeconds(60);

  private final AnnotationConfigApplicationContext context;

  private Node(AnnotationConfigApplicationContext context) {
    this.context = context;
  }

  static Node start(StoredEvents store, Projection<?> projection) {
    return start(store, projection, 10_000);
  }

  static Node start(StoredEvents store, Projection<?> projection, int readWaitMillis) {
    return awaitStart(begin(store, projection, readWaitMillis));
  }

  static Node start(StoredEvents store, Projection<?> projection, Map<String, String> settings) {
    return awaitStart(begin(store, projection, settings));
  }

  private static Node awaitStart(Node node) {
    await()
        .atMost(LONG)
        .ignoreExceptions()
        .until(() -> Boolean.TRUE.equals(node.admin().list().hasElements().block(LONG)));
    return node;
  }

  /** One that may have to wait before it can do anything. */
  static Node begin(StoredEvents store, Projection<?> projection, int readWaitMillis) {
    return begin(
        store, projection, Map.of("SKREAVER_READ_WAIT_TIMEOUT_MS", String.valueOf(readWaitMillis)));
  }

  private static Node begin(
      StoredEvents store, Projection<?> projection, Map<String, String> settings) {
    var properties = new HashMap<String, Object>(settings);
    properties.put("DATABASE_URL", store.database().url());
    var context = new AnnotationConfigApplicationContext();
    context
        .getEnvironment()
        .getPropertySources()
        .addFirst(new MapPropertySource("test", properties));
    ReadModelSchema.migrate(
        PostgresAddress.from(context.getEnvironment(), "READ_MODEL_DATABASE_URL"));
    store.execute(Tally.TEMPLATE);
    store.execute(Tally.NEXT_TEMPLATE);
    context.registerBean("tally", Projection.class, () -> projection);
    context.scan(
        "dev.skreaver.query.postgres", "dev.skreaver.query.tail", "dev.skreaver.query.projection");
    context.refresh();
    return new Node(context);
  }

  EventTail tail() {
    return context.getBean(EventTail.class);
  }

  ConnectionFactory readModel() {
    return context.getBean(DatabaseConfiguration.READ_MODEL, ConnectionFactory.class);
  }

  ProjectionEngine engine() {
    return context.getBean(ProjectionEngine.class);
  }

  Registry registry() {
    return context.getBean(Registry.class);
  }

  ProjectionReadiness readiness() {
    return context.getBean(ProjectionReadiness.class);
  }

  PositionGate gate() {
    return context.getBean(PositionGate.class);
  }

  ProjectionAdmin admin() {
    return context.getBean(ProjectionAdmin.class);
  }

  ProjectionAdmin.Projection status() {
    return Objects.requireNonNull(admin().list().blockFirst(LONG));
  }

  /** Waits until the read model holds all events up to a position. */
  void reaches(long position) {
    await()
        .atMost(LONG)
        .ignoreExceptions()
        .until(() -> Objects.requireNonNull(status()).position() >= position);
  }

  @Override
  public void close() {
    context.close();
  }
}
