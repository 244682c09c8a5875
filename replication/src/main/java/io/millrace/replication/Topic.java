package io.millrace.replication;

/// A topic as it is agreed on.
///
/// @param id unique for ever: a topic made again under the same name has another one
public record Topic(String name, long id, TopicSettings settings) {
    public int partitions() {
        return settings.partitions();
    }
}
