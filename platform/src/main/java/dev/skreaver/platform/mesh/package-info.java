/** The connection to the Redis that carries events between services. */
@NullMarked
package dev.skreaver.platform.mesh;

import org.jspecify.annotations.NullMarked;
