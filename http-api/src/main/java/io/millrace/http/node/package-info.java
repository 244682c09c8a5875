/// Builds a node from its parts and runs it.
///
/// Enter at [Main]; tests enter at [Node].
@NullMarked
package io.millrace.http.node;

import org.jspecify.annotations.NullMarked;
