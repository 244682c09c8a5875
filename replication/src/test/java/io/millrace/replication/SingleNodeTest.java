package io.millrace.replication;

import static io.millrace.replication.Nodes.append;
import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.offset;
import static io.millrace.replication.Nodes.partitions;
import static io.millrace.replication.Nodes.records;
import static io.millrace.replication.Nodes.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.log.RecordBuffer;
import io.millrace.replication.AppendRequest.Acknowledgement;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/// One real node, through the face. Each test has topics of its own.
class SingleNodeTest {
    @TempDir
    static Path folder;

    private static ReplicatedLog log;
    private String topic = "";

    @BeforeAll
    static void open() throws Exception {
        log = Nodes.open(folder);
    }

    @AfterAll
    static void close() {
        log.close();
    }

    @BeforeEach
    void nameTopic(TestInfo test) {
        topic = test.getTestMethod().orElseThrow().getName();
    }

    private static AppendRequest keyed(String topic, String key, long bodyHash, String... values) {
        return new AppendRequest(topic, 0, records(values), Acknowledgement.QUORUM, key, bodyHash, -1, null);
    }

    private static AppendRequest expecting(String topic, long offset, String... values) {
        return new AppendRequest(topic, 0, records(values), Acknowledgement.QUORUM, null, 0, offset, null);
    }

    private static AppendRequest stamped(String topic, OutputStamp stamp, RecordBuffer records) {
        return new AppendRequest(topic, 0, records, Acknowledgement.QUORUM, null, 0, -1, stamp);
    }

    private void create(int partitions) throws Exception {
        assertThat(get(log.createTopic(topic, partitions(partitions)))).isInstanceOf(TopicOutcome.Done.class);
    }

    @Test
    void itIsReadyAndLeads() throws Exception {
        create(1);
        Health health = log.health();
        assertThat(health.problems()).isEmpty();
        assertThat(health.ready()).isTrue();
        assertThat(health.role()).isEqualTo("leader");
        assertThat(log.leads(topic, 0)).isTrue();
        assertThat(log.leader(topic, 0)).contains("n1");
        assertThat(log.metrics()).containsEntry("replication_leader", 1.0);
    }

    @Test
    void theSameTopicAgainIsFineAndAnotherOneIsNot() throws Exception {
        TopicOutcome first = get(log.createTopic(topic, partitions(2)));
        assertThat(first).isInstanceOfSatisfying(TopicOutcome.Done.class, done -> {
            assertThat(done.changed()).isTrue();
            assertThat(done.topic().partitions()).isEqualTo(2);
        });
        assertThat(get(log.createTopic(topic, partitions(2))))
                .isInstanceOfSatisfying(
                        TopicOutcome.Done.class,
                        done -> assertThat(done.changed()).isFalse());
        assertThat(get(log.createTopic(topic, partitions(3)))).isInstanceOf(TopicOutcome.AlreadyExists.class);
        for (String name : List.of("", ".", "..", "a/b", "ü", "x".repeat(250))) {
            assertThat(get(log.createTopic(name, partitions(1)))).as(name).isInstanceOf(TopicOutcome.Refused.class);
        }
        assertThat(get(log.createTopic("x".repeat(249), partitions(1)))).isInstanceOf(TopicOutcome.Done.class);
        assertThat(offset(append(log, "x".repeat(249), 0, "long name"))).isZero();
    }

    @Test
    void unknownTopicsAndPartitionsAreAnswers() throws Exception {
        create(2);
        assertThat(append(log, "nobody-made-this", 0, "a")).isEqualTo(new AppendOutcome.UnknownTopic());
        assertThat(append(log, topic, 2, "a")).isEqualTo(new AppendOutcome.UnknownPartition(2));
        assertThat(append(log, topic, -1, "a")).isEqualTo(new AppendOutcome.UnknownPartition(2));
        assertThatThrownBy(() -> log.partition(topic, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> log.append(AppendRequest.of(topic, 0, new RecordBuffer())))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whoSeesATopicFindsItsPartitionsAlsoWhileItIsBeingMade() throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger found = new AtomicInteger();
        CompletableFuture<Void> looking = CompletableFuture.runAsync(() -> {
            for (int next = 0; !over.get(); ) {
                String name = topic + next;
                if (log.topic(name).isPresent()) {
                    assertThat(log.partition(name, 3).nextOffset()).isZero();
                    next = found.incrementAndGet();
                }
            }
        });
        for (int i = 0; i < 50; i++) {
            get(log.createTopic(topic + i, partitions(4)));
        }
        Nodes.await("all are found", () -> found.get() == 50 || looking.isCompletedExceptionally());
        over.set(true);
        get(looking);
        for (int i = 0; i < 50; i++) {
            get(log.deleteTopic(topic + i));
        }
        assertThatThrownBy(() -> log.partition(topic + 0, 3)).isInstanceOf(UnknownPartitionException.class);
    }

    @Test
    void tenThousandAppendsFromSixtyFourCallersGetEveryOffsetOnce() throws Exception {
        create(3);
        int count = 10_000;
        Semaphore outstanding = new Semaphore(64);
        Map<Integer, Set<Long>> offsets = new ConcurrentHashMap<>();
        Map<String, String> placed = new ConcurrentHashMap<>();
        AtomicInteger left = new AtomicInteger(count);
        for (int i = 0; i < count; i++) {
            outstanding.acquire();
            int partition = i % 3;
            String value = "value " + i;
            log.append(AppendRequest.of(topic, partition, records(value))).whenComplete((outcome, failure) -> {
                long offset = offset(outcome);
                offsets.computeIfAbsent(partition, p -> ConcurrentHashMap.newKeySet())
                        .add(offset);
                placed.put(partition + "/" + offset, value);
                left.decrementAndGet();
                outstanding.release();
            });
        }
        Nodes.await("all appends", () -> left.get() == 0);
        for (int partition = 0; partition < 3; partition++) {
            List<String> values = values(log.partition(topic, partition));
            assertThat(offsets.getOrDefault(partition, Set.of())).hasSize(values.size());
            for (int offset = 0; offset < values.size(); offset++) {
                assertThat(placed.get(partition + "/" + offset)).isEqualTo(values.get(offset));
            }
        }
        assertThat(placed).hasSize(count);
    }

    @Test
    void requestsOfOneCallerKeepTheirOrder() throws Exception {
        create(1);
        List<CompletableFuture<AppendOutcome>> answers = new ArrayList<>();
        List<String> sent = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            sent.add("v" + i);
            answers.add(
                    i % 7 == 3
                            ? log.append(keyed(topic, "key " + i, i, "v" + i))
                            : log.append(AppendRequest.of(topic, 0, records("v" + i))));
        }
        for (int i = 0; i < 500; i++) {
            assertThat(offset(get(answers.get(i)))).isEqualTo(i);
        }
        assertThat(values(log.partition(topic, 0))).isEqualTo(sent);
    }

    @Test
    void aRetriedKeyAddsNothingAndAnotherBodyIsAConflict() throws Exception {
        create(1);
        append(log, topic, 0, "before");
        assertThat(offset(get(log.append(keyed(topic, "k", 11, "a", "b"))))).isEqualTo(1);
        assertThat(get(log.append(keyed(topic, "k", 11, "a", "b")))).isEqualTo(new AppendOutcome.Duplicate(1, 2));
        assertThat(get(log.append(keyed(topic, "k", 12, "x")))).isEqualTo(new AppendOutcome.IdempotencyConflict());
        assertThat(offset(get(log.append(keyed(topic, "other", 11, "c"))))).isEqualTo(3);
        assertThat(values(log.partition(topic, 0))).containsExactly("before", "a", "b", "c");
    }

    @Test
    void ofManyRetriesAtOnceOneIsAppended() throws Exception {
        create(1);
        List<CompletableFuture<AppendOutcome>> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            answers.add(log.append(keyed(topic, "k", 1, "once")));
        }
        Set<Long> offsets = new HashSet<>();
        int appended = 0;
        for (CompletableFuture<AppendOutcome> answer : answers) {
            switch (get(answer)) {
                case AppendOutcome.Appended(long first, int ignored, long ignored2, AppendOutcome.Timing ignored3) -> {
                    appended++;
                    offsets.add(first);
                }
                case AppendOutcome.Duplicate(long first, int count) -> offsets.add(first);
                case AppendOutcome other -> throw new AssertionError(other);
            }
        }
        assertThat(appended).isEqualTo(1);
        assertThat(offsets).containsExactly(0L);
        assertThat(values(log.partition(topic, 0))).containsExactly("once");
    }

    @Test
    void anExpectedOffsetIsComparedWhenItIsDecided() throws Exception {
        create(1);
        assertThat(offset(get(log.append(expecting(topic, 0, "a"))))).isZero();
        assertThat(get(log.append(expecting(topic, 0, "b")))).isEqualTo(new AppendOutcome.OffsetMismatch(0, 1));
        assertThat(get(log.append(expecting(topic, 2, "b")))).isEqualTo(new AppendOutcome.OffsetMismatch(2, 1));
        List<CompletableFuture<AppendOutcome>> race = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            race.add(log.append(expecting(topic, 1, "racer")));
        }
        int won = 0;
        for (CompletableFuture<AppendOutcome> racer : race) {
            won += get(racer) instanceof AppendOutcome.Appended ? 1 : 0;
        }
        assertThat(won).isEqualTo(1);
        assertThat(values(log.partition(topic, 0))).containsExactly("a", "racer");
    }

    @Test
    void groupCommitsGoForwardOnly() throws Exception {
        create(2);
        append(log, topic, 1, "a", "b", "c");
        assertThat(log.committed(topic, "g", 1)).isEmpty();
        assertThat(get(log.commit(topic, "g", 1, 1)))
                .isInstanceOfSatisfying(
                        CommitOutcome.Committed.class,
                        c -> assertThat(c.offset()).isEqualTo(1));
        assertThat(get(log.commit(topic, "g", 1, 0)))
                .isInstanceOfSatisfying(
                        CommitOutcome.Committed.class,
                        c -> assertThat(c.offset()).isEqualTo(1));
        assertThat(get(log.commit(topic, "g", 1, 2))).isInstanceOf(CommitOutcome.Committed.class);
        assertThat(get(log.commit(topic, "g", 1, 3))).isEqualTo(new CommitOutcome.OutOfRange(3));
        assertThat(get(log.commit(topic, "g", 2, 0))).isEqualTo(new CommitOutcome.UnknownPartition());
        assertThat(get(log.commit("nobody-made-this", "g", 0, 0))).isEqualTo(new CommitOutcome.UnknownPartition());
        assertThat(log.committed(topic, "g", 1)).isEqualTo(OptionalLong.of(2));
        assertThat(log.groups().get("g")).containsEntry(new TopicPartition(topic, 1), 2L);
    }

    @Test
    void documentsHaveVersions() throws Exception {
        byte[] one = "one".getBytes(StandardCharsets.UTF_8);
        assertThat(get(log.putDocument("d/1", one, 0))).isEqualTo(new DocumentOutcome.Stored(1));
        assertThat(get(log.putDocument("d/1", one, 0))).isEqualTo(new DocumentOutcome.VersionMismatch(1));
        assertThat(get(log.putDocument("d/1", one, 1))).isEqualTo(new DocumentOutcome.Stored(2));
        assertThat(get(log.putDocument("d/2", one, -1))).isEqualTo(new DocumentOutcome.Stored(1));
        assertThat(get(log.putDocument("e", one, -1))).isEqualTo(new DocumentOutcome.Stored(1));
        assertThat(log.documents("d/").keySet()).containsExactly("d/1", "d/2");
        assertThat(get(log.putDocument("d/1", new byte[0], 1))).isEqualTo(new DocumentOutcome.VersionMismatch(2));
        assertThat(get(log.putDocument("d/1", new byte[0], 2))).isEqualTo(new DocumentOutcome.Stored(0));
        assertThat(log.document("d/1")).isEmpty();
        assertThat(log.document("d/2").orElseThrow().value()).isEqualTo(one);
    }

    @Test
    void onlyTheFencedGenerationWritesOutput() throws Exception {
        create(1);
        String query = topic;
        OutputStamp first = new OutputStamp(query, 1, 1, new byte[] {1}, 100);
        assertThat(get(log.append(stamped(topic, first, records("too early"))))).isEqualTo(new AppendOutcome.Fenced(0));
        assertThat(get(log.fence(query, 1))).isEqualTo(new FenceOutcome.Raised());
        assertThat(offset(get(log.append(stamped(topic, first, records("row"))))))
                .isZero();
        assertThat(get(log.fence(query, 2))).isEqualTo(new FenceOutcome.Raised());
        assertThat(get(log.fence(query, 2))).isEqualTo(new FenceOutcome.Stale(2)); // may be another owner's
        assertThat(get(log.fence(query, 1))).isEqualTo(new FenceOutcome.Stale(2));
        assertThat(get(log.append(stamped(topic, first, records("zombie"))))).isEqualTo(new AppendOutcome.Fenced(2));
        assertThat(log.stamps(query, topic).get(0))
                .isNotNull()
                .satisfies(stamp -> assertThat(stamp.step()).isEqualTo(1));
        // a step without rows still moves the stamp
        OutputStamp empty = new OutputStamp(query, 2, 7, new byte[] {9, 9}, Long.MIN_VALUE);
        assertThat(get(log.append(stamped(topic, empty, new RecordBuffer()))))
                .isInstanceOfSatisfying(AppendOutcome.Appended.class, appended -> {
                    assertThat(appended.firstOffset()).isEqualTo(1);
                    assertThat(appended.count()).isZero();
                });
        assertThat(log.stamps(query, topic).get(0)).isNotNull().satisfies(stamp -> {
            assertThat(stamp.generation()).isEqualTo(2);
            assertThat(stamp.step()).isEqualTo(7);
            assertThat(stamp.frontier()).containsExactly(9, 9);
            assertThat(stamp.watermarkMs()).isEqualTo(Long.MIN_VALUE);
        });
        assertThat(log.stamps("another query", topic)).isEmpty();
        assertThat(values(log.partition(topic, 0))).containsExactly("row");
    }

    @Test
    void aTopicMadeAgainIsEmpty() throws Exception {
        create(1);
        append(log, topic, 0, "old");
        get(log.append(keyed(topic, "k", 1, "old too")));
        get(log.commit(topic, "g", 0, 1));
        long oldId = log.topic(topic).orElseThrow().id();
        assertThat(get(log.deleteTopic(topic))).isInstanceOf(TopicOutcome.Done.class);
        assertThat(get(log.deleteTopic(topic))).isEqualTo(new TopicOutcome.Unknown());
        assertThat(append(log, topic, 0, "nowhere")).isEqualTo(new AppendOutcome.UnknownTopic());
        assertThat(log.topic(topic)).isEmpty();

        create(1);

        assertThat(log.topic(topic).orElseThrow().id()).isGreaterThan(oldId);
        assertThat(values(log.partition(topic, 0))).isEmpty();
        assertThat(log.committed(topic, "g", 0)).isEmpty();
        assertThat(offset(get(log.append(keyed(topic, "k", 1, "new"))))).isZero();
        assertThat(values(log.partition(topic, 0))).containsExactly("new");
    }

    @Test
    void whatWasDeletedCannotBeReadAtOnce() throws Exception {
        create(1);
        append(log, topic, 0, "a", "b", "c");
        assertThat(get(log.deleteBefore(topic, 0, 4))).isEqualTo(new TopicOutcome.OutOfRange(0, 3));
        assertThat(get(log.deleteBefore(topic, 0, 2)))
                .isInstanceOfSatisfying(
                        TopicOutcome.Done.class,
                        done -> assertThat(done.changed()).isTrue());
        assertThat(get(log.deleteBefore(topic, 0, 1)))
                .isInstanceOfSatisfying(
                        TopicOutcome.Done.class,
                        done -> assertThat(done.changed()).isFalse());
        assertThat(get(log.deleteBefore(topic, 1, 1))).isEqualTo(new TopicOutcome.Unknown());
        assertThat(log.partition(topic, 0).earliestOffset()).isEqualTo(2);
        assertThat(values(log.partition(topic, 0))).containsExactly("c");
        assertThatThrownBy(() -> log.partition(topic, 0).reader(1)).isInstanceOf(OffsetOutOfRangeException.class);
        get(log.deleteBefore(topic, 0, 3));
        assertThat(values(log.partition(topic, 0))).isEmpty();
        assertThat(offset(append(log, topic, 0, "d"))).isEqualTo(3);
    }

    @Test
    void retentionOfOneTopicIsKeptWithIt() throws Exception {
        create(1);
        Retention hour = new Retention(3_600_000, -1);
        assertThat(get(log.setRetention(topic, hour)))
                .isInstanceOfSatisfying(
                        TopicOutcome.Done.class,
                        done -> assertThat(done.topic().settings().retention()).isEqualTo(hour));
        assertThat(log.topic(topic).orElseThrow().settings().retention()).isEqualTo(hour);
        assertThat(get(log.createTopic(topic, partitions(1)))).isInstanceOf(TopicOutcome.Done.class);
        assertThat(get(log.setRetention("nobody-made-this", hour))).isEqualTo(new TopicOutcome.Unknown());
    }

    @Test
    void acknowledgementsSayWhatHappened() throws Exception {
        create(1);
        for (Acknowledgement level : List.of(Acknowledgement.QUORUM, Acknowledgement.ALL, Acknowledgement.LEADER)) {
            AppendOutcome outcome =
                    get(log.append(new AppendRequest(topic, 0, records(level.name()), level, null, 0, -1, null)));
            assertThat(outcome).as(level.name()).isInstanceOf(AppendOutcome.Appended.class);
        }
        RecordBuffer reused = records("NONE");
        CompletableFuture<AppendOutcome> accepted =
                log.append(new AppendRequest(topic, 0, reused, Acknowledgement.NONE, null, 0, -1, null));
        assertThat(accepted).isCompletedWithValue(new AppendOutcome.Accepted());
        reused.clear(); // the caller has its buffer back
        Nodes.await("the accepted record", () -> log.partition(topic, 0).highWatermark() == 4);
        assertThat(values(log.partition(topic, 0))).containsExactly("QUORUM", "ALL", "LEADER", "NONE");
    }

    @Test
    void tooLargeIsAnAnswerAndTheLargestFits() throws Exception {
        create(1);
        int limit = Nodes.settings(folder).entryBytesMax();
        assertThat(append(log, topic, 0, "x".repeat(limit))).isEqualTo(new AppendOutcome.TooLarge(limit));
        int fits = limit - 1024;
        assertThat(offset(append(log, topic, 0, "x".repeat(fits)))).isZero();
        assertThat(values(log.partition(topic, 0)).getFirst()).hasSize(fits);
        int largest = fits;
        for (int step = 512; step > 0; step /= 2) {
            if (append(log, topic, 0, "x".repeat(largest + step)) instanceof AppendOutcome.Appended) {
                largest += step;
            }
        }
        assertThat(append(log, topic, 0, "x".repeat(largest))).isInstanceOf(AppendOutcome.Appended.class);
        assertThat(append(log, topic, 0, "x".repeat(largest + 1))).isInstanceOf(AppendOutcome.TooLarge.class);
    }

    @Test
    void listenersHearOfAppendsAfterTheyAreReadableAndOfMetadata() throws Exception {
        AtomicInteger metadata = new AtomicInteger();
        ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
        AutoCloseable onMetadata = log.onMetadataChange(metadata::incrementAndGet);
        AutoCloseable onAppend = log.onAppend(partition -> {
            if (partition.topic().equals(topic)) {
                heard.add(partition.partition() + " up to "
                        + log.partition(topic, partition.partition()).highWatermark());
            }
        });
        create(2);
        append(log, topic, 1, "a", "b");
        append(log, topic, 0, "c");
        assertThat(metadata.get()).isPositive();
        assertThat(heard).containsExactly("1 up to 2", "0 up to 1");
        onAppend.close();
        onMetadata.close();
        append(log, topic, 0, "d");
        assertThat(heard).hasSize(2);
    }

    @Test
    void aFaultyListenerStopsNobody() throws Exception {
        create(1);
        AutoCloseable faulty = log.onAppend(partition -> {
            throw new IllegalStateException("a listener's fault, on purpose");
        });
        assertThat(offset(append(log, topic, 0, "a"))).isZero();
        faulty.close();
        assertThat(offset(append(log, topic, 0, "b"))).isEqualTo(1);
    }

    @Test
    void thePartitionOfTheFaceIsForReadingOnly() throws Exception {
        create(1);
        append(log, topic, 0, "a");
        assertThatThrownBy(() -> log.partition(topic, 0).raiseEarliest(1))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> log.partition(topic, 0).close()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void aSecondNodeCannotOpenTheSameFolderAndHarmsNothing() throws Exception {
        create(1);
        append(log, topic, 0, "a");
        assertThatThrownBy(() -> Nodes.open(folder))
                .isInstanceOf(java.io.IOException.class)
                .hasMessageContaining("in use by another node");
        assertThat(values(log.partition(topic, 0))).containsExactly("a");
        assertThat(offset(append(log, topic, 0, "b"))).isEqualTo(1);
        assertThat(log.health().ready()).isTrue();
    }

    @Test
    void filesAreNamedByTopicAndId() throws Exception {
        create(1);
        append(log, topic, 0, "a");
        assertThat(Files.isDirectory(folder.resolve("logs")
                        .resolve(topic + "-" + log.topic(topic).orElseThrow().id())
                        .resolve("0")))
                .isTrue();
    }
}
