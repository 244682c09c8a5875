package io.millrace.http.ingest;

import io.millrace.replication.AppendRequest.Acknowledgement;
import java.util.function.BooleanSupplier;

/// @param autoCreate whether a record for an unknown topic makes it
/// @param partitionsDefault of topics made so
/// @param entryBytesMax largest entry of the log, which a batch of records must fit in
/// @param acknowledgement when a record is acknowledged unless its request says
/// @param singleNode whether this node alone is the quorum
/// @param bodyBytesMax largest body
public record IngestSettings(
        boolean autoCreate,
        int partitionsDefault,
        int entryBytesMax,
        Acknowledgement acknowledgement,
        BooleanSupplier singleNode,
        long bodyBytesMax) {}
