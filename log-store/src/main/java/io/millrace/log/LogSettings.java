package io.millrace.log;

/// Settings of one partition's log.
///
/// @param segmentBytesMax a segment is sealed before it would exceed this size; a larger batch gets its own
///     segment; at most 2 GiB, so that a position fits an int as it does for Kafka
/// @param indexIntervalBytes distance of two entries in the sparse offset and time index
public record LogSettings(long segmentBytesMax, int indexIntervalBytes) {
    public static final LogSettings DEFAULT = new LogSettings(128L << 20, 4096);

    public LogSettings {
        if (segmentBytesMax < 1 || segmentBytesMax > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "segmentBytesMax must be 1 to %d, not %d".formatted(Integer.MAX_VALUE, segmentBytesMax));
        }
        if (indexIntervalBytes < 1) {
            throw new IllegalArgumentException("indexIntervalBytes must be at least 1, not " + indexIntervalBytes);
        }
    }
}
