package io.millrace.client;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Reads the partitions of a topic for a group and remembers how far the group has come.
///
/// Threading: one thread at a time, except [#close], which any thread may call and which ends a waiting
/// [#poll].
public interface Consumer extends AutoCloseable {

    /// Records that have not been returned yet, waiting up to `wait` for the first. Empty when there were none.
    List<ReceivedRecord> poll(Duration wait);

    /// Makes durable that every record returned so far is processed.
    void commit();

    /// Makes durable that `record` and those before it in its partition are processed.
    void commit(ReceivedRecord record);

    /// Reads this partition from `offset` next.
    void seek(int partition, long offset);

    /// Per partition, the offset that is read next; partitions that were not read yet are absent.
    Map<Integer, Long> positions();

    /// The partitions it reads.
    List<Integer> partitions();

    @Override
    void close();
}
