package io.millrace.query.worker;

import io.millrace.log.BatchWriter;
import io.millrace.log.RecordBuffer;
import io.millrace.query.Frontier;
import io.millrace.query.OutputException;
import io.millrace.query.OutputPort;
import io.millrace.query.OutputPort.Stamp;
import io.millrace.query.data.Batch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes what a persistent query emits, each change once, whatever happens on the way.
///
/// What was refused is tried again for as long as the query runs. When nobody knows whether an append was done, the
/// generation is raised, after which it has been done or never will be, and the stamps tell which.
///
/// What a partition gets in one step is one append, if it is not too large for that. If it is, the records are put
/// into an order that depends on nothing but their content, and written in parts; each part's stamp says how many
/// of them there are, so that a recovery, which makes the same records again, can leave those out.
///
/// Threading: the query's own thread.
final class OutputWriter {
    private static final Logger LOG = LoggerFactory.getLogger(OutputWriter.class);
    private static final long BACKOFF_MS_MIN = 10;
    private static final long BACKOFF_MS_MAX = 1000;

    private final String query;
    private final String topic;
    private final OutputPort outputs;
    private final Waiter waiter;
    private long generation;
    private Map<Integer, Stamp> stamps = new TreeMap<>();
    private @Nullable TopicWriter encoded;
    private int partitions;
    private long step; // the newest that is complete; 0 for none
    private Frontier frontier = Frontier.EMPTY; // of that step

    /// How the query waits, and says for what.
    interface Waiter {
        /// @return false when the query was cancelled
        boolean await(long ms, String reason) throws InterruptedException;

        /// It goes on.
        void done();
    }

    /// The query was cancelled, or runs elsewhere by now: nothing is wrong, and nothing more is to be done here.
    static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;

        Stopped(String why) {
            super(why);
        }
    }

    OutputWriter(String query, String topic, OutputPort outputs, Waiter waiter) {
        this.query = query;
        this.topic = topic;
        this.outputs = outputs;
        this.waiter = waiter;
    }

    /// Makes this the only writer of the query, and learns what has been written.
    void own() throws InterruptedException {
        generation = persist(() -> outputs.raise(query));
        stamps = new TreeMap<>(outputs.stamps(query, topic)); // nobody can add to them any more
    }

    /// What each partition holds.
    Map<Integer, Stamp> stamps() {
        return stamps;
    }

    /// Says how rows become records. To be called before the first [#write].
    void encode(TopicWriter writer, int partitionCount) {
        encoded = writer;
        partitions = partitionCount;
    }

    /// The topic was made again, empty.
    void forget() {
        stamps = new TreeMap<>();
    }

    /// What comes next continues from here: everything up to `at` is written.
    void continueFrom(long completeStep, Frontier at) {
        step = completeStep;
        frontier = at;
    }

    long step() {
        return step;
    }

    /// Of the newest step that is complete.
    Frontier frontier() {
        return frontier;
    }

    /// Whether any partition lacks changes up to `next`.
    boolean lacks(Frontier next) {
        for (int partition = 0; partition < partitions; partition++) {
            Stamp last = stamps.get(partition);
            if (last == null || !last.covers(next)) {
                return true;
            }
        }
        return false;
    }

    /// Appends what the partitions' stamps do not cover yet of the changes up to `next`, and waits until it is
    /// durable.
    void write(Batch changes, long number, Frontier next, long watermarkMs) throws InterruptedException {
        TopicWriter writer = encoded;
        if (writer == null) {
            throw new IllegalStateException("encode() comes first");
        }
        if (changes.count() > 0) {
            writer.encode(changes, System.currentTimeMillis());
            Map<Integer, Deque<Part>> waiting = new TreeMap<>();
            for (int partition = 0; partition < partitions; partition++) {
                Stamp last = stamps.get(partition);
                if (last != null && last.covers(next)) {
                    writer.discard(partition);
                    continue;
                }
                RecordBuffer records = writer.take(partition);
                if (records != null) {
                    Frontier ahead = last == null ? null : last.ahead();
                    long skip = last != null && ahead != null && ahead.equals(next) ? last.aheadRecords() : 0;
                    waiting.put(partition, parts(records, skip, number, next, watermarkMs));
                }
            }
            append(waiting);
        }
        step = number;
        frontier = next;
    }

    /// Stamps every partition with the newest complete step, also those that got nothing from it.
    void seal(long watermarkMs) throws InterruptedException {
        Map<Integer, Deque<Part>> waiting = new TreeMap<>();
        for (int partition = 0; partition < partitions; partition++) {
            Stamp last = stamps.get(partition);
            if (last == null || !last.covers(frontier)) {
                Stamp stamp = new Stamp(query, generation, step, frontier, watermarkMs);
                waiting.put(partition, new ArrayDeque<>(List.of(new Part(new RecordBuffer(), stamp))));
            }
        }
        append(waiting);
    }

    /// @param stamp its generation is that of the writer when it is sent
    private record Part(RecordBuffer records, Stamp stamp) {}

    private Deque<Part> parts(RecordBuffer records, long skip, long number, Frontier next, long watermarkMs) {
        Stamp whole = new Stamp(query, generation, number, next, watermarkMs);
        Deque<Part> parts = new ArrayDeque<>();
        if (skip == 0 && fits(records)) {
            parts.add(new Part(records, whole));
            return parts;
        }
        long written = skip;
        for (RecordBuffer part : records.inOrderOfContent(skip, outputs.appendBytesMax())) {
            written += part.count();
            parts.add(new Part(
                    part,
                    written == records.count()
                            ? whole
                            : new Stamp(query, generation, step, frontier, watermarkMs, written, next)));
        }
        if (parts.isEmpty()) { // every record was there, only the last stamp was not
            parts.add(new Part(new RecordBuffer(), whole));
        }
        return parts;
    }

    private boolean fits(RecordBuffer records) {
        // the packed size first: the other one refuses what no batch can hold
        return records.sizeBytes() <= outputs.appendBytesMax()
                && BatchWriter.sizeBytesMax(records) <= outputs.appendBytesMax();
    }

    /// Appends the parts of each partition one after the other, the partitions side by side.
    private void append(Map<Integer, Deque<Part>> waiting) throws InterruptedException {
        long backoffMs = BACKOFF_MS_MIN;
        while (!waiting.isEmpty()) {
            Map<Integer, Stamp> sent = new TreeMap<>();
            Map<Integer, CompletableFuture<Long>> appends = new TreeMap<>();
            waiting.forEach((partition, parts) -> {
                Part part = parts.element();
                Stamp stamp = withGeneration(part.stamp());
                sent.put(partition, stamp);
                appends.put(partition, outputs.append(topic, partition, part.records(), stamp));
            });
            List<OutputException> refusals = new ArrayList<>();
            RuntimeException fatal = null;
            boolean unknown = false;
            for (Map.Entry<Integer, CompletableFuture<Long>> append : appends.entrySet()) {
                try {
                    append.getValue().get();
                    written(waiting, append.getKey(), sent);
                } catch (ExecutionException failed) {
                    try {
                        OutputException refused = refusal(failed);
                        refusals.add(refused);
                        unknown |= refused.kind() == OutputException.Kind.UNKNOWN;
                    } catch (RuntimeException failure) {
                        fatal = failure; // the other appends are still waited for
                    }
                }
            }
            if (fatal != null) {
                throw fatal;
            }
            if (unknown) {
                settle(waiting, sent);
            }
            if (!refusals.isEmpty()) {
                await(backoffMs, refusals.getFirst());
                backoffMs = Math.min(2 * backoffMs, BACKOFF_MS_MAX);
            } else {
                backoffMs = BACKOFF_MS_MIN;
            }
        }
        waiter.done();
    }

    private void written(Map<Integer, Deque<Part>> waiting, int partition, Map<Integer, Stamp> sent) {
        Stamp stamp = sent.get(partition);
        Deque<Part> parts = waiting.get(partition);
        if (stamp == null || parts == null) {
            throw new IllegalStateException("partition " + partition + " was not written to");
        }
        stamps.put(partition, stamp);
        parts.remove();
        if (parts.isEmpty()) {
            waiting.remove(partition);
        }
    }

    /// Finds out which of the appends that were sent have been done.
    private void settle(Map<Integer, Deque<Part>> waiting, Map<Integer, Stamp> sent) throws InterruptedException {
        generation = persist(() -> outputs.raise(query));
        Map<Integer, Stamp> found = outputs.stamps(query, topic);
        for (int partition = 0; partition < partitions; partition++) {
            Stamp there = found.get(partition);
            if (there == null ? stamps.get(partition) == null : there.equals(stamps.get(partition))) {
                continue; // as it was: the append, if there was one, will never be done
            }
            if (there != null && waiting.containsKey(partition) && there.equals(sent.get(partition))) {
                written(waiting, partition, sent);
            } else {
                throw new Stopped("another instance has written to partition %d".formatted(partition));
            }
        }
        LOG.atInfo()
                .addKeyValue("query", query)
                .addKeyValue("generation", generation)
                .log("a write whose outcome was unknown is settled");
    }

    private Stamp withGeneration(Stamp stamp) {
        return new Stamp(
                stamp.query(),
                generation,
                stamp.step(),
                stamp.frontier(),
                stamp.watermarkMs(),
                stamp.aheadRecords(),
                stamp.ahead());
    }

    /// Repeats a write that may be done twice until it is done.
    <T> T persist(Supplier<CompletableFuture<T>> write) throws InterruptedException {
        long backoffMs = BACKOFF_MS_MIN;
        while (true) {
            try {
                T result = write.get().get();
                waiter.done();
                return result;
            } catch (ExecutionException failed) {
                await(backoffMs, refusal(failed));
                backoffMs = Math.min(2 * backoffMs, BACKOFF_MS_MAX);
            }
        }
    }

    private void await(long ms, OutputException refused) throws InterruptedException {
        if (!waiter.await(ms, String.valueOf(refused.getMessage()))) {
            throw new Stopped("the query was cancelled");
        }
    }

    /// @throws Stopped another instance is the writer now
    private static OutputException refusal(ExecutionException failed) {
        Throwable cause = failed;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof OutputException refused) {
            if (refused.kind() == OutputException.Kind.FENCED) {
                throw new Stopped(String.valueOf(refused.getMessage()));
            }
            return refused;
        }
        throw cause instanceof RuntimeException failure ? failure : new CompletionException(cause);
    }
}
