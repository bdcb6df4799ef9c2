package dev.skreaver.api.subject;

import dev.skreaver.api.event.DomainEvent;
import dev.skreaver.api.personal.Personal;

/**
 * A subject's key was destroyed, and with it all that was personal to the subject.
 *
 * @param subject the pseudonym that is shown for it from now on, never the name
 * @param reason why, in the words of who asked for it
 */
public record SubjectErased(String subject, @Personal String reason) implements DomainEvent {}
