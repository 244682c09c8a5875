package io.millrace.query.sql;

import io.millrace.log.RecordReader;
import io.millrace.query.InputPort;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.source.Inference;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/// Looks at the newest records of the partition that has most.
final class SampledInference implements ColumnInference {
    @Override
    public List<ColumnInfo> infer(InputPort inputs, InputPort.InputTopic topic) {
        int fullest = 0;
        long most = 0;
        for (int partition = 0; partition < topic.partitions(); partition++) {
            long count = inputs.endOffset(topic.name(), partition) - inputs.earliestOffset(topic.name(), partition);
            if (count > most) {
                most = count;
                fullest = partition;
            }
        }
        if (most == 0) {
            return List.of();
        }
        long end = inputs.endOffset(topic.name(), fullest);
        long from = Math.max(inputs.earliestOffset(topic.name(), fullest), end - Inference.RECORDS_MAX);
        try (RecordReader sample = inputs.open(topic.name(), fullest, from)) {
            return Inference.infer(sample);
        } catch (IOException failure) {
            throw new UncheckedIOException("topic " + topic.name() + " cannot be read", failure);
        }
    }
}
