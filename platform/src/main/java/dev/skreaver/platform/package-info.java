/** What every service process needs: settings that are checked when they are read. */
@NullMarked
package dev.skreaver.platform;

import org.jspecify.annotations.NullMarked;
