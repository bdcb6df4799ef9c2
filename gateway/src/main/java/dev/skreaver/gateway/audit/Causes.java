package dev.skreaver.gateway.audit;

import dev.skreaver.api.event.CausationQueries.Step;
import dev.skreaver.api.event.RecordedEvent;
import java.util.List;

/**
 * What led to an event.
 *
 * @param causes by depth, then by position
 * @param truncated whether there are more than the depth or the limit allowed
 */
record Causes(RecordedEvent event, List<Step> causes, boolean truncated) {}
