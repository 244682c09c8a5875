package io.millrace.query.source;

import io.millrace.query.data.Batch;
import java.io.IOException;

/// Turns one partition's records into rows of one source.
///
/// Which rows are good, late or bad, and the watermark, are pure functions of the records up to [#position];
/// how reading is cut
/// into calls changes nothing. Threading: one thread at a time.
public interface SourceReader extends AutoCloseable {
    /// Appends rows (weight +1) from records below `endOffset`, at most about `rowsMax` of them.
    ///
    /// @return records consumed; 0 when there are none now
    int read(Batch into, long endOffset, int rowsMax) throws IOException;

    /// Goes on as the reader did that stood here before, which is what its getters said. To be called before the
    /// first [#read].
    void resume(long watermarkMs, long lateCount, long badCount);

    /// Offset of the next record to consume.
    long position();

    /// The partition's watermark at [#position], `Long.MIN_VALUE` while there is none.
    long watermarkMs();

    /// Rows set aside so far as late, and as bad.
    long lateCount();

    long badCount();

    @Override
    void close() throws IOException;
}
