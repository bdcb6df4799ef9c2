/** On whose behalf something is done. */
@NullMarked
package dev.skreaver.api.caller;

import org.jspecify.annotations.NullMarked;
