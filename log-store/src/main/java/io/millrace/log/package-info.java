/// The log of one partition: batches of records on disk, in order, each at its offset.
@NullMarked
package io.millrace.log;

import org.jspecify.annotations.NullMarked;
