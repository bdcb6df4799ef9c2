/** What is personal in events: sealed under the key of the subject that acted, and so erasable. */
@NullMarked
package dev.skreaver.api.personal;

import org.jspecify.annotations.NullMarked;
