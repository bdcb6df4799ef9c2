package dev.skreaver.api.event;

import org.jspecify.annotations.Nullable;

/**
 * What a recorded event, or one part of it, says in the words of this release.
 *
 * @param event null if its payload was erased
 */
public record CurrentEvent(EventCatalog type, @Nullable DomainEvent event) {}
