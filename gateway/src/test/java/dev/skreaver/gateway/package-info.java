@NullMarked
package dev.skreaver.gateway;

import org.jspecify.annotations.NullMarked;
