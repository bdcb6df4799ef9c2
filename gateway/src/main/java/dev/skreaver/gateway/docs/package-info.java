/** The OpenAPI document and the pages that show it. */
@NullMarked
package dev.skreaver.gateway.docs;

import org.jspecify.annotations.NullMarked;
