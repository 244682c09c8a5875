/// The log of one partition: batches of records on disk, in order, each record at its offset.
///
/// Enter at [LogStore]. A partition has one writer; readers are any number of threads and stop at the high
/// watermark. Nothing here knows of replication, SQL or HTTP.
@NullMarked
package io.millrace.log;

import org.jspecify.annotations.NullMarked;
