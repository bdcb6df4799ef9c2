@NullMarked
package dev.skreaver.gateway.docs;

import org.jspecify.annotations.NullMarked;
