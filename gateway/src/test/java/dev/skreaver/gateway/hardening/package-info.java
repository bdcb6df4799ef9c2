@NullMarked
package dev.skreaver.gateway.hardening;

import org.jspecify.annotations.NullMarked;
