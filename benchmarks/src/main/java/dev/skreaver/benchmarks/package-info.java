/** What is hot, measured beside a named limit in the same run. */
@NullMarked
package dev.skreaver.benchmarks;

import org.jspecify.annotations.NullMarked;
