/** JSON from outside: read strictly, or refused with the field that is at fault. */
@NullMarked
package dev.skreaver.gateway.json;

import org.jspecify.annotations.NullMarked;
