package io.millrace.replication;

import static io.millrace.replication.Nodes.append;
import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.offset;
import static io.millrace.replication.Nodes.partitions;
import static io.millrace.replication.Nodes.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.LogSettings;
import io.millrace.replication.partition.GroupLogs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Space runs out, before and during a write.
class DiskFullTest {
    private static final long FREE_MIN = 1 << 20;

    @TempDir
    Path folder;

    private ReplicatedLog open(LimitedDisk disk) throws IOException {
        ReplicationSettings node = Nodes.settings(folder);
        return ReplicatedLogs.open(
                new ReplicationSettings(
                        node.self(),
                        node.members(),
                        folder,
                        1,
                        LogSettings.DEFAULT,
                        node.entryBytesMax(),
                        node.pendingBytesMax(),
                        node.snapshotBytes(),
                        node.snapshotInterval(),
                        FREE_MIN,
                        Duration.ofMinutes(10),
                        1000,
                        node.requestTimeout()),
                disk,
                InstantSource.system());
    }

    @Test
    void writesStopBeforeTheDiskIsFullAndGoOnByThemselves() throws Exception {
        LimitedDisk disk = new LimitedDisk();
        try (ReplicatedLog log = open(disk)) {
            get(log.createTopic("t", partitions(1)));
            append(log, "t", 0, "a");

            disk.usableBytes = FREE_MIN;
            GroupLogs.checkDisk(log);
            assertThat(offset(append(log, "t", 0, "b"))).isEqualTo(1);

            disk.usableBytes = FREE_MIN - 1;
            GroupLogs.checkDisk(log);
            assertThat(append(log, "t", 0, "c")).isEqualTo(new AppendOutcome.DiskFull());
            assertThat(log.health().ready()).isFalse();
            assertThat(log.health().problems()).singleElement().asString().contains("1048575 bytes left");
            assertThatThrownBy(() -> get(log.createTopic("u", partitions(1))))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(ReplicationException.class);
            // what frees space is still possible
            assertThat(get(log.deleteBefore("t", 0, 1))).isInstanceOf(TopicOutcome.Done.class);
            assertThat(get(log.commit("t", "g", 0, 1))).isInstanceOf(CommitOutcome.Committed.class);

            disk.usableBytes = FREE_MIN;
            // no call from here: the node notices by itself
            Nodes.await("writes go on", () -> log.health().ready());
            assertThat(offset(append(log, "t", 0, "c"))).isEqualTo(2);
        }
    }

    @Test
    void aManifestThatDoesNotFitIsWrittenLaterAndTheNodeGoesOn() throws Exception {
        LimitedDisk disk = new LimitedDisk();
        try (ReplicatedLog log = open(disk)) {
            get(log.createTopic("t", partitions(1)));
            append(log, "t", 0, "a");
            disk.manifestsFail = true;
            assertThat(GroupLogs.takeSnapshot(log)).isFalse();
            assertThat(log.health().problems()).singleElement().asString().contains("tried again");
            assertThat(offset(append(log, "t", 0, "b"))).isEqualTo(1);
            disk.manifestsFail = false;
            assertThat(GroupLogs.takeSnapshot(log)).isTrue();
            assertThat(log.health().ready()).isTrue();
            append(log, "t", 0, "c");
            GroupLogs.abandon(log);
        }
        try (ReplicatedLog again = open(new LimitedDisk())) {
            assertThat(values(again.partition("t", 0))).containsExactly("a", "b", "c");
        }
    }

    @Test
    void aFailedDiskStopsTheNodeAndLosesNothing() throws Exception {
        LimitedDisk disk = new LimitedDisk();
        ReplicatedLog log = open(disk);
        get(log.createTopic("t", partitions(1)));
        append(log, "t", 0, "a");
        CompletableFuture<String> told = new CompletableFuture<>();
        log.onFailure(told::complete);
        disk.writesFail = true;
        assertThatThrownBy(() -> append(log, "t", 0, "b"))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(OutcomeUnknownException.class);
        assertThat(log.health().ready()).isFalse();
        assertThat(log.health().problems())
                .anySatisfy(problem ->
                        assertThat(problem).contains("No space left on device").contains("restart"));
        assertThat(get(told)).contains("No space left on device");
        CompletableFuture<String> toldLate = new CompletableFuture<>();
        log.onFailure(toldLate::complete);
        assertThat(get(toldLate)).isEqualTo(get(told));
        disk.writesFail = false;
        assertThatThrownBy(() -> append(log, "t", 0, "c"))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(ReplicationException.class);
        assertThat(values(log.partition("t", 0))).containsExactly("a"); // reads go on
        log.close();
        try (ReplicatedLog again = open(new LimitedDisk())) {
            // the entry was committed, so it has happened after all
            assertThat(values(again.partition("t", 0))).containsExactly("a", "b");
        }
    }
}
