package io.millrace.replication;

/// @param version counts from 1
@SuppressWarnings("ArrayRecordComponent") // an opaque document; never compared
public record Document(byte[] value, long version) {}
