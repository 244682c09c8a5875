package io.millrace.query.worker;

import io.millrace.log.RecordBuffer;
import io.millrace.query.EngineSettings;
import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.OutputPort;
import io.millrace.query.OutputPort.Stamp;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.sql.PlannedStatement.CreateQuery;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A query whose results are the records of a topic, each exactly once.
///
/// Every append carries (query, generation, step, frontier) in the same entry as its rows. After a crash: raise
/// the generation, so that nobody else can write; read the newest stamp of each output partition; rebuild the
/// state from the start of the input, cut where the stamps were; drop for each partition what its stamp covers,
/// append the rest; go on.
final class PersistentTask extends QueryTask {
    private static final Logger LOG = LoggerFactory.getLogger(PersistentTask.class);
    private static final long IDLE_WAIT_MS = 1000;
    private static final long INPUT_WARNING_MS = 30_000;

    private final CreateQuery definition;
    private final Parts parts;
    private final InputPort inputs;
    private final OutputPort outputs;
    private final EngineSettings settings;
    private final String topic;

    PersistentTask(
            CreateQuery definition,
            String topic,
            String sql,
            Parts parts,
            InputPort inputs,
            OutputPort outputs,
            EngineSettings settings,
            Runnable ended) {
        super(definition.queryId(), sql, topic, ended);
        this.definition = definition;
        this.topic = topic;
        this.parts = parts;
        this.inputs = inputs;
        this.outputs = outputs;
        this.settings = settings;
    }

    @Override
    void work() throws IOException, InterruptedException {
        int partitions = inputs.topic(topic)
                .orElseThrow(() -> new SqlException("unknown_topic", "Output topic '" + topic + "' does not exist."))
                .partitions();
        long generation = 1
                + outputs.stamps(id(), topic).values().stream()
                        .mapToLong(Stamp::generation)
                        .max()
                        .orElse(0);
        outputs.fence(id(), generation).join();
        Map<Integer, Stamp> stamps = outputs.stamps(id(), topic); // read again: nobody can add to them any more
        RowFailures failures = new RowFailures(definition.failOnError());
        Execution execution = new Execution(definition.query().plan(), parts, inputs, failures);
        watch(execution, failures);
        Writer writer = new Writer(partitions, generation, stamps, execution);
        for (Stamp stamp : inOrder(stamps)) {
            awaitInput(execution, stamp.frontier());
            Batch changes = run(execution, stamp.frontier());
            if (isCancelled()) {
                return; // half a step must never be written under the stamp of a whole one
            }
            writer.write(changes, stamp.step());
        }
        long step = stamps.values().stream().mapToLong(Stamp::step).max().orElse(0);
        boolean first = true;
        IdlePartitions idle =
                new IdlePartitions(execution.feeds(), inputs, outputs, settings.idleTimeoutMs(), System.nanoTime());
        Integral changes = new Integral(definition.query().schema());
        Batch out = new Batch(definition.query().schema());
        while (!isCancelled()) {
            Frontier before = execution.frontier();
            Frontier end = execution.end();
            idle.mark(System.nanoTime());
            if (!first && before.includes(end)) {
                awaitWake(IDLE_WAIT_MS);
                continue;
            }
            first = false;
            changes.add(execution.step(end, settings.stepRowsMax()));
            out.clear();
            changes.drainTo(out);
            writer.write(out, ++step);
            if (execution.frontier().equals(before)) {
                awaitWake(IDLE_WAIT_MS); // only records without rows are left below the end
            }
            if (isPaused()) {
                awaitWake(0);
            }
        }
    }

    private static List<Stamp> inOrder(Map<Integer, Stamp> stamps) {
        List<Stamp> distinct = new ArrayList<>();
        stamps.values().stream().sorted(Comparator.comparingLong(Stamp::step)).forEach(stamp -> {
            if (distinct.isEmpty() || distinct.getLast().step() != stamp.step()) {
                distinct.add(stamp);
            }
        });
        return distinct;
    }

    /// Waits until the input can be read up to `frontier`: this replica may still be behind the one that wrote
    /// the stamp.
    private void awaitInput(Execution execution, Frontier frontier) throws InterruptedException {
        while (!awaitInput(execution, frontier, INPUT_WARNING_MS)) {
            LOG.atWarn()
                    .addKeyValue("query", id())
                    .addKeyValue("frontier", frontier)
                    .addKeyValue("end", execution.end())
                    .log("a persistent query waits for input that it has read before and that is not here");
        }
    }

    /// Runs up to exactly `frontier` and returns the sum of the changes.
    private Batch run(Execution execution, Frontier frontier) throws IOException {
        Integral changes = new Integral(definition.query().schema());
        Frontier before;
        do {
            before = execution.frontier();
            changes.add(execution.step(frontier, settings.stepRowsMax()));
        } while (!isCancelled()
                && !execution.frontier().includes(frontier)
                && !execution.frontier().equals(before));
        if (!isCancelled() && !execution.frontier().includes(frontier)) {
            throw new SqlException(
                    "frontier_not_reached",
                    "Query " + id() + " was at " + frontier + " when it stopped; its input can be read up to "
                            + execution.frontier() + " only.");
        }
        Batch sum = new Batch(definition.query().schema());
        changes.drainTo(sum);
        return sum;
    }

    @Override
    void report(SqlException failure) {
        if (isCancelled()) {
            return; // nobody waits for it, and its view or the node is going
        }
        LOG.atError()
                .addKeyValue("query", id())
                .addKeyValue("code", failure.code())
                .log("a persistent query has stopped: " + failure.getMessage());
    }

    private final class Writer {
        private final long generation;
        private final Map<Integer, Stamp> stamps;
        private final Execution execution;
        private final TopicWriter encoded;
        private final int partitions;

        Writer(int partitions, long generation, Map<Integer, Stamp> stamps, Execution execution) {
            this.partitions = partitions;
            this.generation = generation;
            this.stamps = Map.copyOf(stamps);
            this.execution = execution;
            int[] key = definition.create().compacted() ? definition.keyColumns() : new int[0];
            encoded = new TopicWriter(
                    new RowEncoder(definition.query().schema()), partitions, key, false, TopicWriter.Spread.BY_CONTENT);
        }

        /// Appends what the partitions' stamps do not cover yet, and waits until it is durable.
        void write(Batch changes, long step) {
            if (changes.count() == 0) {
                return;
            }
            encoded.encode(changes, System.currentTimeMillis());
            Frontier frontier = execution.frontier();
            List<CompletableFuture<Long>> appends = new ArrayList<>();
            for (int partition = 0; partition < partitions; partition++) {
                Stamp last = stamps.get(partition);
                if (last != null && last.step() >= step) {
                    encoded.discard(partition);
                    continue;
                }
                RecordBuffer records = encoded.take(partition);
                if (records != null) {
                    Stamp stamp = new Stamp(id(), generation, step, frontier, execution.watermarkMs());
                    appends.add(outputs.append(topic, partition, records, stamp));
                }
            }
            CompletableFuture.allOf(appends.toArray(CompletableFuture[]::new)).join();
        }
    }
}
