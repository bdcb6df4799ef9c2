package dev.skreaver.gateway.hardening;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;

/** Ends a connection whose other end asks for answers and does not take them. */
final class StalledReader extends ChannelDuplexHandler {
  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
    if (event instanceof IdleStateEvent idle && idle.state() == IdleState.WRITER_IDLE) {
      var waiting = context.channel().unsafe().outboundBuffer();
      if (waiting != null && waiting.totalPendingWriteBytes() > 0) {
        var closed = context.close();
        closed.addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
      }
      return;
    }
    super.userEventTriggered(context, event);
  }
}
