package io.millrace.client;

import java.util.List;
import java.util.Optional;

/// Makes, lists, describes and deletes topics.
public interface TopicAdmin {

    /// Makes a topic. The same again is fine; other settings are refused with `409`.
    void create(TopicSpec spec);

    /// The names, in the server's order.
    List<String> list();

    /// The topic's partitions, or empty when there is no such topic.
    Optional<TopicDescription> describe(String topic);

    /// Deletes the topic with its records.
    ///
    /// @return false when there was none
    boolean delete(String topic);
}
