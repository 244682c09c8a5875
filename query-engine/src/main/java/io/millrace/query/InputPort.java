package io.millrace.query;

import io.millrace.log.RecordReader;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// The topics that queries read. Any thread.
public interface InputPort {
    /// Code of the [SqlException] for what cannot be told yet, but will be.
    String NOT_READY = "not_ready";

    /// A topic. May wait some seconds for what this node has not heard of since it started.
    ///
    /// @return empty only when there is no such topic
    /// @throws SqlException [#NOT_READY]
    Optional<InputTopic> topic(String name);

    /// All topics, likewise; also those that [#topic] would still wait for.
    List<InputTopic> topics();

    /// A reader that delivers markers too.
    ///
    /// @throws io.millrace.log.OffsetOutOfRangeException retention has deleted it, or it does not exist yet
    RecordReader open(String topic, int partition, long fromOffset) throws IOException;

    /// First offset that can still be read.
    long earliestOffset(String topic, int partition);

    /// First offset that cannot be read yet.
    long endOffset(String topic, int partition);

    long offsetAtTime(String topic, int partition, long timestampMs) throws IOException;

    /// Called after records of a topic became readable or topics changed, on a thread that must not be blocked.
    AutoCloseable onChange(Runnable listener);

    /// @param id another one for a topic made again under the same name
    record InputTopic(String name, long id, int partitions) {}
}
