package io.millrace.replication;

/// How fast a node reads and writes in the background.
///
/// @param copyBytesPerSecond that a replica fetches from a peer when it is rebuilt
/// @param scrubBytesPerSecond that are read to find bit rot
public record CopyRates(long copyBytesPerSecond, long scrubBytesPerSecond) {
    public static final CopyRates DEFAULT = new CopyRates(100L << 20, 8L << 20);

    public CopyRates {
        if (copyBytesPerSecond < 1 || scrubBytesPerSecond < 1) {
            throw new IllegalArgumentException("rates are at least 1 byte a second, not %d and %d"
                    .formatted(copyBytesPerSecond, scrubBytesPerSecond));
        }
    }
}
