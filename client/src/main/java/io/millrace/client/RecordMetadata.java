package io.millrace.client;

/// Where an acknowledged record lies and what was promised about it.
///
/// @param synced true only when it is fsynced on a quorum
/// @param duplicate true when an earlier attempt had already stored it
public record RecordMetadata(String topic, int partition, long offset, boolean synced, boolean duplicate) {}
