package dev.skreaver.command.agent;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.store.CommandReceipts;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.command.store.SnapshotFormat;
import dev.skreaver.command.store.SnapshottingEventStore;
import dev.skreaver.command.store.SubjectKeys.Actor;
import dev.skreaver.platform.ConfigurationError;
import dev.skreaver.platform.Settings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import org.axonframework.commandhandling.AsynchronousCommandBus;
import org.axonframework.commandhandling.CommandBus;
import org.axonframework.commandhandling.CommandMessage;
import org.axonframework.commandhandling.gateway.CommandGateway;
import org.axonframework.commandhandling.gateway.DefaultCommandGateway;
import org.axonframework.commandhandling.gateway.ExponentialBackOffIntervalRetryScheduler;
import org.axonframework.common.lock.NullLockFactory;
import org.axonframework.eventsourcing.CachingEventSourcingRepository;
import org.axonframework.eventsourcing.EventSourcingRepository;
import org.axonframework.eventsourcing.eventstore.EventStore;
import org.axonframework.messaging.MessageHandlerInterceptor;
import org.axonframework.messaging.annotation.ClasspathParameterResolverFactory;
import org.axonframework.messaging.annotation.MultiParameterResolverFactory;
import org.axonframework.messaging.annotation.ParameterResolverFactory;
import org.axonframework.messaging.annotation.SimpleResourceParameterResolverFactory;
import org.axonframework.modelling.command.AggregateAnnotationCommandHandler;
import org.axonframework.modelling.command.ConcurrencyException;
import org.axonframework.modelling.command.Repository;
import org.axonframework.modelling.command.VersionedAggregateIdentifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** Axon, put together by hand: the agent's way from a command to its events. */
@Configuration(proxyBeanMethods = false)
class AgentConfiguration {
  private static final int CACHED_AGENTS = 20_000;

  /** An agent of any length is then loaded in about the time that 100 events take. */
  private static final int SNAPSHOT_EVERY = 100;

  /** Enough for a handful of instances that all want to change one agent at the same time. */
  private static final int RETRIES = 8;

  private static final long FIRST_RETRY_MILLIS = 5;

  @Bean
  AgentRules agentRules(Environment environment) {
    List<String> customTypes = Settings.of(environment).list("SKREAVER_CUSTOM_AGENT_TYPES");
    for (String name : customTypes) {
      try {
        new AgentType.Custom(name);
      } catch (Refusal e) {
        throw new ConfigurationError(
            "SKREAVER_CUSTOM_AGENT_TYPES",
            "'%s' is not a type's name; give 1 to 64 of A-Z a-z 0-9 - _, separated by commas"
                .formatted(Refusal.quote(name)));
      }
    }
    return new AgentRules(Set.copyOf(customTypes));
  }

  @Bean(destroyMethod = "close")
  ExecutorService commandThreads() {
    return Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("command-", 0).factory());
  }

  /** It ends when all that waits here was tried again: somebody may wait for its answer. */
  @Bean(destroyMethod = "close")
  ScheduledExecutorService commandRetries() {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofVirtual().name("command-retry-", 0).factory());
  }

  @Bean
  CommandBus commandBus(ExecutorService commandThreads, PostgresEventStorageEngine engine) {
    var bus = AsynchronousCommandBus.builder().executor(commandThreads).build();
    bus.registerHandlerInterceptor(
        acting(command -> ReceivedCommand.of(command).actor(engine.subjects())));
    return bus;
  }

  /** Commands come with the name of who gives them; handlers and events know it only sealed. */
  private static MessageHandlerInterceptor<CommandMessage<?>> acting(
      Function<CommandMessage<?>, Actor> actor) {
    return (command, chain) -> {
      command.transformMessage(
          message -> message.andMetaData(Map.of(Actor.IN_METADATA, actor.apply(message))));
      return chain.proceed();
    };
  }

  @Bean
  AggregateCache agentCache(PostgresEventStorageEngine engine) {
    var cache = new AggregateCache(CACHED_AGENTS);
    engine.whenItWentBack(cache::removeAll);
    return cache;
  }

  @Bean
  SnapshotFormat agentSnapshotFormat() {
    return AgentSnapshots.format();
  }

  @Bean
  AgentSnapshots agentSnapshots(PostgresEventStorageEngine engine, Environment environment) {
    return new AgentSnapshots(
        engine,
        Settings.of(environment).number("SKREAVER_SNAPSHOT_EVERY", SNAPSHOT_EVERY, 0, 1_000_000));
  }

  @Bean
  ParameterResolverFactory agentParameters(AgentRules rules) {
    return MultiParameterResolverFactory.ordered(
        ClasspathParameterResolverFactory.forClass(Agent.class),
        new SimpleResourceParameterResolverFactory(List.of(rules)));
  }

  @Bean
  Repository<Agent> agents(
      EventStore eventStore,
      ParameterResolverFactory parameters,
      AggregateCache agentCache,
      CommandBus commandBus,
      AgentSnapshots agentSnapshots) {
    CachingEventSourcingRepository<Agent> repository =
        EventSourcingRepository.builder(Agent.class)
            .eventStore(eventStore)
            .cache(agentCache)
            .snapshotTriggerDefinition(agentSnapshots)
            .parameterResolverFactory(parameters)
            .build();
    subscribe(repository, parameters, commandBus);
    return repository;
  }

  private static void subscribe(
      Repository<Agent> repository, ParameterResolverFactory parameters, CommandBus commandBus) {
    AggregateAnnotationCommandHandler.<Agent>builder()
        .aggregateType(Agent.class)
        .repository(repository)
        .parameterResolverFactory(parameters)
        .commandTargetResolver(
            message ->
                new VersionedAggregateIdentifier(
                    ((AgentCommand) message.getPayload()).agent(), null))
        .build()
        .subscribe(commandBus);
  }

  /** Another instance was faster: the command is decided again on what it left. */
  @Bean
  CommandGateway commandGateway(
      CommandBus commandBus, Repository<Agent> agents, ScheduledExecutorService commandRetries) {
    return DefaultCommandGateway.builder()
        .commandBus(commandBus)
        .retryScheduler(
            ExponentialBackOffIntervalRetryScheduler.builder()
                .retryExecutor(commandRetries)
                .backoffFactor(FIRST_RETRY_MILLIS)
                .maxRetryCount(RETRIES)
                .nonTransientFailurePredicate(failure -> !(failure instanceof ConcurrencyException))
                .build())
        .build();
  }

  @Bean
  AgentCommandDispatch agentCommandDispatch(
      CommandGateway gateway, PostgresEventStorageEngine engine, AggregateCache agentCache) {
    return new AgentCommandDispatch(gateway, engine, agentCache);
  }

  /** A command bus of their own, to agents that are neither cached nor locked nor stored. */
  @Bean
  DryRuns dryRuns(
      ExecutorService commandThreads,
      ParameterResolverFactory parameters,
      PostgresEventStorageEngine engine) {
    var bus = AsynchronousCommandBus.builder().executor(commandThreads).build();
    bus.registerHandlerInterceptor(acting(DryRuns::actor));
    EventSourcingRepository<Agent> repository =
        EventSourcingRepository.builder(Agent.class)
            .eventStore(
                new SnapshottingEventStore(
                    new DryRuns.Storage(engine), engine, AgentSnapshots.format()))
            .lockFactory(NullLockFactory.INSTANCE)
            .parameterResolverFactory(parameters)
            .build();
    subscribe(repository, parameters, bus);
    return new DryRuns(DefaultCommandGateway.builder().commandBus(bus).build(), engine);
  }

  @Bean
  CommandLedger commandLedger(PostgresEventStorageEngine engine) {
    return new CommandLedger(engine);
  }

  @Bean
  RepeatedCommands repeatedCommands(
      AgentCommandDispatch dispatch,
      CommandLedger ledger,
      CommandReceipts receipts,
      PostgresEventStorageEngine engine) {
    var repeated =
        new RepeatedCommands(
            dispatch, ledger, receipts, engine.subjects(), Duration.ofHours(receipts.hours()));
    engine.whenItWentBack(repeated::forget);
    return repeated;
  }
}
