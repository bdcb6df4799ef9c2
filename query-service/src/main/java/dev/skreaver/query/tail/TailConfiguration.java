package dev.skreaver.query.tail;

import dev.skreaver.query.postgres.DatabaseConfiguration;
import io.r2dbc.spi.ConnectionFactory;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class TailConfiguration {
  @Bean
  EventPages eventPages(
      @Qualifier(DatabaseConfiguration.EVENT_STORE) ConnectionFactory eventStore) {
    return new EventPages(eventStore);
  }

  @Bean(initMethod = "start", destroyMethod = "close")
  EventTail eventTail(
      @Qualifier(DatabaseConfiguration.EVENT_STORE_DEDICATED) ConnectionFactory dedicated,
      EventPages pages) {
    return new EventTail(dedicated, pages);
  }

  @Bean
  TailReadiness tailReadiness(EventTail tail) {
    return new TailReadiness(tail);
  }
}
