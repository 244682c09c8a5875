package io.millrace.http.server;

/// Whether a client takes what is written to it.
///
/// Threading: the event loop of its connection.
final class WriteProgress {
    private static final int PROGRESS_BYTES = 4 << 10;

    private long submittedBytes;
    private long takenBytesSeen;
    private long sinceNanos;

    WriteProgress(long nowNanos) {
        sinceNanos = nowNanos;
    }

    void submitted(int bytes) {
        submittedBytes += bytes;
    }

    /// @param pendingBytes submitted, and not yet gone as a whole piece: what is left of the piece that is being
    ///     written counts as pending until the last byte of it has gone
    /// @param currentBytes of that piece that have gone
    void observe(long pendingBytes, long currentBytes, long nowNanos) {
        long taken = submittedBytes - pendingBytes + currentBytes;
        if (pendingBytes == 0 || taken >= takenBytesSeen + PROGRESS_BYTES) {
            takenBytesSeen = taken;
            sinceNanos = nowNanos;
        }
    }

    /// When it was last seen to take something, or to have nothing to take.
    long sinceNanos() {
        return sinceNanos;
    }
}
