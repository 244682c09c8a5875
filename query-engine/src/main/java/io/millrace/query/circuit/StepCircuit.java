package io.millrace.query.circuit;

import io.millrace.query.circuit.CircuitBuilder.Stage;
import io.millrace.query.data.Batch;
import io.millrace.query.operator.Consolidator;
import io.millrace.query.operator.Operator;
import io.millrace.query.operator.StepContext;
import io.millrace.query.plan.SourceSpec;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Runs all operators in order, once a step, and consolidates the root's output.
final class StepCircuit implements Circuit {
    private static final int MAGIC = 0x4D524353; // "MRCS"
    private static final int VERSION = 1;

    private final List<SourceSpec> sources;
    private final List<Stage> stages;
    private final List<StateBound> bounds;
    private final CircuitSettings settings;
    private final Operator root;
    private final boolean appendOnly;
    private final Consolidator consolidator;
    private final Batch result;
    private boolean first = true;
    private boolean closed;

    StepCircuit(CircuitBuilder builder, CircuitSettings settings) {
        sources = List.copyOf(builder.sources());
        stages = List.copyOf(builder.stages());
        bounds = List.copyOf(builder.bounds());
        this.settings = settings;
        root = stages.getLast().operator();
        appendOnly = stages.getLast().facts().appendOnly();
        consolidator = new Consolidator(root.schema());
        result = new Batch(root.schema());
    }

    @Override
    public List<SourceSpec> sources() {
        return sources;
    }

    @Override
    public Batch step(List<Batch> deltas, long[] watermarks) {
        if (closed) {
            throw new IllegalStateException("the circuit is closed");
        }
        if (deltas.size() != sources.size() || watermarks.length != sources.size()) {
            throw new IllegalArgumentException("the circuit has " + sources.size() + " sources, found " + deltas.size()
                    + " deltas and " + watermarks.length + " watermarks");
        }
        StepContext context = new StepContext(deltas, watermarks, first);
        for (Stage stage : stages) {
            stage.operator().run(context);
        }
        first = false;
        if (settings.stateBytesMax() != Long.MAX_VALUE) {
            checkLimit();
        }
        if (root.consolidated()) {
            return root.output();
        }
        result.clear();
        consolidator.consolidate(root.output(), result);
        return result;
    }

    private void checkLimit() {
        long bytes = stateBytes();
        if (bytes <= settings.stateBytesMax()) {
            return;
        }
        Stage largest = stages.getFirst();
        for (Stage stage : stages) {
            if (stage.operator().stateBytes() > largest.operator().stateBytes()) {
                largest = stage;
            }
        }
        StateBound bound = largest.bound();
        String hint = bound == null || !bound.bounded()
                ? "Its state is bounded by nothing; group or join by a window or a time range, or raise the limit."
                : "It is bounded by: " + bound.bound() + "; use smaller windows or raise the limit.";
        throw new StateLimitExceededException(
                largest.name() + " #" + largest.id(),
                largest.operator().stateBytes(),
                bytes,
                settings.stateBytesMax(),
                hint);
    }

    @Override
    public boolean appendOnly() {
        return appendOnly;
    }

    @Override
    public long stateBytes() {
        long bytes = 0;
        for (Stage stage : stages) {
            bytes += stage.operator().stateBytes();
        }
        return bytes;
    }

    @Override
    public List<OperatorReport> report() {
        List<OperatorReport> reports = new ArrayList<>();
        for (Stage stage : stages) {
            Operator operator = stage.operator();
            reports.add(new OperatorReport(
                    stage.id(),
                    stage.name(),
                    operator.rowsIn(),
                    operator.rowsOut(),
                    operator.stateRows(),
                    operator.stateBytes(),
                    operator.nanos()));
        }
        return reports;
    }

    @Override
    public List<StateBound> stateBounds() {
        return bounds;
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeInt(MAGIC);
        out.writeInt(VERSION);
        out.writeInt(stages.size());
        out.writeBoolean(first);
        for (Stage stage : stages) {
            out.writeUTF(stage.name());
            stage.operator().save(out);
        }
        out.writeInt(MAGIC);
    }

    @Override
    public void restore(DataInput in) throws IOException {
        expect("magic", MAGIC, in.readInt());
        expect("version", VERSION, in.readInt());
        expect("operators", stages.size(), in.readInt());
        first = in.readBoolean();
        for (Stage stage : stages) {
            String name = in.readUTF();
            if (!name.equals(stage.name())) {
                throw new IOException("checkpoint does not fit the plan at operator " + stage.id() + ": expected "
                        + stage.name() + ", found " + name);
            }
            stage.operator().restore(in);
        }
        expect("closing magic", MAGIC, in.readInt());
    }

    private static void expect(String what, int expected, int found) throws IOException {
        if (expected != found) {
            throw new IOException("checkpoint does not fit: expected " + what + " " + expected + ", found " + found);
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
