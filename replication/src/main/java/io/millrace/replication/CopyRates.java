package io.millrace.replication;

/// How fast a node reads and writes in the background.
///
/// @param copyBytesPerSecond that a replica fetches from a peer when it is rebuilt
/// @param scrubBytesPerSecond that are read to find bit rot
/// @param transfersMax groups that may move between nodes at the same time
public record CopyRates(long copyBytesPerSecond, long scrubBytesPerSecond, int transfersMax) {
    public static final CopyRates DEFAULT = new CopyRates(100L << 20, 8L << 20);

    /// With one group that may move at a time.
    public CopyRates(long copyBytesPerSecond, long scrubBytesPerSecond) {
        this(copyBytesPerSecond, scrubBytesPerSecond, 1);
    }

    public CopyRates {
        if (copyBytesPerSecond < 1 || scrubBytesPerSecond < 1) {
            throw new IllegalArgumentException("rates are at least 1 byte a second, not %d and %d"
                    .formatted(copyBytesPerSecond, scrubBytesPerSecond));
        }
        if (transfersMax < 1) {
            throw new IllegalArgumentException("at least 1 group may move at a time, not " + transfersMax);
        }
    }
}
