package dev.skreaver.query.tail;

import dev.skreaver.api.event.EventFormat;
import dev.skreaver.query.personal.PersonalTexts;
import dev.skreaver.query.postgres.DatabaseConfiguration;
import io.r2dbc.spi.ConnectionFactory;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class TailConfiguration {
  @Bean
  @ConditionalOnMissingBean
  EventFormat eventFormat() {
    return EventFormat.instance();
  }

  @Bean
  EventPages eventPages(
      @Qualifier(DatabaseConfiguration.EVENT_STORE) ConnectionFactory eventStore,
      EventFormat format) {
    return new EventPages(eventStore, format);
  }

  @Bean
  PersonalTexts personalTexts(
      @Qualifier(DatabaseConfiguration.EVENT_STORE) ConnectionFactory eventStore) {
    return new PersonalTexts(eventStore);
  }

  @Bean(initMethod = "start", destroyMethod = "close")
  EventTail eventTail(
      @Qualifier(DatabaseConfiguration.EVENT_STORE_DEDICATED) ConnectionFactory dedicated,
      EventPages pages,
      PersonalTexts texts) {
    return new EventTail(dedicated, pages, texts);
  }

  @Bean
  TailReadiness tailReadiness(EventTail tail) {
    return new TailReadiness(tail);
  }
}
