package dev.skreaver.gateway.hardening;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.resources.LoopResources;

/**
 * The event loops of this gateway alone. Those that Reactor Netty shares by default end with the
 * first application that closes, and take every other of the same JVM with them.
 */
@Configuration(proxyBeanMethods = false)
class EventLoops {
  @Bean
  ReactorResourceFactory reactorResourceFactory() {
    var factory = new ReactorResourceFactory();
    factory.setUseGlobalResources(false);
    factory.setLoopResourcesSupplier(
        () -> LoopResources.create("gateway", LoopResources.DEFAULT_IO_WORKER_COUNT, true));
    return factory;
  }
}
