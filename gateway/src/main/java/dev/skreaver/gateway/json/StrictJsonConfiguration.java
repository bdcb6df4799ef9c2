package dev.skreaver.gateway.json;

import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.codec.ServerCodecConfigurer;
import org.springframework.web.reactive.config.WebFluxConfigurer;

/** The edge reads strictly; what it writes, and what it reads from services, is as everywhere. */
@Configuration(proxyBeanMethods = false)
@Order(StrictJsonConfiguration.AFTER_BOOT)
class StrictJsonConfiguration implements WebFluxConfigurer {
  static final int AFTER_BOOT = 1;

  @Override
  public void configureHttpMessageCodecs(ServerCodecConfigurer codecs) {
    codecs.defaultCodecs().maxInMemorySize(StrictJson.MAX_BYTES);
    codecs.defaultCodecs().jacksonJsonDecoder(new StrictJsonDecoder());
  }
}
