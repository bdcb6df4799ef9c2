/** What every REST request may say besides its body: preconditions, positions, query parameters. */
@NullMarked
package dev.skreaver.gateway.request;

import org.jspecify.annotations.NullMarked;
