/** The query service: read models, audit, time travel, replay. */
@NullMarked
package dev.skreaver.query;

import org.jspecify.annotations.NullMarked;
