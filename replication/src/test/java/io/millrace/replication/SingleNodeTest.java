package io.millrace.replication;

import static io.millrace.replication.Nodes.append;
import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.offset;
import static io.millrace.replication.Nodes.partitions;
import static io.millrace.replication.Nodes.values;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SingleNodeTest {
    @TempDir
    Path folder;

    @Test
    void whatWasAcknowledgedIsThereAfterARestart() throws Exception {
        try (ReplicatedLog log = Nodes.open(folder)) {
            TopicOutcome created = get(log.createTopic("orders", partitions(2)));
            assertThat(created).isEqualTo(new TopicOutcome.Done(new Topic("orders", 1, partitions(2)), true));
            assertThat(offset(append(log, "orders", 0, "a", "b"))).isZero();
            assertThat(offset(append(log, "orders", 0, "c"))).isEqualTo(2);
            assertThat(offset(append(log, "orders", 1, "d"))).isZero();
            assertThat(values(log.partition("orders", 0))).containsExactly("a", "b", "c");
            assertThat(log.health().problems()).isEmpty();
            assertThat(log.health().ready()).isTrue();
        }
        try (ReplicatedLog log = Nodes.open(folder)) {
            assertThat(log.topics()).containsExactly(new Topic("orders", 1, partitions(2)));
            assertThat(values(log.partition("orders", 0))).containsExactly("a", "b", "c");
            assertThat(values(log.partition("orders", 1))).containsExactly("d");
            assertThat(offset(append(log, "orders", 0, "e"))).isEqualTo(3);
        }
    }
}
