@NullMarked
package dev.skreaver.gateway.stream;

import org.jspecify.annotations.NullMarked;
