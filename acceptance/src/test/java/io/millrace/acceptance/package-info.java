/// What a user would see, tried on real processes started by the launcher.
@NullMarked
package io.millrace.acceptance;

import org.jspecify.annotations.NullMarked;
