package dev.skreaver.gateway.websocket;

import static org.awaitility.Awaitility.await;

import dev.skreaver.gateway.GatewayApplication;
import dev.skreaver.gateway.TestToken;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** The whole gateway on a port of its own, in front of an {@link EventLog}. */
public final class TestGateway implements AutoCloseable {
  private final EventLog events;
  private final ConfigurableApplicationContext context;

  /**
   * @param settings pairs of variable and value
   */
  public TestGateway(String... settings) {
    this(new EventLog(), settings);
  }

  /** One of several in front of the same events, at once or one after the other. */
  public TestGateway(EventLog events, String... settings) {
    this.events = events;
    var arguments =
        new ArrayList<>(
            List.of(
                "--server.port=0",
                "--SKREAVER_JWT_SECRET=" + TestToken.SECRET,
                "--SKREAVER_MESH_ENABLED=false",
                "--SKREAVER_COMMAND_URL=http://localhost:1",
                "--SKREAVER_QUERY_URL=http://localhost:1",
                "--WEBSOCKET_MAX_CONNECTIONS_PER_IP=1000"));
    for (int i = 0; i < settings.length; i += 2) {
      String name = "--" + settings[i] + "=";
      arguments.removeIf(argument -> argument.startsWith(name));
      arguments.add(name + settings[i + 1]);
    }
    context =
        GatewayApplication.application()
            .initializers(
                starting ->
                    ((GenericApplicationContext) starting)
                        .registerBean("eventLog", EventLog.class, () -> events))
            .run(arguments.toArray(String[]::new));
  }

  public EventLog events() {
    return events;
  }

  public int port() {
    return context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
  }

  SocketClient connect() {
    return SocketClient.to(port(), "", null);
  }

  /** A client whose token came with the handshake. */
  SocketClient connect(String token) {
    return SocketClient.to(port(), "?token=" + token, null);
  }

  public static String token(String tenant, String... permissions) {
    return token(tenant, "alice", Duration.ofMinutes(10), permissions);
  }

  public static String token(String tenant, String subject, Duration life, String... permissions) {
    return TestToken.good()
        .may(permissions)
        .with("tenant", tenant)
        .with("sub", subject)
        .with("exp", Instant.now().plus(life).getEpochSecond())
        .toString();
  }

  /** Returns when the gateway has dispatched everything that was recorded before. */
  public void awaitDispatched() {
    long head = events.head();
    var reached = meters().get("skreaver.stream.position").gauge();
    await().atMost(Duration.ofSeconds(30)).until(() -> reached.value() >= head);
  }

  public MeterRegistry meters() {
    return context.getBean(MeterRegistry.class);
  }

  @Override
  public void close() {
    context.close();
  }
}
