package io.millrace.client;

import java.util.List;

/// What a consumer reads.
///
/// @param partitions the partitions to read; empty means all of the topic's
/// @param startAt where a group that has committed nothing begins
/// @param recordsMax the most records one request brings, 1 to 10,000
public record ConsumerSettings(String topic, String group, List<Integer> partitions, StartAt startAt, int recordsMax) {
    public static final int RECORDS_LIMIT = 10_000;

    public ConsumerSettings {
        partitions = List.copyOf(partitions);
        if (recordsMax < 1 || recordsMax > RECORDS_LIMIT) {
            throw new IllegalArgumentException("recordsMax must be from 1 to " + RECORDS_LIMIT + ", not " + recordsMax);
        }
    }

    /// Where to begin when nothing is committed.
    public enum StartAt {
        EARLIEST,
        LATEST
    }

    /// All partitions, from the committed offset or else the earliest.
    public static ConsumerSettings group(String topic, String group) {
        return new ConsumerSettings(topic, group, List.of(), StartAt.EARLIEST, 1_000);
    }

    /// Only these partitions.
    public ConsumerSettings onPartitions(List<Integer> numbers) {
        return new ConsumerSettings(topic, group, numbers, startAt, recordsMax);
    }

    /// Begin there when nothing is committed.
    public ConsumerSettings startingAt(StartAt place) {
        return new ConsumerSettings(topic, group, partitions, place, recordsMax);
    }

    /// At most so many records a request.
    public ConsumerSettings withRecordsMax(int count) {
        return new ConsumerSettings(topic, group, partitions, startAt, count);
    }
}
