/** What operators can ask and do: projections, replays, dead letters. */
@NullMarked
package dev.skreaver.gateway.admin;

import org.jspecify.annotations.NullMarked;
