package dev.skreaver.gateway.service;

import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.audit.AuditSeals;
import dev.skreaver.api.command.CommandQueries;
import dev.skreaver.api.event.CausationQueries;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.projection.ProjectionAdmin;
import dev.skreaver.api.subject.SubjectErasure;
import dev.skreaver.platform.Settings;
import dev.skreaver.platform.health.ReadinessCheck;
import dev.skreaver.platform.service.ServiceTokens;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/** The services as HTTP clients, unless they are here as beans: then no bean of this is made. */
@Configuration(proxyBeanMethods = false)
class ServiceClients {
  /** These two come before the clients, which would be what they are missing. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnMissingBean(AgentCommands.class)
  static class CommandServiceReadiness {
    @Bean
    ReadinessCheck commandServiceReadiness(RemoteService commandService) {
      return new RemoteReadiness("command_service", commandService);
    }

    @Bean
    MeterBinder commandServiceMetrics(RemoteService commandService) {
      return commandService.instances();
    }
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnMissingBean(AgentQueries.class)
  static class QueryServiceReadiness {
    @Bean
    ReadinessCheck queryServiceReadiness(RemoteService queryService) {
      return new RemoteReadiness("query_service", queryService);
    }
  }

  @Bean
  @Lazy
  RemoteService commandService(
      WebClient.Builder http, Environment environment, Clock clock, HttpClient services) {
    Settings settings = Settings.of(environment);
    return RemoteService.at(
        settings.addresses("SKREAVER_COMMAND_URL", "http://localhost:8081"),
        "command service",
        http,
        services,
        ServiceTokens.from(settings, clock));
  }

  @Bean
  @Lazy
  RemoteService queryService(
      WebClient.Builder http, Environment environment, Clock clock, HttpClient services) {
    Settings settings = Settings.of(environment);
    return RemoteService.at(
        List.of(settings.address("SKREAVER_QUERY_URL", "http://localhost:8082")),
        "query service",
        http,
        services,
        ServiceTokens.from(settings, clock));
  }

  /** More than this many calls at once wait, and after a second are refused. */
  @Bean(destroyMethod = "dispose")
  ConnectionProvider serviceConnections() {
    return ConnectionProvider.builder("services")
        .maxConnections(500)
        .pendingAcquireMaxCount(2_000)
        .pendingAcquireTimeout(Duration.ofSeconds(1))
        .maxIdleTime(Duration.ofSeconds(5))
        .build();
  }

  @Bean
  HttpClient services(ConnectionProvider serviceConnections, ReactorResourceFactory resources) {
    return HttpClient.create(serviceConnections).runOn(resources.getLoopResources());
  }

  @Bean
  @ConditionalOnMissingBean
  AgentCommands agentCommands(RemoteService commandService) {
    return commandService.client(AgentCommands.class);
  }

  @Bean
  @ConditionalOnMissingBean
  AuditSeals auditSeals(RemoteService commandService) {
    return commandService.client(AuditSeals.class);
  }

  @Bean
  @ConditionalOnMissingBean
  SubjectErasure subjectErasure(RemoteService commandService) {
    return commandService.client(SubjectErasure.class);
  }

  @Bean
  @ConditionalOnMissingBean
  AgentQueries agentQueries(RemoteService queryService) {
    return queryService.client(AgentQueries.class);
  }

  @Bean
  @ConditionalOnMissingBean
  EventQueries eventQueries(RemoteService queryService) {
    return queryService.client(EventQueries.class);
  }

  @Bean
  @ConditionalOnMissingBean
  CausationQueries causationQueries(RemoteService queryService) {
    return queryService.client(CausationQueries.class);
  }

  @Bean
  @ConditionalOnMissingBean
  CommandQueries commandQueries(RemoteService queryService) {
    return queryService.client(CommandQueries.class);
  }

  @Bean
  @ConditionalOnMissingBean
  ProjectionAdmin projectionAdmin(RemoteService queryService) {
    return queryService.client(ProjectionAdmin.class);
  }
}
