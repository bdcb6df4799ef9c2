/** Agents: the aggregate, its rules, and what the service offers for them. */
@NullMarked
package dev.skreaver.command.agent;

import org.jspecify.annotations.NullMarked;
