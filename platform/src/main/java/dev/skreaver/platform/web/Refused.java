package dev.skreaver.platform.web;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import io.netty.channel.ChannelException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.springframework.beans.TypeMismatchException;
import org.springframework.core.codec.DecodingException;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.validation.FieldError;
import org.springframework.web.bind.support.WebExchangeBindException;
import org.springframework.web.server.MethodNotAllowedException;
import org.springframework.web.server.MissingRequestValueException;
import org.springframework.web.server.NotAcceptableStatusException;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebInputException;
import org.springframework.web.server.UnsupportedMediaTypeStatusException;
import org.springframework.web.util.DisconnectedClientHelper;
import reactor.netty.channel.AbortedException;

/**
 * What a failure means to the caller.
 *
 * @param fault whether it is our fault and belongs in the log with its stack trace
 */
record Refused(Refusal refusal, HttpHeaders headers, boolean fault) {

  static Refused of(Throwable failure) {
    return switch (failure) {
      case Refusal refusal -> answer(refusal);
      case WebExchangeBindException invalid -> answer(invalidBody(invalid));
      case MethodNotAllowedException wrong -> methodNotAllowed(wrong);
      case UnsupportedMediaTypeStatusException wrong -> unsupportedMediaType(wrong);
      case NotAcceptableStatusException wrong ->
          answer(
              new Refusal(
                  ErrorCode.NOT_ACCEPTABLE,
                  "No representation that the Accept header allows; available: "
                      + wrong.getSupportedMediaTypes()));
      case MissingRequestValueException missing ->
          answer(
              new Refusal(
                  ErrorCode.MISSING_REQUIRED_FIELD,
                  "Missing %s '%s'".formatted(missing.getLabel(), missing.getName()),
                  Map.of("field", missing.getName())));
      case ServerWebInputException invalid -> answer(invalidInput(invalid));
      case ResponseStatusException status -> byStatus(status);
      case DataBufferLimitException tooLarge -> answer(tooLarge());
      case AuthenticationException anonymous ->
          answer(
              new Refusal(
                  ErrorCode.AUTHENTICATION_REQUIRED,
                  "Authentication is required: send a token as 'Authorization: Bearer <token>'"));
      case AccessDeniedException denied ->
          answer(
              new Refusal(
                  ErrorCode.INSUFFICIENT_PERMISSIONS,
                  "The token does not give the permission that this request needs"));
      // Netty's and Reactor Netty's time limits on reading a request; the latter has no public
      // type.
      case ChannelException slow -> answer(tooSlow());
      // The client has gone: nobody reads this answer.
      case AbortedException gone -> answer(tooSlow());
      case IOException gone when DisconnectedClientHelper.isClientDisconnectedException(gone) ->
          answer(tooSlow());
      default -> ours();
    };
  }

  private static Refusal tooSlow() {
    return new Refusal(
        ErrorCode.REQUEST_TIMEOUT, "The request did not arrive in time; send it again");
  }

  private static Refused answer(Refusal refusal) {
    var headers = new HttpHeaders();
    Object retryAfter = refusal.details().get("retry_after_seconds");
    switch (refusal.code()) {
      case AUTHENTICATION_REQUIRED -> headers.set(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
      case INVALID_TOKEN ->
          headers.set(HttpHeaders.WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"");
      case INSUFFICIENT_PERMISSIONS ->
          headers.set(HttpHeaders.WWW_AUTHENTICATE, "Bearer error=\"insufficient_scope\"");
      case RATE_LIMIT_EXCEEDED,
          CONNECTION_LIMIT_EXCEEDED,
          SERVICE_UNAVAILABLE,
          EVENT_STORE_UNAVAILABLE,
          READ_MODEL_UNAVAILABLE ->
          headers.set(
              HttpHeaders.RETRY_AFTER, retryAfter == null ? "1" : String.valueOf(retryAfter));
      default -> {}
    }
    return new Refused(refusal, headers, false);
  }

  private static Refused ours() {
    var refusal =
        new Refusal(
            ErrorCode.INTERNAL_ERROR,
            "Something failed on our side; the request id leads to it in our logs");
    return new Refused(refusal, new HttpHeaders(), true);
  }

  private static Refused methodNotAllowed(MethodNotAllowedException wrong) {
    var allowed = wrong.getSupportedMethods().stream().map(HttpMethod::name).sorted().toList();
    var headers = new HttpHeaders();
    headers.setAllow(wrong.getSupportedMethods());
    return new Refused(
        new Refusal(
            ErrorCode.METHOD_NOT_ALLOWED,
            "%s is not allowed here; allowed: %s"
                .formatted(Refusal.quote(wrong.getHttpMethod()), String.join(", ", allowed)),
            Map.of("allowed", allowed)),
        headers,
        false);
  }

  private static Refused unsupportedMediaType(UnsupportedMediaTypeStatusException wrong) {
    List<String> supported =
        wrong.getSupportedMediaTypes().stream().map(Object::toString).distinct().toList();
    var headers = new HttpHeaders();
    headers.setAccept(wrong.getSupportedMediaTypes());
    return new Refused(
        new Refusal(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            supported.isEmpty()
                ? "The Content-Type header is missing or malformed; send application/json"
                : "This content type is not read here; send one of " + String.join(", ", supported),
            Map.of("supported", supported)),
        headers,
        false);
  }

  private static Refused byStatus(ResponseStatusException failure) {
    int status = failure.getStatusCode().value();
    return switch (status) {
      case 404 -> answer(new Refusal(ErrorCode.NOT_FOUND, "Nothing is found at this path"));
      case 413 -> answer(tooLarge());
      case 503 ->
          answer(new Refusal(ErrorCode.SERVICE_UNAVAILABLE, "Not available now; try again"));
      default ->
          status >= 400 && status < 500
              ? answer(new Refusal(ErrorCode.INVALID_INPUT, reasonOf(failure)))
              : ours();
    };
  }

  private static String reasonOf(ResponseStatusException failure) {
    String reason = failure.getReason();
    return reason == null ? "The request cannot be understood" : Refusal.quote(reason);
  }

  private static Refusal tooLarge() {
    return new Refusal(
        ErrorCode.REQUEST_TOO_LARGE, "The request's body is too large; send a smaller one");
  }

  private static Refusal invalidBody(WebExchangeBindException invalid) {
    List<Map<String, String>> errors =
        invalid.getFieldErrors().stream()
            .map(
                error ->
                    Map.of("field", Unreadable.wireName(error.getField()), "reason", reason(error)))
            .toList();
    if (errors.isEmpty()) {
      return new Refusal(ErrorCode.INVALID_INPUT, "The body breaks a rule of its fields");
    }
    boolean missing =
        invalid.getFieldErrors().stream()
            .allMatch(error -> Objects.equals(error.getCode(), "NotNull"));
    String message =
        errors.stream()
            .map(error -> "'%s': %s".formatted(error.get("field"), error.get("reason")))
            .collect(Collectors.joining("; "));
    return new Refusal(
        missing ? ErrorCode.MISSING_REQUIRED_FIELD : ErrorCode.INVALID_INPUT,
        "Invalid value for " + message,
        Map.of("field", Objects.requireNonNull(errors.getFirst().get("field")), "errors", errors));
  }

  private static String reason(FieldError error) {
    String message = error.getDefaultMessage();
    return message == null ? "is not valid" : message;
  }

  private static Refusal invalidInput(ServerWebInputException invalid) {
    for (Throwable cause = invalid.getCause(); cause != null; cause = cause.getCause()) {
      switch (cause) {
        case Refusal refusal -> {
          return refusal;
        }
        case DecodingException unreadable -> {
          return Unreadable.body(unreadable);
        }
        case TypeMismatchException mismatch -> {
          return wrongType(invalid, mismatch);
        }
        default -> {}
      }
    }
    return new Refusal(ErrorCode.INVALID_INPUT, reasonOf(invalid));
  }

  private static Refusal wrongType(
      ServerWebInputException invalid, TypeMismatchException mismatch) {
    for (Throwable cause = mismatch.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof Refusal refusal) {
        return refusal;
      }
    }
    String name = mismatch.getPropertyName();
    var parameter = invalid.getMethodParameter();
    if (name == null && parameter != null) {
      name = parameter.getParameterName();
    }
    Class<?> type = mismatch.getRequiredType();
    return Refusal.invalidField(
        name == null ? "parameter" : Unreadable.wireName(name),
        "'%s' is not %s"
            .formatted(Refusal.quote(String.valueOf(mismatch.getValue())), Unreadable.kind(type)));
  }
}
