package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.LogSettings;
import io.millrace.log.disk.SimulatedDisk;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.Nodes;
import io.millrace.replication.OutcomeUnknownException;
import io.millrace.replication.ReplicationException;
import io.millrace.replication.TopicPartition;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The batcher by hand: its thread is not started, and the consensus only collects.
class BatcherTest {
    private static final int ENTRY_BYTES_MAX = 10_000;
    private static final int PENDING_BYTES_MAX = 20_000;

    private static class CollectingConsensus implements Consensus {
        final List<PendingEntry> entries = new ArrayList<>();
        boolean leads = true;

        @Override
        public boolean leads() {
            return leads;
        }

        @Override
        public Optional<String> leader() {
            return leads ? Optional.of("n1") : Optional.of("n2");
        }

        @Override
        public void submit(PendingEntry entry) {
            entries.add(entry);
        }

        @Override
        public CompletableFuture<Long> snapshot() {
            return CompletableFuture.completedFuture(0L);
        }

        @Override
        public CompletableFuture<Void> replicatedEverywhere(long index) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public int peers() {
            return 1;
        }

        @Override
        public Status status() {
            return new Status("leader", 1, 0, 0, List.of());
        }

        @Override
        public void close() {}
    }

    private final CollectingConsensus consensus = new CollectingConsensus();
    private final Batcher batcher = batcher(ENTRY_BYTES_MAX, PENDING_BYTES_MAX);
    private final PartitionReplica first = replica(0);
    private final PartitionReplica second = replica(1);

    private Batcher batcher(int entryBytesMax, int pendingBytesMax) {
        return new Batcher(
                consensus, InstantSource.fixed(Instant.EPOCH), entryBytesMax, pendingBytesMax, 2, "batcher-test");
    }

    private static PartitionReplica replica(int partition) {
        return new PartitionReplica(
                new TopicPartition("t", partition),
                1,
                new SimulatedDisk(1),
                Path.of("/data/logs/t-1/" + partition),
                LogSettings.DEFAULT,
                null,
                0,
                null);
    }

    private static Waiting.Append append(PartitionReplica replica, int bytesMax, String... values) {
        return new Waiting.Append(AppendRequest.of("t", 0, Nodes.records(values)), replica, bytesMax, 0, 0);
    }

    private static Waiting.Append keyed(PartitionReplica replica, String value) {
        return new Waiting.Append(
                new AppendRequest(
                        "t", 0, Nodes.records(value), AppendRequest.Acknowledgement.QUORUM, "key", 1, -1, null),
                replica,
                200,
                1,
                2);
    }

    private static long firstOffset(Waiting.Append append) throws Exception {
        return Nodes.offset(Nodes.get(append.future));
    }

    @Test
    void plainAppendsToOnePartitionShareABatchAndSplitItsOffsets() throws Exception {
        Waiting.Append a = append(first, 200, "a", "b");
        Waiting.Append b = append(second, 200, "c");
        Waiting.Append c = append(first, 200, "d");
        for (Waiting.Append each : List.of(a, b, c)) {
            assertThat(batcher.offer(each)).isTrue();
        }
        assertThat(batcher.doWork()).isEqualTo(3);
        assertThat(batcher.doWork()).isZero();

        consensus
                .entries
                .getFirst()
                .applied(
                        9,
                        List.of(new CommandOutcome.Appended(10, 3), new CommandOutcome.Appended(70, 1)),
                        System.nanoTime());

        assertThat(firstOffset(a)).isEqualTo(10);
        assertThat(firstOffset(c)).isEqualTo(12);
        assertThat(firstOffset(b)).isEqualTo(70);
        assertThat(batcher.pendingBytes()).isZero();
        assertThat(batcher.inFlight()).isZero();
    }

    @Test
    void aKeyedAppendEndsTheSharedBatchSoThatOrderIsKept() throws Exception {
        Waiting.Append a = append(first, 200, "a");
        Waiting.Append k = keyed(first, "k");
        Waiting.Append b = append(first, 200, "b");
        Waiting.Append c = append(first, 200, "c");
        List.of(a, k, b, c).forEach(batcher::offer);
        batcher.doWork();
        consensus
                .entries
                .getFirst()
                .applied(
                        9,
                        List.of(
                                new CommandOutcome.Appended(0, 1),
                                new CommandOutcome.AppendRejected(new AppendOutcome.Duplicate(5, 1)),
                                new CommandOutcome.Appended(1, 2)),
                        System.nanoTime());
        assertThat(firstOffset(a)).isZero();
        assertThat(k.future).isCompletedWithValue(new AppendOutcome.Duplicate(5, 1));
        assertThat(firstOffset(b)).isEqualTo(1);
        assertThat(firstOffset(c)).isEqualTo(2);
    }

    @Test
    void anEntryStopsBeforeItIsTooLarge() {
        int half = (ENTRY_BYTES_MAX - EntryLayout.HEADER_BYTES) / 2;
        batcher.offer(append(first, half, "a"));
        batcher.offer(append(first, half, "b"));
        batcher.offer(append(first, 1, "c"));
        assertThat(batcher.doWork()).isEqualTo(2);
        consensus.entries.getFirst().failed("for the test", null);
        assertThat(batcher.doWork()).isEqualTo(1);
    }

    @Test
    void whileAnEntryIsOnItsWayTheNextOneGrows() {
        batcher.offer(append(first, 200, "a"));
        assertThat(batcher.doWork()).isEqualTo(1);
        batcher.offer(append(first, 200, "b"));
        batcher.offer(append(first, 200, "c"));
        assertThat(batcher.doWork()).isZero();
        consensus.entries.getFirst().failed("for the test", null);
        assertThat(batcher.doWork()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1})
    void besideAnotherEntryOneGoesOutWhenItIsWorthIt(int more) {
        Batcher large = batcher(1 << 20, 4 << 20);
        large.offer(append(first, 50_000, "what is on its way does not count"));
        assertThat(large.doWork()).isEqualTo(1);
        large.offer(append(first, 200, "b"));
        large.offer(append(first, Batcher.ENTRY_BYTES_MIN - 200 + more, "c"));
        assertThat(large.doWork()).isEqualTo(more < 0 ? 0 : 2);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1})
    void besideAnotherEntryOneGoesOutForManyRequests(int more) {
        batcher.offer(append(first, 200, "what is on its way does not count"));
        assertThat(batcher.doWork()).isEqualTo(1);
        int count = Batcher.ENTRY_REQUESTS_MIN + more;
        for (int i = 0; i < count; i++) {
            batcher.offer(append(first, 200, "a"));
        }
        assertThat(batcher.doWork()).isEqualTo(more < 0 ? 0 : count);
    }

    @Test
    void neverMoreThanAFewEntriesAreOnTheirWay() {
        Batcher large = batcher(1 << 20, 4 << 20);
        for (int i = 0; i < 2; i++) {
            large.offer(append(first, Batcher.ENTRY_BYTES_MIN, "a"));
            assertThat(large.doWork()).isEqualTo(1);
        }
        large.offer(append(first, Batcher.ENTRY_BYTES_MIN, "b"));
        assertThat(large.doWork()).isZero();
        assertThat(large.inFlight()).isEqualTo(2);
        consensus.entries.getFirst().failed("for the test", null);
        assertThat(large.inFlight()).isEqualTo(1);
        assertThat(large.doWork()).isEqualTo(1);
    }

    @Test
    void gatheredRequestsGoOutTogetherWhenTheyAreSent() throws Exception {
        Batcher running = batcher(ENTRY_BYTES_MAX, PENDING_BYTES_MAX);
        running.start();
        try {
            Nodes.await("the batcher sleeps", running::sleeps);
            List<Waiting.Append> gathered = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                gathered.add(append(first, 200, "value " + i));
                assertThat(running.gather(gathered.getLast())).isTrue();
            }
            running.wakeWhenDue();
            Nodes.await("an entry has gone out", () -> running.entries() > 0);
            assertThat(running.entries()).isEqualTo(1);
            assertThat(running.requests()).isEqualTo(20);
        } finally {
            running.stop(new ReplicationException("closed", null));
        }
    }

    /// Every request must be answered though the batcher sleeps whenever it can and is woken as rarely as possible:
    /// a wake-up that is lost would last a second.
    @Test
    void noWakeUpIsLostWhenRequestsArriveWhileEntriesEnd() throws Exception {
        BlockingQueue<PendingEntry> submitted = new LinkedBlockingQueue<>();
        CollectingConsensus answering = new CollectingConsensus() {
            @Override
            public void submit(PendingEntry entry) {
                submitted.add(entry);
            }
        };
        Batcher running =
                new Batcher(answering, InstantSource.fixed(Instant.EPOCH), 1 << 20, 4 << 20, 2, "batcher-running-test");
        running.start();
        AtomicBoolean over = new AtomicBoolean();
        Thread applier = Thread.ofPlatform().daemon().start(() -> {
            while (!over.get()) {
                try {
                    PendingEntry entry = submitted.poll(10, TimeUnit.MILLISECONDS);
                    if (entry != null) {
                        entry.failed("for the test", null);
                    }
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
        try {
            AtomicInteger late = new AtomicInteger();
            List<Thread> producers = new ArrayList<>();
            AtomicInteger ended = new AtomicInteger();
            for (int producer = 0; producer < 3; producer++) {
                producers.add(Thread.ofPlatform().daemon().start(() -> {
                    for (int i = 0; i < 2_000; i++) {
                        Waiting.Append append = append(first, i % 7 == 0 ? Batcher.ENTRY_BYTES_MIN : 200, "a");
                        if (i % 2 == 0 ? !running.offer(append) : !running.gather(append)) {
                            return;
                        }
                        running.wakeWhenDue();
                        append.future.exceptionally(failed -> null).join();
                        ended.incrementAndGet();
                        if (System.nanoTime() - append.arrivedNanos > 900_000_000) {
                            late.incrementAndGet();
                        }
                    }
                }));
            }
            for (Thread producer : producers) {
                producer.join(60_000);
            }
            assertThat(ended.get()).isEqualTo(6_000);
            assertThat(late.get()).as("requests that took about a second").isLessThan(3); // a busy machine may
        } finally {
            over.set(true);
            running.stop(new ReplicationException("closed", null));
            applier.join();
        }
    }

    @Test
    void whatWouldExceedTheBoundIsRefusedAndTheBoundItselfIsNot() {
        assertThat(batcher.offer(append(first, PENDING_BYTES_MAX - 1, "a"))).isTrue();
        assertThat(batcher.offer(append(first, 2, "b"))).isFalse();
        assertThat(batcher.offer(append(first, 1, "b"))).isTrue();
        assertThat(batcher.offer(append(first, 1, "c"))).isFalse();
        batcher.doWork();
        consensus.entries.getFirst().failed("for the test", null);
        assertThat(batcher.pendingBytes()).isEqualTo(1);
        assertThat(batcher.offer(append(first, 1, "c"))).isTrue();
    }

    @Test
    void withoutTheLeadNothingIsSent() {
        consensus.leads = false;
        Waiting.Append a = append(first, 200, "a");
        Waiting.Command command = new Waiting.Command(EntryLayout.FENCE, new byte[3]);
        batcher.offer(a);
        batcher.offer(command);
        batcher.doWork();
        assertThat(consensus.entries).isEmpty();
        assertThat(a.future).isCompletedWithValue(new AppendOutcome.NotLeader("n2"));
        assertThatThrownBy(() -> Nodes.get(command.future)).hasCauseInstanceOf(ReplicationException.class);
        assertThat(batcher.pendingBytes()).isZero();
    }

    @Test
    void anEntryThatMayBeInALogIsUnknownAndOneThatIsNotHasNotHappened() {
        Waiting.Append a = append(first, 200, "a");
        batcher.offer(a);
        batcher.doWork();
        consensus.entries.getFirst().notLeader("n2");
        assertThat(a.future).isCompletedWithValue(new AppendOutcome.NotLeader("n2"));

        Waiting.Append b = append(first, 200, "b");
        batcher.offer(b);
        batcher.doWork();
        consensus.entries.get(1).enteredLog();
        consensus.entries.get(1).notLeader("n2");
        assertThatThrownBy(() -> Nodes.get(b.future))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(OutcomeUnknownException.class);
        // a late decision changes no answer
        consensus.entries.get(1).applied(3, List.of(new CommandOutcome.Appended(0, 1)), System.nanoTime());
        assertThat(b.future).isCompletedExceptionally();

        Waiting.Append c = append(first, 200, "c");
        batcher.offer(c);
        batcher.doWork();
        consensus.entries.get(2).failed("for the test", null);
        assertThatThrownBy(() -> Nodes.get(c.future)).hasCauseInstanceOf(ReplicationException.class);
    }

    @Test
    void whatWaitsWhenItStopsHasNotHappened() {
        Waiting.Append a = append(first, 200, "a");
        batcher.offer(a);
        batcher.stop(new ReplicationException("closed", null));
        assertThatThrownBy(() -> Nodes.get(a.future)).hasCauseInstanceOf(ReplicationException.class);
        Waiting.Append late = append(first, 200, "b");
        batcher.offer(late);
        assertThatThrownBy(() -> Nodes.get(late.future)).hasCauseInstanceOf(ReplicationException.class);
        assertThat(batcher.pendingBytes()).isZero();
    }

    @Test
    void anEntryThatTakesTooLongIsGivenUpAndMakesRoom() {
        Waiting.Append a = append(first, 200, "a");
        batcher.offer(a);
        batcher.doWork();
        consensus.entries.getFirst().enteredLog();
        batcher.failOlderThan(3_600_000_000_000L, "not yet");
        assertThat(a.future).isNotDone();
        batcher.failOlderThan(-1, "too long");
        assertThatThrownBy(() -> Nodes.get(a.future)).hasCauseInstanceOf(OutcomeUnknownException.class);
        assertThat(batcher.inFlight()).isZero();
        assertThat(batcher.pendingBytes()).isZero();
    }
}
