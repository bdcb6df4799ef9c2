package dev.skreaver.gateway.websocket;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.util.ReferenceCountUtil;

/**
 * How a connection ends from the server's side. After the close frame everything from the client is
 * thrown away until its own close frame comes: to close at once would reset a connection on which
 * the client still sends, and it would never see why.
 */
final class Farewell extends ChannelInboundHandlerAdapter {
  private static final String DECODER = "wsdecoder";

  private Farewell() {}

  /** Leaves the end of the connection after an invalid frame to {@link Session}, and is strict. */
  static void prepare(Channel channel) {
    channel
        .pipeline()
        .replace(
            DECODER,
            DECODER,
            new WebSocket13FrameDecoder(
                WebSocketDecoderConfig.newBuilder()
                    .maxFramePayloadLength(WebSocketSettings.MAX_FRAME_SIZE)
                    .allowExtensions(false)
                    .allowMaskMismatch(false)
                    .expectMaskedFrames(true)
                    .closeOnProtocolViolation(false)
                    .withUTF8Validator(false)
                    .build()));
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the listener is all that anyone waits for
  static void whenClosed(Channel channel, Runnable task) {
    channel.closeFuture().addListener(closed -> task.run());
  }

  @SuppressWarnings("FutureReturnValueIgnored") // whoever waits for the end waits for whenClosed
  static void now(Channel channel) {
    channel.close();
  }

  static void begin(Channel channel) {
    ChannelHandler decoder = channel.pipeline().get(DECODER);
    if (decoder == null) {
      now(channel);
      return;
    }
    channel.pipeline().addAfter(DECODER, "farewell", new Farewell());
    channel.config().setAutoRead(true);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object frame) {
    boolean closed = frame instanceof CloseWebSocketFrame;
    ReferenceCountUtil.release(frame);
    if (closed) {
      now(context.channel());
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // What comes after the close frame need not make sense.
  }
}
