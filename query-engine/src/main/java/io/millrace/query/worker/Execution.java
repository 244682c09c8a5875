package io.millrace.query.worker;

import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.SqlException;
import io.millrace.query.circuit.Circuit;
import io.millrace.query.circuit.Circuits;
import io.millrace.query.data.Batch;
import io.millrace.query.operator.FailedRow;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A circuit with its inputs: steps over slices `[F, F')` of every input partition.
///
/// What has come out up to F is a function of the records below F alone; how they were cut into steps changes
/// nothing. Threading: one thread at a time, but [#frontier], [#watermarkMs] and the counters may be read by
/// any.
final class Execution implements AutoCloseable {
    private final InputPort inputs;
    private final Circuit circuit;
    private final List<TopicFeed> feeds = new ArrayList<>();
    private final List<Batch> deltas = new ArrayList<>();
    private final long[] watermarks;
    private final boolean hasWatermarks;
    private volatile Frontier frontier = Frontier.EMPTY;
    private volatile long watermarkMs = Long.MIN_VALUE;
    private volatile long rowsIn;
    private volatile long rowsOut;
    private volatile long stateBytes;
    private volatile long lateRows;
    private volatile long badRows;

    /// @param failures takes rows whose evaluation fails
    Execution(PlanNode plan, Parts parts, InputPort inputs, FailedRow.Sink failures) throws IOException {
        this(plan, parts, inputs, failures, inputs::earliestOffset);
    }

    /// @param start where to begin
    Execution(PlanNode plan, Parts parts, InputPort inputs, FailedRow.Sink failures, TopicFeed.Start start)
            throws IOException {
        this.inputs = inputs;
        circuit = parts.circuit(plan, failures);
        List<SourceSpec> specs = circuit.sources();
        watermarks = new long[specs.size()];
        Arrays.fill(watermarks, Long.MIN_VALUE);
        hasWatermarks = specs.stream().anyMatch(spec -> spec.watermark() != null);
        Map<String, List<Integer>> byTopic = new LinkedHashMap<>();
        for (int i = 0; i < specs.size(); i++) {
            SourceSpec spec = specs.get(i);
            deltas.add(new Batch(Circuits.inputSchema(spec)));
            byTopic.computeIfAbsent(spec.topic(), topic -> new ArrayList<>()).add(i);
        }
        try {
            for (Map.Entry<String, List<Integer>> entry : byTopic.entrySet()) {
                String name = entry.getKey();
                InputPort.InputTopic topic = inputs.topic(name)
                        .orElseThrow(() -> new SqlException("unknown_topic", "Topic '" + name + "' does not exist."));
                feeds.add(TopicFeed.open(
                        topic,
                        entry.getValue(),
                        specs,
                        (source, partition, from) ->
                                parts.source(specs.get(source), inputs.open(name, partition, from), partition),
                        start));
            }
        } catch (IOException | RuntimeException failure) {
            close();
            throw failure;
        }
        publish(0, 0);
    }

    /// An execution that goes on where the one stood that wrote `in`, which is of the same plan.
    ///
    /// @param at the frontier of the one that wrote `in`
    /// @throws IOException it does not fit, or the disk failed
    static Execution restore(
            PlanNode plan, Parts parts, InputPort inputs, FailedRow.Sink failures, Frontier at, DataInput in)
            throws IOException {
        Execution execution = new Execution(plan, parts, inputs, failures, at::offset);
        try {
            for (TopicFeed feed : execution.feeds) {
                feed.restore(in);
            }
            long rowsIn = in.readLong();
            long rowsOut = in.readLong();
            execution.circuit.restore(in);
            for (TopicFeed feed : execution.feeds) {
                feed.watermarks(execution.watermarks);
            }
            execution.rowsIn = rowsIn;
            execution.rowsOut = rowsOut;
            execution.publish(0, 0);
            return execution;
        } catch (IOException | RuntimeException failure) {
            execution.close();
            throw failure;
        }
    }

    /// Writes everything that [#restore] needs; between two steps.
    void save(DataOutput out) throws IOException {
        for (TopicFeed feed : feeds) {
            feed.save(out);
        }
        out.writeLong(rowsIn);
        out.writeLong(rowsOut);
        circuit.save(out);
    }

    /// What can be read now.
    Frontier end() {
        Map<String, long[]> ends = new TreeMap<>();
        for (TopicFeed feed : feeds) {
            long[] end = feed.positions();
            for (int partition = 0; partition < end.length; partition++) {
                end[partition] = inputs.endOffset(feed.topic(), partition);
            }
            ends.put(feed.topic(), end);
        }
        return new Frontier(ends);
    }

    /// Whether the topics of this execution can be read up to `wanted`, whatever it says of others.
    boolean canRead(Frontier wanted) {
        for (TopicFeed feed : feeds) {
            for (int partition = 0; partition < feed.partitions(); partition++) {
                if (inputs.endOffset(feed.topic(), partition) < wanted.offset(feed.topic(), partition)) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Runs one step over the next slice, at most up to `limit`.
    ///
    /// @return the change of the answer, valid until the next step; empty when nothing changed
    Batch step(Frontier limit, int rowsMax) throws IOException {
        for (Batch delta : deltas) {
            delta.clear();
        }
        int consumed = 0;
        for (TopicFeed feed : feeds) {
            long[] end = feed.positions();
            for (int partition = 0; partition < end.length; partition++) {
                end[partition] = Math.max(end[partition], limit.offset(feed.topic(), partition));
            }
            consumed += feed.read(deltas, Math.max(1, rowsMax / feeds.size()), end);
            feed.watermarks(watermarks);
        }
        Batch output = circuit.step(deltas, watermarks);
        publish(consumed, output.count());
        return output;
    }

    private void publish(int consumed, int emitted) {
        Map<String, long[]> positions = new TreeMap<>();
        long late = 0;
        long bad = 0;
        for (TopicFeed feed : feeds) {
            positions.put(feed.topic(), feed.positions());
            late += feed.lateRows();
            bad += feed.badRows();
        }
        frontier = new Frontier(positions);
        lateRows = late;
        badRows = bad;
        rowsIn += consumed;
        rowsOut += emitted;
        stateBytes = circuit.stateBytes();
        if (hasWatermarks) {
            long least = Long.MAX_VALUE;
            for (int i = 0; i < watermarks.length; i++) {
                if (circuit.sources().get(i).watermark() != null) {
                    least = Math.min(least, watermarks[i]);
                }
            }
            watermarkMs = least;
        }
    }

    Frontier frontier() {
        return frontier;
    }

    /// Whether rows that have come out are never taken back.
    boolean appendOnly() {
        return circuit.appendOnly();
    }

    List<TopicFeed> feeds() {
        return List.copyOf(feeds);
    }

    /// Event time up to which the input is complete, `Long.MIN_VALUE` when no source says so.
    long watermarkMs() {
        return watermarkMs;
    }

    /// Records that are there and not yet in the answer.
    long lag() {
        long lag = 0;
        Frontier read = frontier;
        for (Map.Entry<String, long[]> entry : read.offsets().entrySet()) {
            for (int partition = 0; partition < entry.getValue().length; partition++) {
                lag += Math.max(0, inputs.endOffset(entry.getKey(), partition) - entry.getValue()[partition]);
            }
        }
        return lag;
    }

    long rowsIn() {
        return rowsIn;
    }

    long rowsOut() {
        return rowsOut;
    }

    long stateBytes() {
        return stateBytes;
    }

    long lateRows() {
        return lateRows;
    }

    long badRows() {
        return badRows;
    }

    List<Circuit.OperatorReport> report() {
        return circuit.report();
    }

    @Override
    public void close() throws IOException {
        try {
            for (TopicFeed feed : feeds) {
                feed.close();
            }
        } finally {
            circuit.close();
        }
    }
}
