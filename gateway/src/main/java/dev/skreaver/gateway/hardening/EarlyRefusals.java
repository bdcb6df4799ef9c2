package dev.skreaver.gateway.hardening;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.platform.web.Problem;
import dev.skreaver.platform.web.ProblemWriter;
import dev.skreaver.platform.web.RequestIds;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;

/**
 * Gives a problem document to the refusals that come from below the web framework and have no body:
 * a request that is not HTTP, a line or headers that are too long, a path that is no path.
 */
final class EarlyRefusals extends ChannelDuplexHandler {
  private final ProblemWriter problems;
  private String path = "/";
  private boolean bodyWanted = true;

  EarlyRefusals(ProblemWriter problems) {
    this.problems = problems;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    if (message instanceof HttpRequest request) {
      bodyWanted = !request.method().equals(HttpMethod.HEAD);
      path = Refusal.quote(request.uri().split("\\?", 2)[0]);
    }
    super.channelRead(context, message);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
      throws Exception {
    super.write(
        context,
        message instanceof FullHttpResponse response && bare(response) && bodyWanted
            ? withProblem(response)
            : message,
        promise);
  }

  private static boolean bare(FullHttpResponse response) {
    return response.status().code() >= 400
        && !response.content().isReadable()
        && !response.headers().contains(HttpHeaderNames.CONTENT_TYPE);
  }

  private FullHttpResponse withProblem(FullHttpResponse bare) {
    Refusal refusal = refusal(bare.status().code());
    if (refusal == null) {
      return bare;
    }
    Problem problem = problems.problem(refusal, path, bare.headers().get(RequestIds.REQUEST_ID));
    byte[] body = problems.json(problem);
    var answer =
        new DefaultFullHttpResponse(
            bare.protocolVersion(), bare.status(), Unpooled.wrappedBuffer(body));
    answer.headers().set(bare.headers());
    answer
        .headers()
        .set(RequestIds.REQUEST_ID, problem.requestId())
        .set(HttpHeaderNames.CONTENT_TYPE, MediaType.APPLICATION_PROBLEM_JSON_VALUE)
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    bare.release();
    return answer;
  }

  private static @Nullable Refusal refusal(int status) {
    return switch (status) {
      case 400 ->
          new Refusal(ErrorCode.INVALID_INPUT, "The request line or a header is not well-formed");
      case 403 ->
          new Refusal(
              ErrorCode.ORIGIN_NOT_ALLOWED, "This origin is not in SKREAVER_ALLOWED_ORIGINS");
      case 404 -> new Refusal(ErrorCode.NOT_FOUND, "Nothing is found at this path");
      case 413 ->
          new Refusal(ErrorCode.REQUEST_TOO_LARGE, "The request is too large; send a smaller one");
      case 414 -> new Refusal(ErrorCode.URI_TOO_LONG, "The request line may have 4 KiB");
      case 431 -> new Refusal(ErrorCode.HEADERS_TOO_LARGE, "The headers may have 8 KiB");
      case 503 -> new Refusal(ErrorCode.SERVICE_UNAVAILABLE, "Not available now; try again");
      default -> null;
    };
  }
}
