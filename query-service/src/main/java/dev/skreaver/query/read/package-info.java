/** What every query needs: checked input, composed conditions, and one way to say "not now". */
@NullMarked
package dev.skreaver.query.read;

import org.jspecify.annotations.NullMarked;
