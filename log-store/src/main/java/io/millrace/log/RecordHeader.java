package io.millrace.log;

/// A header of a record.
///
/// @param value its bytes; not to be changed
@SuppressWarnings("ArrayRecordComponent") // bytes travel through; nobody compares headers
public record RecordHeader(String name, byte[] value) {}
