package io.millrace.client;

import java.util.List;

/// A topic and its partitions, in order of their numbers.
public record TopicDescription(String name, String cleanup, List<PartitionDescription> partitions) {
    public TopicDescription {
        partitions = List.copyOf(partitions);
    }

    /// One partition. `leader` is empty while there is none; numbers the server did not tell are -1.
    public record PartitionDescription(
            int partition,
            String leader,
            List<String> replicas,
            long earliestOffset,
            long nextOffset,
            long highWatermark,
            long sizeBytes) {
        public PartitionDescription {
            replicas = List.copyOf(replicas);
        }
    }
}
