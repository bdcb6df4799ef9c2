/** Data subjects: the people and services that act, and the erasure of what is personal to them. */
@NullMarked
package dev.skreaver.api.subject;

import org.jspecify.annotations.NullMarked;
