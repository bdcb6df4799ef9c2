package dev.skreaver.gateway.service;

import dev.skreaver.api.agent.AgentCommands;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.web.service.invoker.HttpRequestValues;
import org.springframework.web.service.invoker.HttpServiceArgumentResolver;

/**
 * Which of several instances a call goes to.
 *
 * @param key calls of the same key go to the same instance, while that is there
 * @param repeatable whether carrying it out twice does no harm
 */
record Route(String key, boolean repeatable) {
  /** Under which a request carries its route. */
  private static final String ATTRIBUTE = Route.class.getName();

  private static final Route ANY = new Route("", false);

  static Route of(Map<String, Object> requestAttributes) {
    return requestAttributes.get(ATTRIBUTE) instanceof Route route ? route : ANY;
  }

  /** Gives a command's call its route; the command itself remains to be the body. */
  static final class OfCommands implements HttpServiceArgumentResolver {
    @Override
    public boolean resolve(
        @Nullable Object argument, MethodParameter parameter, HttpRequestValues.Builder request) {
      if (argument instanceof AgentCommands.Request command) {
        request.addAttribute(
            ATTRIBUTE,
            new Route(command.command().agent().toString(), command.idempotency() != null));
      }
      return false;
    }
  }
}
