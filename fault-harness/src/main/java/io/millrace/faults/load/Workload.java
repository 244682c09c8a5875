package io.millrace.faults.load;

import io.millrace.faults.history.Event;
import io.millrace.faults.history.History;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/// Everybody who uses the nodes while they are being broken.
///
/// - Producers with idempotency keys repeat a record until they know. Producers without go on to the next one
///   and never repeat. Both kinds send single records and lines, each to a partition of its own choice, one request
///   at a time.
/// - A consumer for each node follows all partitions.
/// - Somebody commits offsets, somebody reads committed offsets and the latest offsets, linearizably.
public final class Workload {
    public static final String TOPIC = "faults";
    static final String READER_GROUP = "latest-readers";
    private static final String COMMIT_GROUP = "accountants";
    private static final String CONSUMER_GROUP = "followers";

    private static final int ANY_PARTITION = -1;
    private static final int LINES_MAX = 20;
    private static final int FETCH_LIMIT = 1_000;
    private static final long WRITE_TIMEOUT_MS = 2_000;
    private static final long PROBE_TIMEOUT_MS = 700;
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(3);
    private static final long PACE_MS = 8;
    private static final long RETRY_MS = 30;
    private static final long READ_PACE_MS = 40;
    private static final long ALONE_PACE_MS = 60;

    private final Nodes nodes;
    private final Transport transport;
    private final History history;
    private final int partitions;
    private final int producerCount;
    private final long seed;
    private final Writer.Tally tally = new Writer.Tally();
    private final Semaphore stopping = new Semaphore(0); // a permit for everybody once it is over
    private final Semaphore finishing = new Semaphore(0);
    private final List<Thread> producers = new ArrayList<>();
    private final List<Thread> readers = new ArrayList<>();
    private final ConcurrentLinkedQueue<Throwable> surprises = new ConcurrentLinkedQueue<>();
    private final AtomicInteger probes = new AtomicInteger();
    private final AtomicInteger unresolved = new AtomicInteger();
    private final AtomicLongArray consumed; // next offset by partition, furthest of all consumers

    public Workload(Nodes nodes, Transport transport, History history, int partitions, int producerCount, long seed) {
        this.nodes = nodes;
        this.transport = transport;
        this.history = history;
        this.partitions = partitions;
        this.producerCount = producerCount;
        this.seed = seed;
        this.consumed = new AtomicLongArray(partitions);
    }

    /// Makes the topic; tries until the deadline.
    public void createTopic(Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        String body = "{\"name\":\"" + TOPIC + "\",\"partitions\":" + partitions + "}";
        String last = "nothing";
        for (int node = 0; System.nanoTime() < deadline; node = (node + 1) % nodes.count()) {
            try {
                Answer answer = transport.send(Request.post(node, "/broker/topics", body, READ_TIMEOUT));
                if (answer.isOk()) {
                    return;
                }
                last = answer.status() + " " + answer.body();
                int leader = nodes.indexOf(answer.location());
                if (answer.status() == Answer.REDIRECT && leader >= 0) {
                    // one step before the leader, because the loop takes one
                    node = (leader + nodes.count() - 1) % nodes.count();
                    continue;
                }
            } catch (IOException failed) {
                last = failed.toString();
            }
            TimeUnit.MILLISECONDS.sleep(RETRY_MS);
        }
        throw new IOException("topic '" + TOPIC + "' could not be made within " + patience.toSeconds()
                + " s; the last answer: " + last);
    }

    public void start() {
        for (int i = 0; i < producerCount; i++) {
            int number = i;
            producers.add(run("producer-" + i, () -> produce(number)));
        }
        for (int i = 0; i < nodes.count(); i++) {
            addConsumer(i);
        }
        readers.add(run("commits", this::commit));
        readers.add(run("latest", this::readLatest));
    }

    /// A consumer for a node that came later.
    public void addConsumer(int node) {
        readers.add(run("consumer-" + nodes.name(node), () -> consume(node)));
    }

    private interface Work {
        void run() throws InterruptedException;
    }

    private Thread run(String name, Work work) {
        return Thread.ofVirtual().name(name).start(() -> {
            try {
                work.run();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            } catch (Throwable surprise) { // the run must hear of it
                surprises.add(surprise);
            }
        });
    }

    private boolean isStopping() {
        return stopping.availablePermits() > 0;
    }

    private boolean isFinishing() {
        return finishing.availablePermits() > 0;
    }

    /// Waits, or less when the end comes.
    private static void pause(Semaphore end, long ms) throws InterruptedException {
        if (end.tryAcquire(ms, TimeUnit.MILLISECONDS)) {
            end.release();
        }
    }

    private void produce(int number) throws InterruptedException {
        boolean keyed = number % 2 == 0;
        boolean lines = number / 2 % 2 == 1;
        String name = (keyed ? "k" : "u") + (lines ? "l" : "s") + number;
        SplittableRandom random = new SplittableRandom(seed + number);
        Writer writer = new Writer(
                nodes,
                transport,
                history,
                tally,
                TOPIC,
                name,
                number % partitions,
                keyed,
                lines,
                WRITE_TIMEOUT_MS,
                number);
        long sequence = 0;
        while (!isStopping()) {
            int count = lines ? 1 + random.nextInt(LINES_MAX) : 1;
            Outcome outcome = writer.send(sequence, count);
            while (keyed && outcome != Outcome.ACKNOWLEDGED) {
                if (isFinishing()) {
                    unresolved.addAndGet(count);
                    return;
                }
                pause(finishing, RETRY_MS);
                outcome = writer.send(sequence, count);
            }
            sequence += count;
            pause(stopping, outcome == Outcome.ACKNOWLEDGED ? PACE_MS : RETRY_MS);
        }
    }

    private void consume(int node) throws InterruptedException {
        long[] next = new long[partitions];
        while (!isStopping() && nodes.isMember(node)) {
            boolean any = false;
            for (int partition = 0; partition < partitions; partition++) {
                any |= fetch(node, partition, next);
            }
            pause(stopping, any ? READ_PACE_MS : 2 * READ_PACE_MS);
        }
    }

    private boolean fetch(int node, int partition, long[] next) throws InterruptedException {
        Answer answer;
        try {
            answer = transport.send(Request.get(node, fetchPath(partition, next[partition]), READ_TIMEOUT));
        } catch (IOException down) {
            return false;
        }
        if (!answer.isOk()) {
            return false; // down, or a replica that is behind what was read elsewhere
        }
        Map<String, @Nullable Object> body = answer.json();
        long nowNs = history.nowNs();
        for (Map<String, @Nullable Object> message : Json.objects(body, "messages")) {
            history.add(new Event.Seen(
                    nowNs,
                    nodes.name(node),
                    partition,
                    Json.number(message, "offset", -1),
                    RecordText.nameOf(Json.text(message, "value", ""))));
        }
        long nextOffset = Json.number(body, "next_offset", next[partition]);
        boolean any = nextOffset > next[partition];
        if (nextOffset < next[partition]) {
            surprises.add(new IllegalStateException(nodes.name(node) + " was asked for partition " + partition
                    + " from offset " + next[partition] + " and says that " + nextOffset + " comes next"));
        }
        next[partition] = nextOffset;
        consumed.accumulateAndGet(partition, nextOffset, Math::max);
        return any;
    }

    private static String fetchPath(int partition, long offset) {
        return "/broker/consume/" + TOPIC + "/" + CONSUMER_GROUP + "/" + partition + "?offset=" + offset + "&limit="
                + FETCH_LIMIT;
    }

    /// A small read that a leader confirms.
    private String linearizablePath(String group, int partition) {
        return "/broker/consume/" + TOPIC + "/" + group + "/" + partition + "?offset=0&limit=1"
                + (nodes.count() > 1 ? "&consistency=linearizable" : "");
    }

    private void commit() throws InterruptedException {
        int node = 0;
        for (int round = 0; !isStopping(); round++) {
            int partition = round % partitions;
            long offset = consumed.get(partition) - 1;
            if (offset >= 0) {
                String body = "{\"topic\":\"%s\",\"group\":\"%s\",\"partition\":%d,\"offset\":%d}"
                        .formatted(TOPIC, COMMIT_GROUP, partition, offset);
                node = commitOnce(node, partition, offset, body);
                readCommitted((node + round) % nodes.count(), partition);
            }
            pause(stopping, READ_PACE_MS);
        }
    }

    /// @return the node to ask next
    private int commitOnce(int node, int partition, long offset, String body) throws InterruptedException {
        try {
            Answer answer = transport.send(Request.post(node, "/broker/commit", body, READ_TIMEOUT));
            if (answer.isOk()) {
                history.add(new Event.CommitAcknowledged(history.nowNs(), partition, offset));
                return node;
            }
            int leader = nodes.indexOf(answer.location());
            if (answer.status() == Answer.REDIRECT && leader >= 0) {
                return leader;
            }
        } catch (IOException down) {
            // the next node may be up
        }
        return (node + 1) % nodes.count();
    }

    private void readCommitted(int node, int partition) throws InterruptedException {
        long askedNs = history.nowNs();
        Answer answer = read(node, linearizablePath(COMMIT_GROUP, partition));
        if (answer != null) {
            history.add(new Event.Committed(
                    history.nowNs(),
                    askedNs,
                    nodes.name(node),
                    partition,
                    Json.number(answer.json(), "committed_offset", Event.NO_OFFSET)));
        }
    }

    private void readLatest() throws InterruptedException {
        for (int round = 0; !isStopping(); round++) {
            readLatest(round % nodes.count(), round / nodes.count() % partitions);
            pause(stopping, READ_PACE_MS / 2);
        }
    }

    private void readLatest(int node, int partition) throws InterruptedException {
        long askedNs = history.nowNs();
        Answer answer = read(node, linearizablePath(READER_GROUP, partition));
        if (answer != null) {
            history.add(new Event.Latest(
                    history.nowNs(),
                    askedNs,
                    nodes.name(node),
                    partition,
                    Json.number(answer.json(), "high_watermark", Long.MAX_VALUE)));
        }
    }

    /// The answer with status 200, also after a redirect; null when there is none.
    private @Nullable Answer read(int node, String path) throws InterruptedException {
        try {
            Answer answer = transport.send(Request.get(node, path, READ_TIMEOUT));
            int leader = nodes.indexOf(answer.location());
            if (answer.status() == Answer.REDIRECT && leader >= 0) {
                answer = transport.send(Request.get(leader, path, READ_TIMEOUT));
            }
            return answer.isOk() ? answer : null;
        } catch (IOException down) {
            return null;
        }
    }

    /// Waits until so many writes have been acknowledged, so that there is something to lose.
    ///
    /// @throws IOException that takes longer than `patience`
    public void awaitAcknowledged(long writes, Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (tally.count200() < writes) {
            if (System.nanoTime() > deadline) {
                throw new IOException(tally.count200() + " writes were acknowledged within " + patience.toSeconds()
                        + " s while nothing was broken yet; answers so far: " + answers());
            }
            TimeUnit.MILLISECONDS.sleep(RETRY_MS);
        }
    }

    /// Writes until a write that begins from now on is acknowledged.
    ///
    /// @param everywhere whether one to each partition must be, because each may have a leader of its own
    /// @return milliseconds that it took; empty when it took longer than `patience`
    public OptionalLong awaitWrites(Duration patience, boolean everywhere) throws InterruptedException {
        if (!everywhere) {
            return awaitWrite(patience, ANY_PARTITION);
        }
        OptionalLong[] tookMs = new OptionalLong[partitions];
        Arrays.fill(tookMs, OptionalLong.empty());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < partitions; i++) {
            int partition = i;
            threads.add(run("probes-" + i, () -> tookMs[partition] = awaitWrite(patience, partition)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return Arrays.stream(tookMs).allMatch(OptionalLong::isPresent)
                ? Arrays.stream(tookMs).mapToLong(OptionalLong::getAsLong).max()
                : OptionalLong.empty();
    }

    private OptionalLong awaitWrite(Duration patience, int wanted) throws InterruptedException {
        long beginNs = System.nanoTime();
        AtomicLong acknowledgedNs = new AtomicLong();
        Semaphore over = new Semaphore(0);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < nodes.count(); i++) { // one each, so that a frozen one holds up nobody
            int node = i;
            if (!nodes.isMember(node)) {
                continue;
            }
            threads.add(run("probe-" + nodes.name(i), () -> {
                while (over.availablePermits() == 0 && System.nanoTime() - beginNs < patience.toNanos()) {
                    int number = probes.incrementAndGet();
                    int partition = wanted == ANY_PARTITION ? number % partitions : wanted;
                    Writer writer = new Writer(
                            nodes,
                            transport,
                            history,
                            tally,
                            TOPIC,
                            "probe" + number,
                            partition,
                            false,
                            false,
                            PROBE_TIMEOUT_MS,
                            node);
                    if (writer.send(0, 1) == Outcome.ACKNOWLEDGED) {
                        acknowledgedNs.compareAndSet(0, System.nanoTime());
                        over.release();
                    } else {
                        pause(over, RETRY_MS);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return acknowledgedNs.get() == 0
                ? OptionalLong.empty()
                : OptionalLong.of((acknowledgedNs.get() - beginNs) / 1_000_000);
    }

    /// Somebody who goes on until [#close].
    public interface Watch extends AutoCloseable {
        @Override
        void close();
    }

    /// From now on writes are sent to a node that is alone, many at the same time and without a time limit, and
    /// what it says of them is noted.
    ///
    /// @param led the partitions that it led until now
    public Watch writeToNodeAlone(int node, int[] led) {
        Semaphore over = new Semaphore(0);
        readers.add(run("alone-" + nodes.name(node), () -> {
            List<Thread> writes = new ArrayList<>();
            while (over.availablePermits() == 0 && !isStopping()) {
                int number = probes.incrementAndGet();
                Writer writer = Writer.toNodeAlone(
                        nodes, transport, history, tally, TOPIC, "alone" + number, led[number % led.length], node);
                writes.add(run("alone-" + number, () -> writer.send(0, 1)));
                pause(over, ALONE_PACE_MS);
            }
            for (Thread write : writes) {
                write.join();
            }
        }));
        return over::release;
    }

    /// Ends the producers; those with keys may go on until they know, at most for `patience`. Ends the readers.
    ///
    /// @return records with a key whose outcome is still unknown
    public int stop(Duration patience) throws InterruptedException {
        stopping.release();
        long deadline = System.nanoTime() + patience.toNanos();
        for (Thread producer : producers) {
            producer.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
        }
        finishing.release();
        for (Thread producer : producers) {
            producer.join();
        }
        for (Thread reader : readers) {
            reader.join();
        }
        return unresolved.get();
    }

    /// One more linearizable read of everything at every node, once all are up.
    public void readFinally() throws InterruptedException {
        for (int node = 0; node < nodes.count(); node++) {
            for (int partition = 0; nodes.isMember(node) && partition < partitions; partition++) {
                readLatest(node, partition);
                readCommitted(node, partition);
            }
        }
    }

    /// The next offset of each partition as this node has it.
    ///
    /// @throws IOException the node does not say
    public long[] watermarks(int node) throws IOException, InterruptedException {
        long[] watermarks = new long[partitions];
        for (int partition = 0; partition < partitions; partition++) {
            Answer answer = transport.send(Request.get(
                    node,
                    "/broker/consume/" + TOPIC + "/" + CONSUMER_GROUP + "/" + partition + "?offset=0&limit=1",
                    READ_TIMEOUT));
            if (!answer.isOk()) {
                throw new IOException(nodes.name(node) + " answers " + answer.status() + " " + answer.body());
            }
            watermarks[partition] = Json.number(answer.json(), "high_watermark", -1);
        }
        return watermarks;
    }

    /// Reads everything that a node has into the history.
    ///
    /// @throws IOException the node does not give it
    public void readAll(int node) throws IOException, InterruptedException {
        for (int partition = 0; partition < partitions; partition++) {
            long next = 0;
            while (true) {
                Answer answer =
                        transport.send(Request.get(node, fetchPath(partition, next), READ_TIMEOUT.multipliedBy(5)));
                if (!answer.isOk()) {
                    throw new IOException(nodes.name(node) + " was asked for partition " + partition + " from offset "
                            + next + " and answers " + answer.status() + " " + answer.body());
                }
                Map<String, @Nullable Object> body = answer.json();
                List<Map<String, @Nullable Object>> messages = Json.objects(body, "messages");
                for (Map<String, @Nullable Object> message : messages) {
                    history.add(new Event.Kept(
                            history.nowNs(),
                            nodes.name(node),
                            partition,
                            Json.number(message, "offset", -1),
                            RecordText.nameOf(Json.text(message, "value", ""))));
                }
                long nextOffset = Json.number(body, "next_offset", next);
                if (nextOffset <= next) {
                    break;
                }
                next = nextOffset;
            }
        }
    }

    /// How often each answer was given to writes.
    public Map<String, Long> answers() {
        Map<String, Long> answers = new TreeMap<>();
        tally.answers.forEach((code, count) -> answers.put(code, count.get()));
        return answers;
    }

    /// What clients met that has no place in a history: a bug of the node, or of this harness.
    public Collection<Throwable> surprises() {
        return List.copyOf(surprises);
    }
}
