@NullMarked
package dev.skreaver.standalone;

import org.jspecify.annotations.NullMarked;
