package dev.skreaver.gateway.request;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.gateway.security.Identities;
import dev.skreaver.gateway.security.Identity;
import dev.skreaver.platform.web.RequestIds;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.MethodParameter;
import org.springframework.format.FormatterRegistry;
import org.springframework.web.reactive.BindingContext;
import org.springframework.web.reactive.config.WebFluxConfigurer;
import org.springframework.web.reactive.result.method.HandlerMethodArgumentResolver;
import org.springframework.web.reactive.result.method.annotation.ArgumentResolverConfigurer;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Lets an endpoint take a {@link Read}, a {@link Write} or an {@link Identity}, and a {@link
 * FromQuery} record, as arguments. Without such a record a route takes no query parameter but a
 * command's {@link Write.Options}.
 */
@Configuration(proxyBeanMethods = false)
class RequestArguments implements WebFluxConfigurer {
  private final Identities identities;

  RequestArguments(Identities identities) {
    this.identities = identities;
  }

  @Override
  public void addFormatters(FormatterRegistry registry) {
    registry.addConverter(String.class, AgentId.class, AgentId::new);
  }

  @Override
  public void configureArgumentResolvers(ArgumentResolverConfigurer configurer) {
    configurer.addCustomResolver(new QueryRecords(), new Terms());
  }

  private static boolean fromQuery(MethodParameter parameter) {
    return FromQuery.class.isAssignableFrom(parameter.getParameterType());
  }

  private static final class QueryRecords implements HandlerMethodArgumentResolver {
    private final Map<Class<?>, QueryBinder<?>> binders = new ConcurrentHashMap<>();

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
      return fromQuery(parameter);
    }

    @Override
    public Mono<Object> resolveArgument(
        MethodParameter parameter, BindingContext context, ServerWebExchange exchange) {
      return Mono.fromSupplier(
          () ->
              binders
                  .computeIfAbsent(
                      parameter.getParameterType(),
                      type -> new QueryBinder<>(type.asSubclass(FromQuery.class)))
                  .bind(exchange.getRequest().getQueryParams()));
    }
  }

  private final class Terms implements HandlerMethodArgumentResolver {
    private final QueryBinder<Write.Options> options = new QueryBinder<>(Write.Options.class);

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
      Class<?> type = parameter.getParameterType();
      return type == Read.class || type == Write.class || type == Identity.class;
    }

    @Override
    public Mono<Object> resolveArgument(
        MethodParameter parameter, BindingContext context, ServerWebExchange exchange) {
      return identities
          .current(exchange)
          .map(
              identity -> {
                Class<?> type = parameter.getParameterType();
                if (type == Write.class) {
                  return write(identity, exchange);
                }
                refuseStrayParameters(parameter, exchange);
                return type == Read.class ? read(identity, exchange) : identity;
              });
    }

    private void refuseStrayParameters(MethodParameter parameter, ServerWebExchange exchange) {
      boolean hasQuery =
          parameter.getMethod() != null
              && Arrays.stream(parameter.getMethod().getParameterTypes())
                  .anyMatch(FromQuery.class::isAssignableFrom);
      if (!hasQuery) {
        QueryBinder.none(exchange.getRequest().getQueryParams());
      }
    }

    private Read read(Identity identity, ServerWebExchange exchange) {
      return new Read(identity, Headers.position(exchange.getRequest().getHeaders()));
    }

    private Write write(Identity identity, ServerWebExchange exchange) {
      var request = exchange.getRequest();
      return new Write(
          identity.caller(RequestIds.of(exchange)),
          request.getMethod() + " " + request.getPath().value(),
          Headers.expectedVersion(request.getHeaders()),
          Headers.idempotencyKey(request.getHeaders()),
          options.bind(request.getQueryParams()));
    }
  }
}
