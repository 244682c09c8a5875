package io.millrace.replication.partition;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogEnd;
import io.millrace.log.PartitionLog;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/// A partition's log as everyone but the applying thread may use it.
abstract class ReadingOnly implements PartitionLog {
    final String name;

    /// @param name topic and partition, for messages
    ReadingOnly(String name) {
        this.name = name;
    }

    @Override
    public final void replaceBy(PartitionLog successor) {
        throw readingOnly();
    }

    @Override
    public final void onDamage(Consumer<CorruptLogException> listener) {
        throw readingOnly();
    }

    @Override
    public final long append(ByteBuffer batch, int leaderEpoch) {
        throw readingOnly();
    }

    @Override
    public final void advanceHighWatermark(long offset) {
        throw readingOnly();
    }

    @Override
    public final LogEnd flush() {
        throw readingOnly();
    }

    @Override
    public final void raiseEarliest(long offset) {
        throw readingOnly();
    }

    @Override
    public final void close() {
        throw readingOnly();
    }

    final UnsupportedOperationException readingOnly() {
        return new UnsupportedOperationException(
                "partition %s is for reading only; write through ReplicatedLog".formatted(name));
    }
}
