@NullMarked
package dev.skreaver.gateway.request;

import org.jspecify.annotations.NullMarked;
