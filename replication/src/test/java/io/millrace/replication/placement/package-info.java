@NullMarked
package io.millrace.replication.placement;

import org.jspecify.annotations.NullMarked;
