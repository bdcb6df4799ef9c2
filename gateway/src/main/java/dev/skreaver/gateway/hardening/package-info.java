/** What the edge does not put up with, before any endpoint is asked. */
@NullMarked
package dev.skreaver.gateway.hardening;

import org.jspecify.annotations.NullMarked;
