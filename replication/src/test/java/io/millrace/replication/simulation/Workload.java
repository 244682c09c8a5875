package io.millrace.replication.simulation;

import io.millrace.log.PartitionLog;
import io.millrace.log.RecordBuffer;
import io.millrace.log.RecordReader;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.CommitOutcome;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.Nodes;
import io.millrace.replication.OutcomeUnknownException;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.ReplicationException;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.TopicSettings;
import io.millrace.replication.partition.EntryModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/// Clients: producers with and without keys, and people who create topics, commit offsets, store documents, raise
/// fences and delete. They remember what they were told, and [#check] compares it with what is there.
final class Workload {
    /// Two partitions; kept for ever, but for what somebody deletes from the front.
    static final String ORDERS = "orders";

    /// One partition, of which retention keeps the end.
    static final String EVENTS = "events";

    /// Deleted and created again and again.
    static final String SCRATCH = "scratch";

    private static final String QUERY = "q";
    private static final String COUNTER = "counter";
    private static final int OPEN_WRITES_MAX = 6;

    /// @param deposed whether another node had led a later term when it was made
    private record Attempt(
            SimulatedNode node, int life, long number, boolean deposed, CompletableFuture<AppendOutcome> future) {}

    private record Command(SimulatedNode node, int life, CompletableFuture<?> future, Settled settled) {
        void settle(Object outcome) {
            settled.settle(outcome);
        }
    }

    /// What a client does with a decided outcome.
    private interface Settled {
        void settle(Object outcome);
    }

    /// Some records that somebody wants in a partition.
    private static final class Write {
        final String topic;
        final int partition;
        final List<String> values;
        final @Nullable String key;
        final long bodyHash;
        final long expectOffset;
        final @Nullable OutputStamp stamp;
        final Acknowledgement acknowledgement;
        final boolean marker;
        final long begunAt;

        /// An attempt may have come through without an answer.
        boolean maybe;

        long offset = -1;
        long acknowledgedAt = Long.MAX_VALUE;
        int attempts;

        @Nullable
        Attempt attempt;

        Write(
                String topic,
                int partition,
                List<String> values,
                @Nullable String key,
                long bodyHash,
                long expectOffset,
                @Nullable OutputStamp stamp,
                Acknowledgement acknowledgement,
                boolean marker,
                long begunAt) {
            this.topic = topic;
            this.partition = partition;
            this.values = values;
            this.key = key;
            this.bodyHash = bodyHash;
            this.expectOffset = expectOffset;
            this.stamp = stamp;
            this.acknowledgement = acknowledgement;
            this.marker = marker;
            this.begunAt = begunAt;
        }

        boolean acknowledged() {
            return offset >= 0;
        }

        @Override
        public String toString() {
            return "%s-%d %s key %s".formatted(topic, partition, values, key);
        }
    }

    /// @param attempt its number within one life of a node
    private record Order(String place, long attempt, long offset) {}

    private final SimulatedNode[] nodes;
    private final SimulatedGroup group;
    private final SplittableRandom random;
    private final boolean forgetful;
    private final Trace trace;
    private final List<Write> open = new ArrayList<>();
    private final List<Write> finished = new ArrayList<>();
    private final List<Command> commands = new ArrayList<>();
    private final List<Order> orders = new ArrayList<>();
    private final Set<String> created = new HashSet<>();
    // by partition of the orders
    private final Map<Integer, Long> committed = new TreeMap<>();
    private final Set<Long> counterVersions = new HashSet<>();
    private long now;
    private long nextAttempt;
    private int values;
    private long generation;
    private long step;
    private boolean patient;

    Workload(SimulatedNode[] nodes, SimulatedGroup group, SplittableRandom random, boolean forgetful, Trace trace) {
        this.nodes = nodes;
        this.group = group;
        this.random = random;
        this.forgetful = forgetful;
        this.trace = trace;
    }

    void tick() {
        now++;
    }

    int acknowledged() {
        return orders.size();
    }

    // ---- requests

    /// Mostly the leader, as a client that knows where it was sent.
    private @Nullable SimulatedNode someNode() {
        if (random.nextInt(10) > 0) {
            List<SimulatedNode> leading = new ArrayList<>();
            for (SimulatedNode node : nodes) {
                SimulatedConsensus consensus = node.consensus();
                if (consensus != null && consensus.leads()) {
                    leading.add(node);
                }
            }
            if (!leading.isEmpty()) {
                return leading.get(random.nextInt(leading.size()));
            }
        }
        SimulatedNode node = nodes[random.nextInt(nodes.length)];
        return node.isUp() ? node : null;
    }

    /// A client does something: reads an answer, tries again, or begins something new.
    void act() {
        readAnswers();
        if (created.size() < 3) {
            createMissing();
            return;
        }
        if (random.nextInt(4) == 0) {
            command();
        } else if (open.size() < OPEN_WRITES_MAX) {
            begin();
        }
    }

    private void createMissing() {
        SimulatedNode node = someNode();
        if (node == null) {
            return;
        }
        for (String topic : List.of(ORDERS, EVENTS, SCRATCH)) {
            if (!created.contains(topic)) {
                Retention retention = topic.equals(EVENTS) ? new Retention(-1, 1_500) : Retention.FOREVER;
                send(node, "create " + topic, node.face().createTopic(topic, settings(2, retention)), outcome -> {
                    if (outcome instanceof TopicOutcome.Done) {
                        created.add(topic);
                    }
                });
            }
        }
    }

    private static TopicSettings settings(int partitions, Retention retention) {
        return new TopicSettings(partitions, 0, retention, TopicSettings.Cleanup.DELETE, Map.of());
    }

    private void begin() {
        List<String> records = new ArrayList<>();
        for (int left = 1 + random.nextInt(3); left > 0; left--) {
            records.add("v" + values++ + "x".repeat(random.nextInt(60)));
        }
        int kind = random.nextInt(20);
        String topic = kind < 12 ? ORDERS : kind < 17 ? EVENTS : SCRATCH;
        int partition = random.nextInt(2);
        boolean keyed = random.nextInt(2) == 0 && !topic.equals(SCRATCH);
        OutputStamp stamp = null;
        if (random.nextInt(6) == 0) {
            long claimed = random.nextInt(4) == 0 ? random.nextLong(generation + 1) : generation;
            stamp = new OutputStamp(QUERY, claimed, step++, new byte[] {(byte) step}, now);
            if (random.nextInt(4) == 0) {
                records = List.of(); // a step without rows
                keyed = false;
            }
        }
        boolean marker = stamp == null && random.nextInt(12) == 0;
        if (marker) {
            records = List.of("marker " + values++);
            keyed = false;
        }
        long expect = -1;
        if (random.nextInt(6) == 0 && !records.isEmpty()) {
            expect = random.nextInt(5) == 0 ? random.nextInt(20) : next(topic, partition);
        }
        Acknowledgement acknowledgement = switch (random.nextInt(10)) {
            case 0 -> Acknowledgement.NONE;
            case 1 -> Acknowledgement.ALL;
            case 2 -> Acknowledgement.LEADER;
            default -> Acknowledgement.QUORUM;
        };
        Write write = new Write(
                topic,
                partition,
                records,
                keyed ? "key " + values : null,
                keyed ? values : 0,
                expect,
                stamp,
                keyed ? Acknowledgement.QUORUM : acknowledgement,
                marker,
                now);
        open.add(write);
        attempt(write);
    }

    private int next(String topic, int partition) {
        return group.model().topics().stream()
                        .anyMatch(each -> each.name().equals(topic) && partition < each.partitions())
                ? group.model().contents(topic, partition).values().size()
                : 0;
    }

    private void attempt(Write write) {
        SimulatedNode node = someNode();
        if (node == null) {
            return;
        }
        RecordBuffer records = write.marker
                ? RecordBuffer.marker(now, write.values.getFirst().getBytes(StandardCharsets.UTF_8))
                : Nodes.records(write.values.toArray(new String[0]));
        write.attempts++;
        trace.add("client: append %s to %s, expecting %d", write, node, write.expectOffset);
        write.attempt = new Attempt(
                node,
                node.life(),
                nextAttempt++,
                isDeposed(node),
                node.face()
                        .append(new AppendRequest(
                                write.topic,
                                write.partition,
                                records,
                                write.acknowledgement,
                                write.key,
                                write.bodyHash,
                                write.expectOffset,
                                write.stamp)));
    }

    /// A leader that hears nobody may believe in itself for a while; for how long is the library's promise, in real
    /// time, and not tested here.
    private boolean isDeposed(SimulatedNode node) {
        SimulatedConsensus consensus = node.consensus();
        return consensus != null && consensus.term() < group.lastTermLed();
    }

    private void send(SimulatedNode node, String what, CompletableFuture<?> future, Settled settled) {
        trace.add("client: %s at %s", what, node);
        commands.add(new Command(node, node.life(), future, settled));
    }

    private void command() {
        SimulatedNode node = someNode();
        if (node == null) {
            return;
        }
        switch (random.nextInt(16)) {
            case 0 -> send(node, "delete", node.face().deleteTopic(SCRATCH), outcome -> {});
            case 1, 2 ->
                send(
                        node,
                        "create again",
                        node.face().createTopic(SCRATCH, settings(1 + random.nextInt(2), Retention.FOREVER)),
                        outcome -> {});
            case 3, 4 -> {
                int partition = random.nextInt(2);
                int next = next(ORDERS, partition);
                long offset = random.nextInt(next / 2 + 2);
                send(
                        node,
                        "delete before " + offset,
                        node.face().deleteBefore(ORDERS, partition, offset),
                        outcome -> {});
            }
            case 5 ->
                send(
                        node,
                        "retention",
                        node.face()
                                .setRetention(
                                        random.nextBoolean() ? EVENTS : SCRATCH,
                                        new Retention(-1, 500 + random.nextInt(2_000))),
                        outcome -> {});
            case 6, 7, 8 -> {
                int partition = random.nextInt(2);
                long offset = random.nextInt(next(ORDERS, partition) + 2);
                send(node, "commit " + offset, node.face().commit(ORDERS, "g", partition, offset), outcome -> {
                    if (outcome instanceof CommitOutcome.Committed(long at, long ignored)) {
                        if (at < offset) {
                            throw new Violation(
                                    Invariant.COMMITS_NEVER_GO_BACK, "commit of %d answered %d", offset, at);
                        }
                        committed.merge(partition, at, Math::max);
                    }
                });
            }
            case 9, 10, 11 -> {
                long expected = group.model().documents().getOrDefault(COUNTER, 0L) - random.nextInt(2);
                byte[] value = {(byte) now, 1};
                send(
                        node,
                        "compare and set " + expected,
                        node.face().putDocument(COUNTER, value, Math.max(0, expected)),
                        outcome -> {
                            if (outcome instanceof DocumentOutcome.Stored(long version)
                                    && !counterVersions.add(version)) {
                                throw new Violation(
                                        Invariant.VERSIONS_ARE_GIVEN_ONCE, "two writers were told version %d", version);
                            }
                        });
            }
            case 12, 13 -> {
                String key = "d" + random.nextInt(3);
                byte[] value = random.nextInt(4) == 0 ? new byte[0] : new byte[] {1, (byte) now};
                send(node, "put " + key, node.face().putDocument(key, value, -1), outcome -> {});
            }
            default -> {
                generation += random.nextInt(2);
                long raised = Math.max(1, generation);
                generation = raised;
                send(node, "fence " + raised, node.face().fence(QUERY, raised), outcome -> {});
            }
        }
    }

    // ---- answers

    private void readAnswers() {
        commands.removeIf(command -> {
            if (command.future().isDone()) {
                try {
                    command.settle(command.future().join());
                } catch (CompletionException failed) {
                    requireHonest(failed.getCause());
                }
                return true;
            }
            return lost(command.node(), command.life()) || (!patient && random.nextInt(200) == 0);
        });
        for (Write write : List.copyOf(open)) {
            Attempt attempt = write.attempt;
            if (attempt == null) {
                attempt(write);
            } else if (attempt.future().isDone() && (patient || random.nextInt(30) > 0)) {
                write.attempt = null;
                try {
                    answered(write, attempt, attempt.future().join());
                } catch (CompletionException failed) {
                    requireHonest(failed.getCause());
                    if (failed.getCause() instanceof OutcomeUnknownException) {
                        unknown(write);
                    } else {
                        refused(write);
                    }
                }
            } else if (lost(attempt.node(), attempt.life()) || (!patient && random.nextInt(100) == 0)) {
                write.attempt = null;
                unknown(write); // the answer is lost, or the client does not wait for it
            }
        }
        if (open.isEmpty() && !finished.isEmpty() && random.nextInt(3) == 0) {
            sendAgain();
        }
    }

    private static boolean lost(SimulatedNode node, int life) {
        return node.life() != life || !node.isUp();
    }

    private static void requireHonest(@Nullable Throwable failure) {
        if (!(failure instanceof ReplicationException) && !(failure instanceof OutcomeUnknownException)) {
            throw new Violation(
                    Invariant.REQUESTS_ARE_ANSWERED,
                    Objects.requireNonNull(failure),
                    "a request failed with " + failure);
        }
    }

    /// A client that does not know that it was answered, long after.
    private void sendAgain() {
        Write write = finished.get(random.nextInt(finished.size()));
        if (write.key != null && write.acknowledged()) {
            finished.remove(write);
            open.add(write);
            attempt(write);
        }
    }

    private void finish(Write write) {
        open.remove(write);
        finished.add(write);
    }

    /// Only with a key it may be sent again.
    private void unknown(Write write) {
        trace.add("client: outcome unknown of %s", write);
        write.maybe = true;
        if (write.key == null) {
            finish(write);
        }
    }

    private void refused(Write write) {
        if (write.acknowledged()
                || (write.key == null && random.nextInt(3) == 0)
                || write.attempts > 20 && write.key == null) {
            finish(write);
        }
    }

    private void answered(Write write, Attempt attempt, AppendOutcome outcome) {
        trace.add("client: %s for %s", outcome, write);
        switch (outcome) {
            case AppendOutcome.Appended(long first, int count, long index, var ignored) -> {
                if (count != write.values.size()) {
                    throw new Violation(
                            Invariant.RECORDS_OF_ONE_REQUEST_STAY_TOGETHER, "%s was answered %s", write, outcome);
                }
                if (write.acknowledged() && !forgetful) {
                    throw new Violation(
                            Invariant.A_RETRY_ADDS_NOTHING,
                            "%s was acknowledged at %d and appended again at %d",
                            write,
                            write.offset,
                            first);
                }
                if (write.expectOffset >= 0 && write.expectOffset != first) {
                    throw new Violation(
                            Invariant.EXPECTED_OFFSETS_ARE_KEPT,
                            "%s expected offset %d and got %d",
                            write,
                            write.expectOffset,
                            first);
                }
                if (write.acknowledgement == Acknowledgement.ALL) {
                    requireEverywhere(write, index);
                }
                acknowledged(write, first);
                orders.add(new Order(
                        attempt.node() + "/" + attempt.life() + " " + write.topic + "-" + write.partition,
                        attempt.number(),
                        first));
            }
            case AppendOutcome.Duplicate(long first, int count) -> {
                if (!write.maybe && !write.acknowledged()) {
                    throw new Violation(
                            Invariant.REFUSED_RECORDS_ARE_NOT_THERE,
                            "%s is a duplicate of nothing: %s",
                            write,
                            outcome);
                }
                if ((write.acknowledged() && write.offset != first && !forgetful) || count != write.values.size()) {
                    throw new Violation(
                            Invariant.A_RETRY_ADDS_NOTHING,
                            "%s was acknowledged at %d, its retry at %s",
                            write,
                            write.offset,
                            outcome);
                }
                acknowledged(write, write.acknowledged() ? write.offset : first);
            }
            case AppendOutcome.Accepted() -> {
                write.maybe = true;
                finish(write);
            }
            case AppendOutcome.IdempotencyConflict() ->
                throw new Violation(Invariant.A_RETRY_ADDS_NOTHING, "%s: %s", write, outcome);
            case AppendOutcome.OffsetMismatch(long expected, long next) -> {
                if (expected != write.expectOffset || next == expected) {
                    throw new Violation(Invariant.EXPECTED_OFFSETS_ARE_KEPT, "%s: %s", write, outcome);
                }
                finish(write);
            }
            case AppendOutcome.Fenced fenced -> {
                if (write.stamp == null || write.stamp.generation() == fenced.currentGeneration()) {
                    throw new Violation(Invariant.REPLICAS_DECIDE_AS_THE_MODEL, "%s: %s", write, outcome);
                }
                finish(write);
            }
            case AppendOutcome.UnknownTopic() -> {
                requireScratch(write, attempt, outcome);
                refused(write);
            }
            case AppendOutcome.UnknownPartition(int ignored) -> {
                requireScratch(write, attempt, outcome);
                refused(write);
            }
            case AppendOutcome.NotLeader(String ignored) -> refused(write);
            case AppendOutcome.Overloaded() -> refused(write);
            case AppendOutcome.DiskFull() -> refused(write);
            case AppendOutcome.TooLarge(int ignored) ->
                throw new Violation(Invariant.REQUESTS_ARE_ANSWERED, "%s: %s", write, outcome);
        }
    }

    private static void requireScratch(Write write, Attempt attempt, AppendOutcome outcome) {
        if (!write.topic.equals(SCRATCH) && !attempt.deposed()) {
            throw new Violation(Invariant.A_LEADER_KNOWS_WHAT_WAS_ACKNOWLEDGED, "%s: %s", write, outcome);
        }
    }

    private void acknowledged(Write write, long offset) {
        if (!write.acknowledged()) {
            write.offset = offset;
            write.acknowledgedAt = now;
        }
        finish(write);
    }

    private void requireEverywhere(Write write, long index) {
        for (SimulatedNode node : nodes) {
            if (group.votes(node.number()) && node.raftLog().flushedIndex() < index) {
                throw new Violation(
                        Invariant.ALL_MEANS_ALL,
                        "%s is acknowledged by all at entry %d, and %s has only %d",
                        write,
                        index,
                        node,
                        node.raftLog().flushedIndex());
            }
        }
    }

    // ---- the end

    /// Reads what is answered, and tries again what has to be.
    ///
    /// @return whether nothing is open any more
    boolean settle() {
        patient = true;
        readAnswers();
        return open.isEmpty() && commands.isEmpty();
    }

    /// Compares what clients were told with the one history.
    void check() {
        for (String topic : List.of(ORDERS, EVENTS)) {
            for (int partition = 0; partition < 2; partition++) {
                if (created.contains(topic)) {
                    check(topic, partition);
                }
            }
        }
        if (created.contains(ORDERS)) {
            committed.forEach((partition, offset) -> {
                Long now = group.model().contents(ORDERS, partition).commits().get("g");
                if (now == null || now < offset) {
                    throw new Violation(
                            Invariant.COMMITS_NEVER_GO_BACK,
                            "group g was told %d for partition %d, which has %s",
                            offset,
                            partition,
                            now);
                }
            });
        }
        checkOrderOfSending();
    }

    private void check(String topic, int partition) {
        EntryModel.Contents contents = group.model().contents(topic, partition);
        Map<String, Integer> places = new HashMap<>();
        for (int offset = 0; offset < contents.values().size(); offset++) {
            Integer earlier = places.put(contents.values().get(offset), offset);
            if (earlier != null && !forgetful) {
                throw new Violation(
                        Invariant.RECORDS_ARE_THERE_ONCE,
                        "%s-%d has '%s' at %d and at %d",
                        topic,
                        partition,
                        contents.values().get(offset),
                        earlier,
                        offset);
            }
        }
        List<Write> acknowledged = new ArrayList<>();
        for (Write write : finished) {
            if (!write.topic.equals(topic) || write.partition != partition || write.values.isEmpty()) {
                continue;
            }
            if (write.acknowledged()) {
                acknowledged.add(write);
                int end = (int) write.offset + write.values.size();
                if (end > contents.values().size()
                        || !contents.values().subList((int) write.offset, end).equals(write.values)) {
                    throw new Violation(
                            Invariant.ACKNOWLEDGED_RECORDS_STAY,
                            "%s was acknowledged at %d, where there is %s",
                            write,
                            write.offset,
                            contents.values()
                                    .subList(
                                            Math.min(
                                                    (int) write.offset,
                                                    contents.values().size()),
                                            Math.min(end, contents.values().size())));
                }
            } else if (!write.maybe && places.containsKey(write.values.getFirst())) {
                throw new Violation(
                        Invariant.REFUSED_RECORDS_ARE_NOT_THERE,
                        "%s was refused and is at %s",
                        write,
                        places.get(write.values.getFirst()));
            }
        }
        checkOrderInTime(acknowledged);
    }

    /// What was begun after something else was acknowledged has a larger offset.
    private void checkOrderInTime(List<Write> acknowledged) {
        if (forgetful) {
            return; // a key that comes again after it was forgotten is a new request
        }
        List<Write> byBegin = new ArrayList<>(acknowledged);
        byBegin.sort(Comparator.comparingLong(write -> write.begunAt));
        List<Write> byEnd = new ArrayList<>(acknowledged);
        byEnd.sort(Comparator.comparingLong(write -> write.acknowledgedAt));
        int ended = 0;
        long largest = -1;
        for (Write write : byBegin) {
            while (byEnd.get(ended).acknowledgedAt < write.begunAt) {
                largest = Math.max(largest, byEnd.get(ended++).offset);
            }
            if (write.offset <= largest) {
                throw new Violation(
                        Invariant.LATER_REQUESTS_COME_LATER,
                        "%s is at %d, and one that was acknowledged before it began is at %d",
                        write,
                        write.offset,
                        largest);
            }
        }
    }

    /// What one process accepted in an order stays in that order.
    private void checkOrderOfSending() {
        Map<String, List<Order>> places = new TreeMap<>();
        for (Order order : orders) {
            places.computeIfAbsent(order.place(), place -> new ArrayList<>()).add(order);
        }
        places.forEach((place, sent) -> {
            if (place.contains(SCRATCH)) {
                return; // offsets begin again with every creation
            }
            sent.sort(Comparator.comparingLong(Order::attempt));
            for (int i = 1; i < sent.size(); i++) {
                if (sent.get(i).offset() < sent.get(i - 1).offset()) {
                    throw new Violation(
                            Invariant.LATER_REQUESTS_COME_LATER,
                            "at %s, offset %d was sent before offset %d",
                            place,
                            sent.get(i - 1).offset(),
                            sent.get(i).offset());
                }
            }
        });
    }

    /// A reader at any node sees a part of the one history.
    void read(SimulatedNode node) {
        for (Topic topic : group.model().topics()) {
            boolean same = node.isUp()
                    && node.face()
                            .topic(topic.name())
                            .map(each -> each.id() == topic.id())
                            .orElse(false);
            for (int partition = 0; same && partition < topic.partitions(); partition++) {
                int at = partition;
                if (!node.isUp()) {
                    return; // it lost power while it was read
                }
                node.step(() -> {
                    PartitionLog log = node.face().partition(topic.name(), at);
                    List<String> seen = values(log);
                    List<String> all = group.model().contents(topic.name(), at).values();
                    int first = Math.toIntExact(log.earliestOffset());
                    if (first + seen.size() > all.size()
                            || !all.subList(first, first + seen.size()).equals(seen)) {
                        throw new Violation(
                                Invariant.REPLICAS_SHOW_A_PREFIX,
                                "%s shows %s from %d on in %s-%d, which is %s",
                                node,
                                seen,
                                first,
                                topic.name(),
                                at,
                                all);
                    }
                });
            }
        }
    }

    private static List<String> values(PartitionLog log) throws IOException {
        List<String> values = new ArrayList<>();
        try (RecordReader reader = log.readerWithMarkers(log.earliestOffset())) {
            while (reader.fill(Long.MAX_VALUE, 1 << 20)) {
                while (reader.next()) {
                    if (reader.offset() != log.earliestOffset() + values.size()) {
                        throw new Violation(
                                Invariant.REPLICAS_SHOW_A_PREFIX,
                                "offset %d was read where %d must be",
                                reader.offset(),
                                log.earliestOffset() + values.size());
                    }
                    values.add(new String(
                            reader.bytes(), reader.valueStart(), reader.valueLength(), StandardCharsets.UTF_8));
                }
            }
        }
        return values;
    }

    Object open() {
        return List.of(Objects.toString(open), commands.size());
    }
}
