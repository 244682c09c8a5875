package io.millrace.query.source;

import io.millrace.log.RecordReader;
import io.millrace.query.plan.SourceSpec;

/// Makes readers of sources.
public final class SourceReaders {
    private SourceReaders() {}

    /// Opens one partition of a source.
    ///
    /// @param records of that partition, standing where reading begins; closed with the returned reader
    public static SourceReader open(SourceSpec source, RecordReader records, int partition) {
        RowDecoder decoder = switch (source.format()) {
            case JSON, CHANGES -> new JsonDecoder(source);
            case CSV -> new CsvDecoder(source);
            case TEXT, BYTES -> new WholeDecoder(source);
        };
        return new PartitionSourceReader(source, decoder, records, partition);
    }
}
