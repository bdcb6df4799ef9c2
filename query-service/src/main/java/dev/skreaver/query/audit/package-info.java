/** Recorded events as auditors and streams ask for them. */
@NullMarked
package dev.skreaver.query.audit;

import org.jspecify.annotations.NullMarked;
