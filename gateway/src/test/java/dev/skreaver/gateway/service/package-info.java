@NullMarked
package dev.skreaver.gateway.service;

import org.jspecify.annotations.NullMarked;
