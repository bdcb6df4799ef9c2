/** Whether a process serves, and whether all it needs is there (wire contract §1.5). */
@NullMarked
package dev.skreaver.platform.health;

import org.jspecify.annotations.NullMarked;
