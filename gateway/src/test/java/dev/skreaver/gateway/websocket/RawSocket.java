package dev.skreaver.gateway.websocket;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A client that sends what no library would send: bytes. */
final class RawSocket implements Closeable {
  static final List<String> UPGRADE =
      List.of(
          "Host: localhost",
          "Upgrade: websocket",
          "Connection: Upgrade",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
          "Sec-WebSocket-Version: 13");

  private final Socket socket;
  private final DataInputStream in;

  RawSocket(int port) {
    try {
      socket = new Socket("localhost", port);
      socket.setSoTimeout(60_000);
      in = new DataInputStream(socket.getInputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Opens a WebSocket and reads the answer's head. */
  static RawSocket upgraded(int port, String token) {
    var raw = new RawSocket(port);
    raw.request("GET /ws?token=" + token + " HTTP/1.1", UPGRADE);
    return raw;
  }

  /**
   * @return the status line, the headers and the body, as text
   */
  String request(String line, List<String> headers) {
    var text = new ArrayList<String>();
    text.add(line);
    text.addAll(headers);
    try {
      socket
          .getOutputStream()
          .write((String.join("\r\n", text) + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
      var head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        head.append((char) in.readUnsignedByte());
      }
      String answer = head.toString();
      int length = answer.toLowerCase(java.util.Locale.ROOT).indexOf("content-length: ");
      if (length >= 0) {
        int end = answer.indexOf("\r\n", length);
        byte[] body = new byte[Integer.parseInt(answer.substring(length + 16, end))];
        in.readFully(body);
        answer += new String(body, StandardCharsets.UTF_8);
      }
      return answer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * @param first the first byte of the frame: its flags and its kind
   */
  RawSocket frame(int first, byte[] payload) {
    var frame = new ByteArrayOutputStream();
    frame.write(first);
    if (payload.length < 126) {
      frame.write(0x80 | payload.length);
    } else {
      frame.write(0x80 | 126);
      frame.write(payload.length >> 8);
      frame.write(payload.length);
    }
    // A mask of zeros leaves the payload as it is.
    frame.writeBytes(new byte[4]);
    frame.writeBytes(payload);
    return bytes(frame.toByteArray());
  }

  RawSocket bytes(byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads on, without ever answering a ping, to the close frame. */
  int closed() {
    try {
      while (true) {
        int kind = in.readUnsignedByte() & 0x0f;
        int length = in.readUnsignedByte() & 0x7f;
        if (length == 126) {
          length = in.readUnsignedShort();
        }
        byte[] payload = new byte[length];
        in.readFully(payload);
        if (kind == 8) {
          return ((payload[0] & 0xff) << 8) | (payload[1] & 0xff);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
