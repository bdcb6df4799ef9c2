/** Recorded events: their names on the wire, their stored form, and how they are asked for. */
@NullMarked
package dev.skreaver.api.event;

import org.jspecify.annotations.NullMarked;
