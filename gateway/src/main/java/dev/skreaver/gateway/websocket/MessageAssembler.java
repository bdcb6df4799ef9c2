package dev.skreaver.gateway.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Joins the frames of one connection to messages, and keeps no more of them than a message may
 * have.
 */
final class MessageAssembler {
  private final int maxMessageSize;
  private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
  private int size;
  private int fragments;
  private boolean binary;

  MessageAssembler(int maxMessageSize) {
    this.maxMessageSize = maxMessageSize;
  }

  /** What a frame completes. */
  sealed interface Heard {
    record Text(String text) implements Heard {}

    record TooLarge(int bytes) implements Heard {}

    record Binary() implements Heard {}

    /** A message beyond the limit per second, unread. */
    record TooMany() implements Heard {}

    /** The connection must end. */
    record Abuse(CloseCode code, String reason) implements Heard {}
  }

  /**
   * @return null while the message goes on
   */
  @Nullable Heard add(WebSocketFrame frame) {
    ByteBuf content = frame.content();
    if (fragments == 0) {
      binary = frame instanceof BinaryWebSocketFrame;
    }
    fragments++;
    size += content.readableBytes();
    if (fragments > WebSocketSettings.MAX_FRAGMENTS) {
      return new Heard.Abuse(
          CloseCode.POLICY_VIOLATION,
          "more than %d fragments".formatted(WebSocketSettings.MAX_FRAGMENTS));
    }
    if (size > WebSocketSettings.MAX_FRAME_SIZE) {
      return new Heard.Abuse(
          CloseCode.TOO_BIG, "more than %d bytes".formatted(WebSocketSettings.MAX_FRAME_SIZE));
    }
    if (size <= maxMessageSize && !binary) {
      byte[] bytes = new byte[content.readableBytes()];
      content.getBytes(content.readerIndex(), bytes);
      collected.writeBytes(bytes);
    }
    return frame.isFinalFragment() ? complete() : null;
  }

  private Heard complete() {
    int bytes = size;
    byte[] message = collected.toByteArray();
    collected.reset();
    size = 0;
    fragments = 0;
    if (bytes > maxMessageSize) {
      return new Heard.TooLarge(bytes);
    }
    if (binary) {
      return new Heard.Binary();
    }
    try {
      return new Heard.Text(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(message)).toString());
    } catch (CharacterCodingException e) {
      return new Heard.Abuse(CloseCode.NOT_UTF8, "the text is not UTF-8");
    }
  }
}
