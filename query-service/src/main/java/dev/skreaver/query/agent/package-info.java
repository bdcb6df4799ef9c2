/** The agents' read model: as they are, page by page, and as they were. */
@NullMarked
package dev.skreaver.query.agent;

import org.jspecify.annotations.NullMarked;
