package dev.skreaver.gateway.audit;

import dev.skreaver.api.event.CausationQueries.Step;
import dev.skreaver.api.event.RecordedEvent;
import java.util.List;

/**
 * What an event led to.
 *
 * @param effects by depth, then by position
 * @param truncated whether there are more than the depth or the limit allowed
 */
record Effects(RecordedEvent event, List<Step> effects, boolean truncated) {}
