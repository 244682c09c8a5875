package io.millrace.query.worker;

import io.millrace.query.CatalogPort;
import io.millrace.query.EngineSettings;
import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.OutputPort;
import io.millrace.query.OutputPort.Stamp;
import io.millrace.query.SqlException;
import io.millrace.query.circuit.Circuits;
import io.millrace.query.data.Batch;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.sql.PlannedStatement.CreateQuery;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A query whose results are the records of a topic, each exactly once.
///
/// Every append carries a stamp (query, generation, step, frontier) in the same entry as its rows. So each partition
/// says up to where it is complete, and the frontiers of all stamps form a chain: one includes the other.
///
/// A start, after whatever crash:
///
/// 1. Raise the generation: nobody else can write any more.
/// 2. Read the newest stamp of each partition.
/// 3. Load the newest checkpoint that *every* partition's stamp includes; without one begin where the query began.
/// 4. Read the input again, cut exactly at the stamps. At each cut a partition whose stamp includes it has its
///    changes dropped, any other gets what has changed since the cut before.
/// 5. Go on.
///
/// Step 3 is why a checkpoint is sealed: before it counts, every partition is stamped with its frontier. Whoever
/// wrote since, on this node or another, went on from there, so what a partition holds is the answer up to its stamp
/// and nothing else. Step 4 needs the cuts: between two of them nobody knows how a change and its taking back were
/// spread over appends, at them everybody does.
final class PersistentTask extends QueryTask {
    private static final Logger LOG = LoggerFactory.getLogger(PersistentTask.class);
    private static final long IDLE_WAIT_MS = 1000;
    private static final long INPUT_WARNING_MS = 30_000;
    private static final long NOT_READY_PAUSE_MS = 200;
    /// A checkpoint may take a tenth of the time.
    private static final int CHECKPOINT_COST = 10;

    private static final long CHECKPOINT_ROWS = 50_000_000;

    private final CreateQuery definition;
    private final String definitionHash;
    private final Parts parts;
    private final InputPort inputs;
    private final OutputPort outputs;
    private final CatalogPort notes;
    private final EngineSettings settings;
    private final @Nullable Checkpoints checkpoints;
    private final String topic;
    private final OutputWriter writer;
    private final RowFailures failures;
    private volatile boolean retiring;

    // of the newest checkpoint
    private long checkpointNanos;
    private long checkpointCostNanos;
    private long checkpointRows;
    private Frontier checkpointFrontier = Frontier.EMPTY;
    private CompletableFuture<Boolean> checkpointing = CompletableFuture.completedFuture(true);

    /// @param checkpoints null to keep none
    PersistentTask(
            CreateQuery definition,
            String topic,
            String sql,
            Parts parts,
            InputPort inputs,
            OutputPort outputs,
            CatalogPort notes,
            EngineSettings settings,
            @Nullable Checkpoints checkpoints,
            Runnable ended) {
        super(definition.queryId(), sql, topic, ended);
        this.definition = definition;
        this.topic = topic;
        this.parts = parts;
        this.inputs = inputs;
        this.outputs = outputs;
        this.notes = notes;
        this.settings = settings;
        this.checkpoints = checkpoints;
        definitionHash = Beginning.hash(sql);
        failures = new RowFailures(definition.failOnError());
        writer = new OutputWriter(definition.queryId(), topic, outputs, new OutputWriter.Waiter() {
            @Override
            public boolean await(long ms, String reason) throws InterruptedException {
                waitingFor(reason);
                return awaitCancel(ms);
            }

            @Override
            public void done() {
                waitingFor(null);
            }
        });
        activity("recovering");
    }

    /// Ends the task after a last checkpoint, so that the next start has nothing to do again.
    void retire() {
        retiring = true;
        cancel();
    }

    @Override
    void work() throws IOException, InterruptedException {
        try {
            keepRunning();
        } catch (OutputWriter.Stopped stopped) {
            LOG.atInfo()
                    .addKeyValue("query", id())
                    .addKeyValue("reason", stopped.getMessage())
                    .log("a persistent query has ended here");
        } catch (SqlException failure) {
            throw failure.code().equals("input_deleted") ? withWayOut(failure) : failure;
        } finally {
            awaitCheckpoint();
        }
    }

    private SqlException withWayOut(SqlException gone) {
        return new SqlException(
                gone.code(),
                gone.getMessage()
                        + " Its results up to here stay as they are. To begin anew with what is left: CREATE OR"
                        + " REPLACE it with the same text, or DROP and CREATE it.",
                0,
                0,
                "Keep the input of persistent queries for as long as a node may be away.");
    }

    private void keepRunning() throws IOException, InterruptedException {
        writer.own();
        Beginning beginning = beginWhenReady();
        int partitions = outputTopic().partitions();
        int[] key = definition.create().compacted() ? definition.keyColumns() : new int[0];
        writer.encode(
                new TopicWriter(
                        new RowEncoder(definition.query().schema()),
                        partitions,
                        key,
                        false,
                        TopicWriter.Spread.BY_CONTENT),
                partitions);
        Frontier known = known(writer.stamps());
        Execution execution = recover(beginning, partitions);
        if (isCancelled()) {
            return;
        }
        activity("running");
        run(execution, known, beginning);
        if (retiring && !execution.frontier().equals(checkpointFrontier)) {
            checkpoint(execution, beginning);
        }
    }

    // ---- start
    // ---------------------------------------------------------------------------------------------------------

    private InputPort.InputTopic outputTopic() {
        return inputs.topic(topic)
                .orElseThrow(() -> new SqlException("unknown_topic", "Output topic '" + topic + "' does not exist."));
    }

    /// A topic that exists and is not to be seen here yet will be: that does not end a query for good.
    private Beginning beginWhenReady() throws InterruptedException {
        while (true) {
            try {
                Beginning beginning = begin();
                waitingFor(null);
                return beginning;
            } catch (SqlException failure) {
                if (!failure.code().equals(InputPort.NOT_READY)) {
                    throw failure;
                }
                waitingFor(String.valueOf(failure.getMessage()));
            }
            if (!awaitCancel(NOT_READY_PAUSE_MS)) {
                throw new OutputWriter.Stopped("the query was cancelled");
            }
        }
    }

    /// What the query noted when it began, or a new note when it begins now: at the first start, after CREATE OR
    /// REPLACE, and when somebody has deleted its topic.
    private Beginning begin() throws InterruptedException {
        while (true) {
            CatalogPort.Note note = notes.note(id());
            if (inputs.topic(topic).isEmpty()) {
                createTopic();
            }
            if (note.version() > 0) {
                Beginning noted = Beginning.decode(id(), note.text());
                if (noted.definition().equals(definitionHash)
                        && noted.output() == outputTopic().id()) {
                    noted.checkTopics(inputs);
                    return noted;
                }
            }
            boolean otherAnswer = note.version() > 0 || !writer.stamps().isEmpty();
            if (otherAnswer && !definition.continued()) {
                LOG.atInfo().addKeyValue("query", id()).log("a persistent query begins anew, with an empty topic");
                writer.persist(() -> inputs.topic(topic).isEmpty()
                        ? CompletableFuture.completedFuture(null)
                        : outputs.deleteTopic(topic));
                createTopic();
                writer.forget();
            }
            if (checkpoints != null) {
                checkpoints.deleteAll();
            }
            Beginning now = Beginning.now(
                    definitionHash,
                    outputTopic().id(),
                    topicsOf(definition.query().plan()),
                    inputs);
            if (writer.persist(() -> notes.storeNote(id(), now.encode(), note.version()))) {
                return now;
            }
        }
    }

    private static Set<String> topicsOf(PlanNode plan) {
        return Circuits.sources(plan).stream().map(SourceSpec::topic).collect(Collectors.toCollection(TreeSet::new));
    }

    private void createTopic() throws InterruptedException {
        var create = definition.create();
        writer.persist(() -> outputs.createTopic(topic, create.partitions(), create.compacted()));
        while (inputs.topic(topic).isEmpty()) { // decided, and not applied here yet
            if (!awaitCancel(1)) {
                throw new OutputWriter.Stopped("the query was cancelled");
            }
        }
    }

    /// Everything that any stamp has seen, also of topics that the query does not read any more.
    private static Frontier known(Map<Integer, Stamp> stamps) {
        Frontier known = Frontier.EMPTY;
        for (Stamp stamp : stamps.values()) {
            known = known.with(stamp.frontier());
            Frontier ahead = stamp.ahead();
            known = ahead == null ? known : known.with(ahead);
        }
        return known;
    }

    /// The state as it was when the newest stamp was written, with everything that was missing in the topic.
    private Execution recover(Beginning beginning, int partitions) throws IOException, InterruptedException {
        Map<Integer, Stamp> stamps = Map.copyOf(writer.stamps());
        Execution execution = load(beginning, stamps, partitions);
        boolean loaded = execution != null;
        if (execution == null) {
            Beginning.checkReadable(beginning.frontier(), inputs);
            execution = new Execution(definition.query().plan(), parts, inputs, failures, beginning.frontier()::offset);
        }
        watch(execution, failures);
        checkpointNanos = System.nanoTime();
        Frontier start = execution.frontier();
        for (Map.Entry<Frontier, Long> cut : cuts(stamps).entrySet()) {
            Frontier frontier = cut.getKey();
            if (loaded && start.includes(ofInputs(frontier, beginning))) {
                continue;
            }
            awaitInput(execution, frontier);
            Batch changes = run(execution, frontier);
            if (isCancelled()) {
                return execution; // half a step must never be written under the stamp of a whole one
            }
            writer.write(changes, cut.getValue(), frontier, execution.watermarkMs());
        }
        return execution;
    }

    /// Without the topics that only an earlier definition has read.
    private static Frontier ofInputs(Frontier frontier, Beginning beginning) {
        Map<String, long[]> offsets = frontier.offsets();
        offsets.keySet().retainAll(beginning.inputs().keySet());
        return new Frontier(offsets);
    }

    /// Where the input has to be cut, in order, and the numbers of the steps that ended there.
    private static Map<Frontier, Long> cuts(Map<Integer, Stamp> stamps) {
        Map<Frontier, Long> cuts = new TreeMap<>(Comparator.comparingLong(PersistentTask::size));
        for (Stamp stamp : stamps.values()) {
            if (stamp.step() > 0) {
                cuts.put(stamp.frontier(), stamp.step());
            }
        }
        for (Stamp stamp : stamps.values()) {
            Frontier ahead = stamp.ahead();
            if (ahead != null) {
                cuts.putIfAbsent(ahead, stamp.step() + 1);
            }
        }
        return cuts;
    }

    /// One number for frontiers of a chain: different ones differ in it.
    private static long size(Frontier frontier) {
        long size = 0;
        for (long[] offsets : frontier.offsets().values()) {
            for (long offset : offsets) {
                size += offset;
            }
        }
        return size;
    }

    /// From the newest checkpoint that can be used; null when there is none.
    private @Nullable Execution load(Beginning beginning, Map<Integer, Stamp> stamps, int partitions)
            throws IOException, InterruptedException {
        if (checkpoints == null) {
            return null;
        }
        checkpoints.sweep();
        for (Path file : checkpoints.newestFirst()) {
            try (Checkpoints.Opened opened = checkpoints.open(file)) {
                Checkpoints.Header header = opened.header();
                if (!header.definition().equals(definitionHash)
                        || header.output() != beginning.output()
                        || !header.inputs().equals(beginning.inputs())) {
                    checkpoints.discard(file, "it is of another definition of the query, or of other topics");
                    continue;
                }
                if (!sealed(header.frontier(), stamps, partitions)) {
                    continue; // it was not finished; the one before was
                }
                Frontier at = ofInputs(header.frontier(), beginning);
                Beginning.checkReadable(at, inputs);
                while (!canRead(at)) {
                    if (!awaitCancel(IDLE_WAIT_MS / 10)) {
                        throw new OutputWriter.Stopped("the query was cancelled");
                    }
                }
                Execution execution =
                        Execution.restore(definition.query().plan(), parts, inputs, failures, at, opened.body());
                writer.continueFrom(header.step(), header.frontier());
                checkpointFrontier = execution.frontier();
                return execution;
            } catch (OutputWriter.Stopped stopped) {
                throw stopped;
            } catch (SqlException unusable) {
                LOG.atWarn()
                        .addKeyValue("query", id())
                        .addKeyValue("file", file)
                        .addKeyValue("reason", unusable.getMessage())
                        .log("a checkpoint cannot be used");
            } catch (IOException | RuntimeException damaged) { // its checksum is right, so it is of another version
                checkpoints.discard(file, damaged.toString());
            }
        }
        return null;
    }

    private boolean canRead(Frontier wanted) {
        for (Map.Entry<String, long[]> entry : wanted.offsets().entrySet()) {
            for (int partition = 0; partition < entry.getValue().length; partition++) {
                if (inputs.endOffset(entry.getKey(), partition) < entry.getValue()[partition]) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean sealed(Frontier frontier, Map<Integer, Stamp> stamps, int partitions) {
        for (int partition = 0; partition < partitions; partition++) {
            Stamp stamp = stamps.get(partition);
            if (stamp == null || !stamp.covers(frontier)) {
                return false;
            }
        }
        return true;
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

    /// Runs up to exactly `frontier` and returns the sum of the changes; empty when every partition has them. That
    /// is so for the longest part of a replay, up to the oldest stamp, whose changes would fill the memory.
    private Batch run(Execution execution, Frontier frontier) throws IOException {
        boolean lacking = writer.lacks(frontier);
        Integral changes = new Integral(definition.query().schema());
        Frontier before;
        do {
            before = execution.frontier();
            Batch more = execution.step(frontier, settings.stepRowsMax());
            if (lacking) {
                changes.add(more);
            }
        } while (!isCancelled()
                && !reached(execution, frontier)
                && !execution.frontier().equals(before));
        if (!isCancelled() && !reached(execution, frontier)) {
            throw new SqlException(
                    "frontier_not_reached",
                    "Query " + id() + " was at " + frontier + " when it stopped; its input can be read up to "
                            + execution.frontier() + " only.");
        }
        Batch sum = new Batch(definition.query().schema());
        changes.drainTo(sum);
        return sum;
    }

    /// Topics that the query does not read any more do not count.
    private static boolean reached(Execution execution, Frontier frontier) {
        Map<String, long[]> wanted = frontier.offsets();
        wanted.keySet().retainAll(execution.frontier().offsets().keySet());
        return execution.frontier().includes(new Frontier(wanted));
    }

    // ---- going on
    // ------------------------------------------------------------------------------------------------------

    /// @param known of the stamps at the start; every further stamp includes it
    private void run(Execution execution, Frontier known, Beginning beginning)
            throws IOException, InterruptedException {
        IdlePartitions idle =
                new IdlePartitions(execution.feeds(), inputs, outputs, settings.idleTimeoutMs(), System.nanoTime());
        Integral changes = new Integral(definition.query().schema());
        Batch out = new Batch(definition.query().schema());
        boolean first = true;
        while (!isCancelled()) {
            Frontier before = execution.frontier();
            Frontier end = execution.end();
            idle.mark(System.nanoTime());
            if (!first && before.includes(end)) {
                checkpointIfDue(execution, beginning);
                awaitWake(IDLE_WAIT_MS);
                continue;
            }
            first = false;
            changes.add(execution.step(end, settings.stepRowsMax()));
            out.clear();
            changes.drainTo(out);
            writer.write(out, writer.step() + 1, execution.frontier().with(known), execution.watermarkMs());
            if (execution.frontier().equals(before)) {
                awaitWake(IDLE_WAIT_MS); // only records without rows are left below the end
            }
            checkpointIfDue(execution, beginning);
            if (isPaused()) {
                awaitWake(0);
            }
        }
    }

    private void checkpointIfDue(Execution execution, Beginning beginning) throws InterruptedException {
        long sinceNanos = System.nanoTime() - checkpointNanos;
        long intervalNanos =
                Math.max(settings.checkpointIntervalMs() * 1_000_000, CHECKPOINT_COST * checkpointCostNanos);
        boolean due = sinceNanos >= intervalNanos
                || (execution.rowsIn() - checkpointRows >= CHECKPOINT_ROWS
                        && sinceNanos >= CHECKPOINT_COST * checkpointCostNanos);
        if (due && checkpointing.isDone() && !execution.frontier().equals(checkpointFrontier)) {
            checkpoint(execution, beginning);
        }
    }

    /// Between two steps, when everything is written. The state goes to the file system here, to the disk in the
    /// background.
    private void checkpoint(Execution execution, Beginning beginning) throws InterruptedException {
        if (checkpoints == null) {
            return;
        }
        awaitCheckpoint();
        long startNanos = System.nanoTime();
        writer.seal(execution.watermarkMs());
        Checkpoints.Header header = new Checkpoints.Header(
                definitionHash, beginning.output(), writer.step(), writer.frontier(), beginning.inputs());
        checkpointing = checkpoints.write(header, execution.stateBytes(), execution::save);
        checkpointNanos = System.nanoTime();
        checkpointCostNanos = checkpointNanos - startNanos;
        checkpointRows = execution.rowsIn();
        checkpointFrontier = execution.frontier();
    }

    private void awaitCheckpoint() throws InterruptedException {
        try {
            checkpointing.get();
        } catch (ExecutionException failed) {
            LOG.atWarn().addKeyValue("query", id()).setCause(failed).log("a checkpoint failed");
        }
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
}
