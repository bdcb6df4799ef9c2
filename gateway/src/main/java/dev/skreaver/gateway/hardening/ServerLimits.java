package dev.skreaver.gateway.hardening;

import dev.skreaver.platform.web.ProblemWriter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.timeout.IdleStateHandler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.stereotype.Component;
import reactor.netty.NettyPipeline;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.server.HttpServer;

/** Time and space that one connection may take from the server. */
@Component
class ServerLimits implements NettyServerCustomizer {
  /** Between two requests, and for the headers of one. */
  private static final Duration IDLE = Duration.ofSeconds(10);

  /** For the whole body of a request. */
  private static final Duration REQUEST = Duration.ofSeconds(10);

  /** Without one byte taken of what is waiting to be sent. */
  private static final Duration STALLED = Duration.ofSeconds(30);

  private static final int REQUEST_LINE_BYTES = 4 << 10;
  private static final int HEADER_BYTES = 8 << 10;
  private static final int REQUESTS_PER_CONNECTION = 100;

  private final ProblemWriter problems;

  ServerLimits(ProblemWriter problems) {
    this.problems = problems;
  }

  @Override
  public HttpServer apply(HttpServer server) {
    return server
        .protocol(HttpProtocol.HTTP11)
        .idleTimeout(IDLE)
        .readTimeout(REQUEST)
        .requestTimeout(REQUEST)
        .maxKeepAliveRequests(REQUESTS_PER_CONNECTION)
        .httpRequestDecoder(
            decoder ->
                decoder
                    .maxInitialLineLength(REQUEST_LINE_BYTES)
                    .maxHeaderSize(HEADER_BYTES)
                    .validateHeaders(true))
        .doOnChannelInit(
            (observer, channel, remote) -> {
              ChannelPipeline pipeline = channel.pipeline();
              pipeline.addAfter(
                  NettyPipeline.HttpCodec, "skreaver.refusals", new EarlyRefusals(problems));
              pipeline.addFirst("skreaver.stalled", new StalledReader());
              pipeline.addFirst(
                  "skreaver.idle",
                  new IdleStateHandler(true, 0, STALLED.toSeconds(), 0, TimeUnit.SECONDS));
            });
  }
}
