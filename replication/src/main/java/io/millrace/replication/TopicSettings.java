package io.millrace.replication;

import java.util.Map;

/// @param replication nodes that hold each partition; 0 for the cluster's default
/// @param labels free text kept with the topic (`schema`, owner of a query's output …)
public record TopicSettings(
        int partitions, int replication, Retention retention, Cleanup cleanup, Map<String, String> labels) {
    public static final int PARTITIONS_MAX = 4096;
    public static final TopicSettings DEFAULT = new TopicSettings(8, 0, Retention.FOREVER, Cleanup.DELETE, Map.of());

    public TopicSettings {
        labels = Map.copyOf(labels);
        if (partitions < 1 || partitions > PARTITIONS_MAX) {
            throw new IllegalArgumentException(
                    "partitions must be 1 to %d, not %d".formatted(PARTITIONS_MAX, partitions));
        }
    }

    public enum Cleanup {
        DELETE,
        COMPACT
    }
}
