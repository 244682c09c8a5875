package io.millrace.log;

/// Where a log ends: the offset the next record gets, and the byte at which the next batch starts.
///
/// @param segmentFirstOffset names the segment file that holds the end
/// @param positionBytes length of that file's valid part
/// @param nextOffset offset of the next record
/// @param earliestOffset first offset that readers may see; raised by retention
public record LogEnd(long segmentFirstOffset, long positionBytes, long nextOffset, long earliestOffset) {}
