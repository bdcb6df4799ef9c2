@NullMarked
package dev.skreaver.query.audit;

import org.jspecify.annotations.NullMarked;
