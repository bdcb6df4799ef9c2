@NullMarked
package dev.skreaver.api.audit;

import org.jspecify.annotations.NullMarked;
