package dev.skreaver.gateway.request;

/** The body of a command that says all by its route: none, or an empty object. */
public record NoMembers() {}
