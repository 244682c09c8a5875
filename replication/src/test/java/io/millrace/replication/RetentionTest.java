package io.millrace.replication;

import static io.millrace.replication.Nodes.append;
import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.partitions;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.PartitionLog;
import io.millrace.replication.partition.GroupLogs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionTest {
    @TempDir
    Path folder;

    private long bytesOnDisk(String topicFolder) throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("logs").resolve(topicFolder))) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    @Test
    void whatRetentionDecidesIsGoneForReadersAtOnceAndFromTheDiskAfterASnapshot() throws Exception {
        long bytesMax = 200 << 10; // a few segments of 64 KB
        try (ReplicatedLog log = Nodes.open(folder)) {
            get(log.createTopic("kept", partitions(1)));
            get(log.createTopic("t", partitions(1)));
            get(log.setRetention("t", new Retention(-1, bytesMax)));
            for (int i = 0; i < 100; i++) {
                append(log, "t", 0, "x".repeat(10_000));
                append(log, "kept", 0, "x".repeat(10_000));
            }
            PartitionLog partition = log.partition("t", 0);
            assertThat(partition.earliestOffset()).isZero();

            GroupLogs.applyRetention(log);

            Nodes.await("the decision", () -> partition.earliestOffset() > 0);
            assertThat(bytesOnDisk("t-2")).isGreaterThan(900_000);
            assertThat(GroupLogs.takeSnapshot(log)).isTrue();
            assertThat(bytesOnDisk("t-2")).isLessThanOrEqualTo(bytesMax);
            assertThat(bytesOnDisk("kept-1")).isGreaterThan(900_000);
            assertThat(log.partition("kept", 0).earliestOffset()).isZero();
        }
        try (ReplicatedLog log = Nodes.open(folder)) {
            assertThat(log.partition("t", 0).earliestOffset()).isPositive();
            assertThat(log.partition("t", 0).nextOffset()).isEqualTo(100);
            assertThat(log.topic("t").orElseThrow().settings().retention()).isEqualTo(new Retention(-1, bytesMax));
        }
    }

    @Test
    void recordsThatAreTooOldGoByWholeSegments() throws Exception {
        try (ReplicatedLog log = Nodes.open(folder)) {
            get(log.createTopic("t", partitions(1)));
            for (int i = 0; i < 30; i++) {
                append(log, "t", 0, "x".repeat(10_000)); // all of them from 1970
            }
            get(log.setRetention("t", new Retention(60_000, -1)));
            GroupLogs.applyRetention(log);
            PartitionLog partition = log.partition("t", 0);
            Nodes.await("the decision", () -> partition.earliestOffset() > 0);
            assertThat(partition.nextOffset()).isEqualTo(30);
        }
    }

    @Test
    void aStarCoversTheTopicsThereAreAndThoseToCome() throws Exception {
        Retention day = new Retention(86_400_000, -1);
        try (ReplicatedLog log = Nodes.open(folder)) {
            get(log.createTopic("before", partitions(1)));
            assertThat(get(log.setRetention("*", day)))
                    .isInstanceOfSatisfying(
                            TopicOutcome.Done.class,
                            done -> assertThat(done.changed()).isTrue());
            get(log.createTopic("after", partitions(1)));
            assertThat(log.topics())
                    .allSatisfy(
                            topic -> assertThat(topic.settings().retention()).isEqualTo(day));
            // asked for again as it was asked for the first time
            assertThat(get(log.createTopic("before", partitions(1)))).isInstanceOf(TopicOutcome.Done.class);
        }
        try (ReplicatedLog log = Nodes.open(folder)) {
            get(log.createTopic("later", partitions(1)));
            assertThat(log.topic("later").orElseThrow().settings().retention()).isEqualTo(day);
        }
    }
}
