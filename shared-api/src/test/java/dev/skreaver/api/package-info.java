@NullMarked
package dev.skreaver.api;

import org.jspecify.annotations.NullMarked;
