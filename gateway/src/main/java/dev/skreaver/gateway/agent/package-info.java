/** The REST face of agents. */
@NullMarked
package dev.skreaver.gateway.agent;

import org.jspecify.annotations.NullMarked;
