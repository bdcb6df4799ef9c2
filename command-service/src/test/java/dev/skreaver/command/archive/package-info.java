@NullMarked
package dev.skreaver.command.archive;

import org.jspecify.annotations.NullMarked;
