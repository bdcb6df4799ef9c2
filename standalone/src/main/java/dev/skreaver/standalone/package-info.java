/**
 * One JVM with the three services and embedded servers: the default way to run. Only wiring, and
 * the development issuer, which exists nowhere else.
 */
@NullMarked
package dev.skreaver.standalone;

import org.jspecify.annotations.NullMarked;
