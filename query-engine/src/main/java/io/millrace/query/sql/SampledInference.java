package io.millrace.query.sql;

import io.millrace.log.RecordReader;
import io.millrace.query.InputPort;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.source.Inference;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/// Looks at the newest records of every partition: records with one key are all in one of them, and the markers of
/// idle partitions make empty ones look as full as others.
final class SampledInference implements ColumnInference {
    @Override
    public List<ColumnInfo> infer(InputPort inputs, InputPort.InputTopic topic) {
        List<RecordReader> samples = new ArrayList<>();
        try {
            try {
                for (int partition = 0; partition < topic.partitions(); partition++) {
                    long earliest = inputs.earliestOffset(topic.name(), partition);
                    long end = inputs.endOffset(topic.name(), partition);
                    if (end > earliest) {
                        long from = Math.max(earliest, end - Inference.RECORDS_MAX);
                        samples.add(inputs.open(topic.name(), partition, from));
                    }
                }
                return Inference.infer(samples);
            } finally {
                for (RecordReader sample : samples) {
                    sample.close();
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("topic " + topic.name() + " cannot be read", failure);
        }
    }
}
