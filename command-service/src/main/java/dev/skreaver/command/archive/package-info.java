/** Old events, taken out of the database into files and back. */
@NullMarked
package dev.skreaver.command.archive;

import org.jspecify.annotations.NullMarked;
