@NullMarked
package io.millrace.query.parser;

import org.jspecify.annotations.NullMarked;
