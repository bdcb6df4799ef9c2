package dev.skreaver.gateway.json;

import java.util.Map;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerCodecConfigurer;
import org.springframework.web.reactive.accept.HeaderContentTypeResolver;
import org.springframework.web.reactive.accept.RequestedContentTypeResolverBuilder;
import org.springframework.web.reactive.config.WebFluxConfigurer;

/** The edge reads strictly; what it writes, and what it reads from services, is as everywhere. */
@Configuration(proxyBeanMethods = false)
@Order(StrictJsonConfiguration.AFTER_BOOT)
class StrictJsonConfiguration implements WebFluxConfigurer {
  static final int AFTER_BOOT = 1;

  /** Whatever charset or version a client asks for: nothing is written in another. */
  @Override
  public void configureContentTypeResolver(RequestedContentTypeResolverBuilder builder) {
    var header = new HeaderContentTypeResolver();
    builder.resolver(
        exchange ->
            header.resolveMediaTypes(exchange).stream()
                .map(StrictJsonConfiguration::withQualityOnly)
                .toList());
  }

  private static MediaType withQualityOnly(MediaType wanted) {
    String quality = wanted.getParameter("q");
    return new MediaType(wanted, quality == null ? Map.of() : Map.of("q", quality));
  }

  @Override
  public void configureHttpMessageCodecs(ServerCodecConfigurer codecs) {
    codecs.defaultCodecs().maxInMemorySize(StrictJson.MAX_BYTES);
    codecs.defaultCodecs().jacksonJsonDecoder(new StrictJsonDecoder());
  }
}
