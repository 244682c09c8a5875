package io.millrace.http.ingest;

/// @param autoCreate whether a record for an unknown topic makes it
/// @param partitionsDefault of topics made so
/// @param entryBytesMax largest entry of the log, which a batch of records must fit in
/// @param singleNode whether this node alone is the quorum
/// @param bodyBytesMax largest body
public record IngestSettings(
        boolean autoCreate, int partitionsDefault, int entryBytesMax, boolean singleNode, long bodyBytesMax) {}
