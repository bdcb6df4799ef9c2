/** Data subjects: the erasure of what is personal to them. */
@NullMarked
package dev.skreaver.gateway.subject;

import org.jspecify.annotations.NullMarked;
