/// Indexed state against the collections of the JDK.
@NullMarked
package io.millrace.query.state;

import org.jspecify.annotations.NullMarked;
