package dev.skreaver.standalone;

import dev.skreaver.api.agent.TenantId;
import java.net.URI;
import java.time.Duration;

/** What a person at the terminal needs to know once everything runs. */
record Greeting(Standalone standalone, Duration sinceStart) {
  String text() {
    URI address = standalone.address();
    String token =
        standalone.issuer().token(new TenantId("default"), TokenCommand.Role.ADMIN, "developer");
    return """

    Skreaver is ready after %.1f s.

      Address  %s
      Docs     %s/docs
      Data     %s
      Log      %s

    A token for one hour (./skreaver token prints another):

    %s

    Try it in another terminal:

    curl -i %s/health
    curl -i %s/agents -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '{"spec": {"agent_type": "echo", "name": "my-first-agent"}}'
    curl -i %s/agents -H 'Authorization: Bearer %s'

    Ctrl-C stops everything; the data stays.
    """
        .formatted(
            sinceStart.toMillis() / 1000.0,
            address,
            address,
            standalone.data(),
            standalone.log(),
            token,
            address,
            address,
            token,
            address,
            token);
  }
}
