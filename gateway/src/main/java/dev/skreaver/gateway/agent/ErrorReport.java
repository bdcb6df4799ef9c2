package dev.skreaver.gateway.agent;

/**
 * What whoever runs an agent reports.
 *
 * @param recoverable whether the agent can go on after {@code recover}; if not, it can only be
 *     stopped
 */
record ErrorReport(String error, boolean recoverable) {}
