package dev.skreaver.api.event;

/** What the event store keeps; every kind is in {@link EventCatalog}. */
public interface DomainEvent {}
