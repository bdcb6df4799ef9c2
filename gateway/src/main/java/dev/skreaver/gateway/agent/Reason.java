package dev.skreaver.gateway.agent;

/** Why an agent is paused or stopped; people read it in the agent and in the audit trail. */
record Reason(String reason) {}
