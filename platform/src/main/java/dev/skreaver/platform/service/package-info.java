/** How the services know each other (docs/adr/0007). */
@NullMarked
package dev.skreaver.platform.service;

import org.jspecify.annotations.NullMarked;
