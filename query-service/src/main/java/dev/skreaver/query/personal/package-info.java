/** What is personal in events and read models, opened where it is shown. */
@NullMarked
package dev.skreaver.query.personal;

import org.jspecify.annotations.NullMarked;
