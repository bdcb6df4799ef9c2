package dev.skreaver.gateway.audit;

import dev.skreaver.api.event.RecordedEvent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of the audit trail, by position.
 *
 * @param next give it as {@code after} for the page that follows; absent on the last
 */
record EventPage(List<RecordedEvent> events, @Nullable Long next) {}
