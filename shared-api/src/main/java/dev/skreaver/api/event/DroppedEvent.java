package dev.skreaver.api.event;

/**
 * An event that a later release gave no meaning any more ({@link Upcast.Start#dropped}): it counts
 * among its agent's events and changes nothing.
 */
public record DroppedEvent() {}
