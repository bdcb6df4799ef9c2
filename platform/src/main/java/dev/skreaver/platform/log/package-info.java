/** How log lines look and which are written (runbook §9.10). */
@NullMarked
package dev.skreaver.platform.log;

import org.jspecify.annotations.NullMarked;
