package dev.skreaver.gateway.agent;

/** The body of a command that says all by its route: none, or an empty object. */
record NoMembers() {}
