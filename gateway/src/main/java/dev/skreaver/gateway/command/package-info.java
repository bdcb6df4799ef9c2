/** The REST face of the command ledger. */
@NullMarked
package dev.skreaver.gateway.command;

import org.jspecify.annotations.NullMarked;
