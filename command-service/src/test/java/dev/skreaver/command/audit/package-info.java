@NullMarked
package dev.skreaver.command.audit;

import org.jspecify.annotations.NullMarked;
