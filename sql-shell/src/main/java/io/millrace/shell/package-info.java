@NullMarked
package io.millrace.shell;

import org.jspecify.annotations.NullMarked;
