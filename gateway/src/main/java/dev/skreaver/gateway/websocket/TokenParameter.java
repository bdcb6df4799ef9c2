package dev.skreaver.gateway.websocket;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;

/**
 * Turns {@code /ws?token=…} into {@code /ws} with an {@code Authorization} header, before anything
 * else sees the request: an address is written to logs, traces and error reports, a header is not.
 */
@ChannelHandler.Sharable
final class TokenParameter extends ChannelInboundHandlerAdapter {
  private static final String START = WebSocketConfiguration.PATH + "?";
  private static final String NAME = "token=";

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpRequest request && request.uri().startsWith(START)) {
      move(request);
    }
    context.fireChannelRead(message);
  }

  private static void move(HttpRequest request) {
    var others = new ArrayList<String>();
    for (String parameter : request.uri().substring(START.length()).split("&", -1)) {
      if (parameter.startsWith(NAME)) {
        String token = decoded(parameter.substring(NAME.length()));
        request.headers().add(HttpHeaderNames.AUTHORIZATION, "Bearer " + token);
      } else {
        others.add(parameter);
      }
    }
    request.setUri(
        others.isEmpty() ? WebSocketConfiguration.PATH : START + String.join("&", others));
  }

  /** What is no token stays none: it is refused where tokens are proved. */
  private static String decoded(String value) {
    try {
      String token = URLDecoder.decode(value, StandardCharsets.UTF_8);
      return token.chars().allMatch(c -> c > ' ' && c < 127) ? token : "-";
    } catch (IllegalArgumentException malformed) {
      return "-";
    }
  }
}
