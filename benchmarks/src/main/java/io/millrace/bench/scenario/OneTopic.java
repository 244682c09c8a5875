package io.millrace.bench.scenario;

import io.millrace.log.PartitionLog;
import io.millrace.log.RecordReader;
import io.millrace.query.InputPort;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// One topic of one partition, without a node around it.
record OneTopic(String name, PartitionLog log) implements InputPort {
    @Override
    public Optional<InputTopic> topic(String wanted) {
        return wanted.equals(name) ? Optional.of(new InputTopic(name, 1, 1)) : Optional.empty();
    }

    @Override
    public List<InputTopic> topics() {
        return List.of(new InputTopic(name, 1, 1));
    }

    @Override
    public RecordReader open(String topic, int partition, long fromOffset) throws IOException {
        return log.reader(fromOffset);
    }

    @Override
    public long earliestOffset(String topic, int partition) {
        return log.earliestOffset();
    }

    @Override
    public long endOffset(String topic, int partition) {
        return log.highWatermark();
    }

    @Override
    public long offsetAtTime(String topic, int partition, long timestampMs) throws IOException {
        return log.offsetAtTime(timestampMs);
    }

    @Override
    public AutoCloseable onChange(Runnable listener) {
        return () -> {};
    }
}
