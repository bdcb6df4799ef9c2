/** The REST face of the audit trail. */
@NullMarked
package dev.skreaver.gateway.audit;

import org.jspecify.annotations.NullMarked;
