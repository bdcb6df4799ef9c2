@NullMarked
package dev.skreaver.gateway.security;

import org.jspecify.annotations.NullMarked;
