package io.millrace.log;

import java.nio.ByteBuffer;

/// Encodes a [RecordBuffer] as one record batch, Kafka layout v2, base offset 0. Keeps its scratch memory
/// between
/// calls.
///
/// Threading: one thread at a time.
public final class BatchWriter {
    public BatchWriter(Compression compression) {}

    /// Largest number of bytes that `records` can need, batch header included.
    public static int sizeBytesMax(RecordBuffer records) {
        throw new UnsupportedOperationException();
    }

    /// Writes the batch at `target`'s position and moves it. A buffer without records is a caller's mistake.
    ///
    /// @return bytes written
    public int write(RecordBuffer records, ByteBuffer target) {
        throw new UnsupportedOperationException();
    }
}
