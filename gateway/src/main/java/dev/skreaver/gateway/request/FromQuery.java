package dev.skreaver.gateway.request;

/**
 * A record whose components are the query parameters of an endpoint, in snake_case; {@link
 * QueryBinder} says how they are read. Nothing else may be in the query string.
 */
public interface FromQuery {}
