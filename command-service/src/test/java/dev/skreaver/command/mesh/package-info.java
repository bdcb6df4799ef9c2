@NullMarked
package dev.skreaver.command.mesh;

import org.jspecify.annotations.NullMarked;
