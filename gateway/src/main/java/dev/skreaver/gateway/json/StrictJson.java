package dev.skreaver.gateway.json;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.json.WireJson;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

/**
 * {@link WireJson} as the edge reads it: UTF-8 and nothing like it, no duplicate and no unknown
 * member, no value of another type than is asked for, no text that the stores behind cannot hold,
 * and all of it within bounds.
 */
public final class StrictJson {
  /** The largest JSON document that is read, in bytes. */
  public static final int MAX_BYTES = 256 << 10;

  static final int MAX_DEPTH = 32;
  static final int MAX_TEXT = 32 << 10;
  private static final int MAX_NAME = 256;
  private static final int MAX_DIGITS = 100;
  private static final int MAX_MEMBERS = 256;
  private static final int MAX_ELEMENTS = 1_000;

  private static final JsonMapper MAPPER = configure();

  private StrictJson() {}

  static JsonMapper mapper() {
    return MAPPER;
  }

  private static JsonMapper configure() {
    JsonFactory factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(MAX_TEXT)
                    .maxNameLength(MAX_NAME)
                    .maxNumberLength(MAX_DIGITS)
                    .build())
            .build();
    return WireJson.configure(JsonMapper.builder(factory))
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
        .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
        .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
        .withCoercionConfig(
            LogicalType.Textual,
            text ->
                text.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                    .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                    .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
        .addModule(RequiredByNullness.module())
        .build();
  }

  /**
   * A document as an object of a type.
   *
   * @throws Refusal saying what is wrong with its text, and where
   * @throws JacksonException if it is not JSON, or not of this type
   */
  public static Object read(byte[] document, Type type) {
    String text = decode(document);
    check(text);
    return MAPPER.readerFor(MAPPER.constructType(type)).readValue(text);
  }

  private static void check(String text) {
    try (JsonParser parser = MAPPER.createParser(text)) {
      var sizes = new int[MAX_DEPTH + 2];
      var names = new ArrayDeque<Set<String>>();
      int depth = 0;
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token.isStructEnd()) {
          names.pop();
          depth--;
        } else if (token == JsonToken.PROPERTY_NAME) {
          fit(parser, parser.currentName(), true);
          if (!names.element().add(parser.currentName())) {
            throw new Refusal(
                ErrorCode.DUPLICATE_KEY,
                "The member '%s' is given twice; give it once".formatted(field(parser)),
                Map.of("field", field(parser)));
          }
          count(parser, sizes, depth, MAX_MEMBERS);
        } else {
          boolean opens = token.isStructStart();
          TokenStreamContext in = parser.streamReadContext();
          if ((opens ? in.getParent() : in).inArray()) {
            count(parser, sizes, depth, MAX_ELEMENTS);
          }
          if (depth == 0 && sizes[0]++ > 0) {
            throw new Refusal(
                ErrorCode.INVALID_JSON, "The body holds more than one document; send one");
          }
          if (opens) {
            names.push(new HashSet<>());
            sizes[++depth] = 0;
          } else if (token == JsonToken.VALUE_STRING) {
            fit(parser, parser.getString(), false);
          } else if (token == JsonToken.VALUE_NUMBER_FLOAT) {
            finite(parser);
          }
        }
      }
    }
  }

  private static String decode(byte[] bytes) {
    if (bytes.length >= 2 && (bytes[0] == 0 || bytes[1] == 0 || (bytes[0] & 0xff) >= 0xfe)) {
      throw new Refusal(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE, "The body is not UTF-8; send JSON in UTF-8");
    }
    try {
      CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      if (text.length() > 0 && text.charAt(0) == '\uFEFF') {
        throw new Refusal(
            ErrorCode.INVALID_JSON, "The body begins with a byte order mark; send it without one");
      }
      return text.toString();
    } catch (CharacterCodingException malformed) {
      throw new Refusal(ErrorCode.INVALID_JSON, "The body is not valid UTF-8");
    }
  }

  private static void count(JsonParser parser, int[] sizes, int depth, int max) {
    if (++sizes[depth] > max) {
      throw Refusal.invalidField(
          field(parser), "too large: %d members or elements are allowed here".formatted(max));
    }
  }

  /**
   * Free text may have line ends and other control characters, which every writer of ours escapes;
   * a name may not. Neither PostgreSQL nor UTF-8 can hold NUL or half a surrogate pair.
   */
  private static void fit(JsonParser parser, String text, boolean name) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0 || (name && Character.isISOControl(c))) {
        throw unfit(parser, "must not contain control characters");
      }
      if (Character.isSurrogate(c)) {
        if (Character.isHighSurrogate(c)
            && i + 1 < text.length()
            && Character.isLowSurrogate(text.charAt(i + 1))) {
          i++;
        } else {
          throw unfit(parser, "must be valid Unicode: half of a surrogate pair stands alone");
        }
      }
    }
  }

  /** It would go on as the text {@code "Infinity"}. */
  private static void finite(JsonParser parser) {
    if (Double.isInfinite(parser.getDoubleValue())) {
      throw unfit(parser, "must be a number from -1.8e308 to 1.8e308");
    }
  }

  private static Refusal unfit(JsonParser parser, String rule) {
    return Refusal.invalidField(field(parser), rule);
  }

  /** {@code spec.labels.team} for {@code /spec/labels/team}. */
  private static String field(JsonParser parser) {
    String pointer = parser.streamReadContext().pathAsPointer().toString();
    return pointer.isEmpty() ? "body" : Refusal.quote(pointer.substring(1).replace('/', '.'));
  }
}
