/** The published language of the agent lifecycle: commands, events, queries, views. */
@NullMarked
package dev.skreaver.api.agent;

import org.jspecify.annotations.NullMarked;
