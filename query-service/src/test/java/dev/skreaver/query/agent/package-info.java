@NullMarked
package dev.skreaver.query.agent;

import org.jspecify.annotations.NullMarked;
