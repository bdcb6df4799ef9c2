package dev.skreaver.gateway.json;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ResolvableType;
import org.springframework.core.codec.CodecException;
import org.springframework.core.codec.DecodingException;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.MediaType;
import org.springframework.http.codec.json.JacksonJsonDecoder;
import org.springframework.util.MimeType;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.exc.InvalidDefinitionException;

/** Reads the bodies of requests by {@link StrictJson}. */
final class StrictJsonDecoder extends JacksonJsonDecoder {
  StrictJsonDecoder() {
    // Of one document: a stream of them is nothing that is read here.
    super(StrictJson.mapper(), MediaType.APPLICATION_JSON, new MediaType("application", "*+json"));
    setMaxInMemorySize(StrictJson.MAX_BYTES);
  }

  @Override
  public Object decode(
      DataBuffer body,
      ResolvableType type,
      @Nullable MimeType mimeType,
      @Nullable Map<String, Object> hints) {
    var bytes = new byte[body.readableByteCount()];
    body.read(bytes);
    DataBufferUtils.release(body);
    try {
      if (mimeType != null
          && mimeType.getCharset() != null
          && !StandardCharsets.UTF_8.equals(mimeType.getCharset())) {
        throw new Refusal(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE, "This charset is not read here; send JSON in UTF-8");
      }
      return StrictJson.read(bytes, type.getType());
    } catch (InvalidDefinitionException ours) {
      throw new CodecException("No JSON is defined for " + type, ours);
    } catch (JacksonException | Refusal theirs) {
      throw new DecodingException("The body is not what is read here", theirs);
    }
  }
}
