/** The way from the gateway to the services behind it, where they are other processes. */
@NullMarked
package dev.skreaver.gateway.service;

import org.jspecify.annotations.NullMarked;
