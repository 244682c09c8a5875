package io.millrace.log;

/// Settings of one partition's log.
///
/// @param segmentBytesMax a segment is sealed before it would exceed this size
/// @param indexIntervalBytes distance of two entries in the sparse offset and time index
public record LogSettings(long segmentBytesMax, int indexIntervalBytes) {
    public static final LogSettings DEFAULT = new LogSettings(128L << 20, 4096);
}
