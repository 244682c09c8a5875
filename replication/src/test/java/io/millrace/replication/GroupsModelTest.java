package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.records;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.disk.LocalDisk;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.partition.GroupLogs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// One node with several groups: nobody can tell from its answers how many there are.
class GroupsModelTest {
    @TempDir
    Path folder;

    private ReplicatedLog open(String name, int groups) throws IOException {
        return ReplicatedLogs.open(
                Nodes.settings(folder.resolve(name)).with(groups), new LocalDisk(), InstantSource.system());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void theSameOperationsHaveTheSameAnswersOverOneGroupAndOverThree(long seed) throws Exception {
        ReplicatedLog one = open("one", 1);
        ReplicatedLog three = open("three", 3);
        try {
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < 160; i++) {
                long step = random.nextLong();
                String where = "seed %d, operation %d".formatted(seed, i);
                assertThat(operate(three, new SplittableRandom(step), i))
                        .as(where)
                        .isEqualTo(operate(one, new SplittableRandom(step), i));
                if (i == 60) {
                    GroupLogs.abandon(three);
                    three = open("three", 3);
                } else if (i == 110) {
                    three.close();
                    three = open("three", 3);
                }
                if (i % 10 == 9) {
                    assertThat(visible(three)).as(where).isEqualTo(visible(one));
                }
            }
        } finally {
            one.close();
            three.close();
        }
    }

    /// What it was and what came of it, without what may differ: places in the Raft log, times.
    private static String operate(ReplicatedLog log, SplittableRandom random, int number) throws Exception {
        String topic = "t" + random.nextInt(4);
        int partition = random.nextInt(5);
        String text = "v" + number;
        return switch (random.nextInt(14)) {
            case 0, 1 -> "create " + get(log.createTopic(topic, Nodes.partitions(1 + random.nextInt(5))));
            case 2 -> random.nextInt(3) == 0 ? "delete " + get(log.deleteTopic(topic)) : "nothing";
            case 3 -> "commit " + plain(get(log.commit(topic, "g", partition, random.nextInt(20))));
            case 4 -> "before " + get(log.deleteBefore(topic, partition, random.nextInt(6)));
            case 5 ->
                "put "
                        + get(log.putDocument(
                                "d" + random.nextInt(3), text.getBytes(StandardCharsets.UTF_8), random.nextInt(-1, 4)));
            case 6 -> "fence " + get(log.fence("q" + random.nextInt(2), 1 + random.nextInt(6)));
            case 7 ->
                "retention "
                        + get(log.setRetention(
                                random.nextInt(4) == 0 ? "*" : topic, new Retention(3_600_000, 1_000_000 + number)));
            case 8 ->
                append(
                        log,
                        new AppendRequest(
                                topic,
                                partition,
                                records(text),
                                Acknowledgement.QUORUM,
                                "k" + random.nextInt(4),
                                random.nextInt(2),
                                -1,
                                null));
            case 9 ->
                append(
                        log,
                        new AppendRequest(
                                topic,
                                partition,
                                records(text, "w"),
                                Acknowledgement.ALL,
                                null,
                                0,
                                random.nextInt(12),
                                null));
            case 10 ->
                append(
                        log,
                        new AppendRequest(
                                topic,
                                partition,
                                records(text),
                                Acknowledgement.QUORUM,
                                null,
                                0,
                                -1,
                                new OutputStamp(
                                        "q" + random.nextInt(2), random.nextInt(6), number, new byte[] {1}, 7)));
            default -> append(log, AppendRequest.of(topic, partition, records(text)));
        };
    }

    private static String append(ReplicatedLog log, AppendRequest request) throws Exception {
        AppendOutcome outcome = get(log.append(request));
        return "append "
                + (outcome instanceof AppendOutcome.Appended appended
                        ? appended.firstOffset() + "+" + appended.count()
                        : outcome.toString());
    }

    private static String plain(CommitOutcome outcome) {
        return outcome instanceof CommitOutcome.Committed committed
                ? "committed " + committed.offset()
                : outcome.toString();
    }

    /// Everything that can be read.
    private static Map<String, String> visible(ReplicatedLog log) throws IOException {
        Map<String, String> all = new TreeMap<>();
        for (Topic topic : log.topics()) {
            all.put("topic " + topic.name(), topic.toString());
            for (int partition = 0; partition < topic.partitions(); partition++) {
                String name = topic.name() + "/" + partition;
                all.put(
                        "records " + name,
                        Nodes.values(log.partition(topic.name(), partition)).toString());
                all.put(
                        "commit " + name,
                        log.committed(topic.name(), "g", partition).toString());
                all.put("leads " + name, "" + log.leads(topic.name(), partition));
            }
            for (String query : List.of("q0", "q1")) {
                Map<Integer, String> stamps = new TreeMap<>();
                log.stamps(query, topic.name())
                        .forEach((partition, stamp) -> stamps.put(partition, stamp.generation() + " " + stamp.step()));
                all.put("stamps " + query + " " + topic.name(), stamps.toString());
            }
        }
        log.documents("d")
                .forEach((key, document) -> all.put(
                        "document " + key,
                        document.version() + " " + new String(document.value(), StandardCharsets.UTF_8)));
        log.groups()
                .forEach((group, offsets) -> all.put(
                        "group " + group,
                        new TreeSet<>(offsets.entrySet().stream()
                                        .map(Object::toString)
                                        .toList())
                                .toString()));
        return all;
    }

    @Test
    void recordsOfOneTopicAreSpreadOverTheFoldersOfAllGroups() throws Exception {
        try (ReplicatedLog log = open("spread", 3)) {
            get(log.createTopic("t", Nodes.partitions(3)));
            for (int partition = 0; partition < 3; partition++) {
                Nodes.append(log, "t", partition, "a", "b");
            }
            assertThat(log.cluster().view().groups())
                    .hasSize(3)
                    .allMatch(group -> group.role().equals("leader"));
            assertThat(log.metrics()).containsEntry("replication_groups", 3.0).containsEntry("replication_leader", 3.0);
        }
        for (String logs : List.of("logs", "group-1/logs", "group-2/logs")) {
            try (var files = Files.walk(folder.resolve("spread").resolve(logs))) {
                assertThat(files.filter(file -> file.toString().endsWith(".log"))
                                .toList())
                        .as(logs)
                        .hasSize(1);
            }
        }
    }

    @Test
    void aFolderIsOpenedOnlyWithTheNumberOfGroupsThatItWasMadeWith() throws Exception {
        open("three", 3).close();
        open("one", 1).close();
        assertThatThrownBy(() -> open("three", 1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("raft.groups is 1")
                .hasMessageContaining("made with 3")
                .hasMessageContaining(folder.resolve("three").toString());
        assertThatThrownBy(() -> open("one", 2)).isInstanceOf(IOException.class).hasMessageContaining("made with 1");
        open("three", 3).close();
        open("one", 1).close();
    }

    @Test
    void damageOfAnyGroupIsTheDamageOfTheNode() throws Exception {
        try (ReplicatedLog log = open("damaged", 3)) {
            get(log.createTopic("t", Nodes.partitions(3)));
            for (int partition = 0; partition < 3; partition++) {
                Nodes.append(log, "t", partition, "a");
            }
        }
        Path manifest = folder.resolve("damaged").resolve("group-2").resolve("manifest-2");
        byte[] bytes = Files.readAllBytes(manifest);
        bytes[bytes.length / 2] ^= 1;
        Files.write(manifest, bytes);
        assertThatThrownBy(() -> open("damaged", 3))
                .isInstanceOf(DamagedReplicaException.class)
                .hasMessageContaining("manifest-2");
        bytes[bytes.length / 2] ^= 1;
        Files.write(manifest, bytes);
        try (ReplicatedLog log = open("damaged", 3)) { // nothing was left behind by the attempt
            assertThat(Nodes.offset(Nodes.append(log, "t", 2, "b"))).isOne();
        }
    }

    @Test
    void thereAreOneToSixteenGroups() throws Exception {
        assertThatThrownBy(() -> open("none", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> open("many", 17)).isInstanceOf(IllegalArgumentException.class);
        try (ReplicatedLog log = open("sixteen", 16)) {
            get(log.createTopic("t", Nodes.partitions(16)));
            for (int partition = 0; partition < 16; partition++) {
                assertThat(Nodes.offset(Nodes.append(log, "t", partition, "a"))).isZero();
            }
        }
    }
}
