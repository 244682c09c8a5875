package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.replication.partition.Consensus;
import io.millrace.replication.partition.GroupLogs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A group that was to leave a node, and whose deletion a failing disk has interrupted.
class HalfGoneTest {
    @TempDir
    Path folder;

    @Test
    void aGroupThatIsHalfGoneDoesNotRunUntilTheRestIsGone() throws Exception {
        LimitedDisk disk = new LimitedDisk();
        try (NodeCluster cluster = new NodeCluster(folder)) {
            cluster.adjust = settings -> settings.with(2, 1);
            cluster.form(1, null, id -> disk);
            ReplicatedLog node = cluster.node("n1");
            Nodes.await("a topic", () -> get(node.createTopic("t", Nodes.partitions(1))) instanceof TopicOutcome.Done);
            Consensus group = GroupLogs.consensus(GroupLogs.group(node, 1));
            Path left = cluster.folder("n1").resolve("raft").resolve("left-1");
            // something that has to be deleted
            Nodes.await("a snapshot", () -> GroupLogs.takeSnapshot(GroupLogs.group(node, 1)));

            disk.deletesFail = true;
            assertThatThrownBy(() -> GroupLogs.leave(node, 1)).hasMessageContaining("Input/output error");
            assertThat(Files.readString(left)).isEqualTo("going\n");
            assertThat(group.stopped())
                    .as("what it took now would be deleted by the next start")
                    .isNotNull();

            disk.deletesFail = false;
            Nodes.await("the rest is gone and the group runs", () -> group.stopped() == null);
            assertThat(Files.readString(left)).isEqualTo("gone\n");
            assertThat(group.group().current()).isEqualTo(List.of());
        }
    }
}
