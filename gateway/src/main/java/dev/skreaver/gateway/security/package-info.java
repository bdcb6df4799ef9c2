/** Who asks, and what they may ask for. */
@NullMarked
package dev.skreaver.gateway.security;

import org.jspecify.annotations.NullMarked;
