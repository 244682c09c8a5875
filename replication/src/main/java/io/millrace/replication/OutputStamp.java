package io.millrace.replication;

/// Written in the same entry as a query's output rows, so that a crash cannot separate them.
///
/// @param frontier opaque to replication
/// @param watermarkMs event time up to which the output is complete, `Long.MIN_VALUE` for none
@SuppressWarnings("ArrayRecordComponent") // an opaque document; never compared
public record OutputStamp(String query, long generation, long step, byte[] frontier, long watermarkMs) {}
