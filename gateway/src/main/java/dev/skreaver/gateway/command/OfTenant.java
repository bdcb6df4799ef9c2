package dev.skreaver.gateway.command;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.gateway.request.FromQuery;
import org.jspecify.annotations.Nullable;

/**
 * Whose command is meant.
 *
 * @param tenant another tenant than the caller's own; only for administrators
 */
record OfTenant(@Nullable TenantId tenant) implements FromQuery {}
