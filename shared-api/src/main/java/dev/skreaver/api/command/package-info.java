/** The command ledger: what was asked for, by whom, and what came of it. */
@NullMarked
package dev.skreaver.api.command;

import org.jspecify.annotations.NullMarked;
