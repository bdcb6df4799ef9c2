package dev.skreaver.gateway.subject;

/**
 * The body of {@code POST /admin/subjects/erase}.
 *
 * @param subject the name, as tokens have it
 * @param reason why, without the name
 */
record EraseSubject(String subject, String reason) {}
