/** What every HTTP answer of every service has in common: ids, JSON, problem documents. */
@NullMarked
package dev.skreaver.platform.web;

import org.jspecify.annotations.NullMarked;
