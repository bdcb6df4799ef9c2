@NullMarked
package dev.skreaver.embedded;

import org.jspecify.annotations.NullMarked;
