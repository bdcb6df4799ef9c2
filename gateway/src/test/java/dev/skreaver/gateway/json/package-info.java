@NullMarked
package dev.skreaver.gateway.json;

import org.jspecify.annotations.NullMarked;
