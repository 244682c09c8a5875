package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;

/// One node of a running circuit.
///
/// [#step] reads the outputs of its inputs, which ran before it in the same step, and writes its own. The
/// output is valid until the next step. Threading: one thread at a time.
public abstract class Operator {
    final List<Operator> inputs;
    final Schema schema;
    final Batch owned;
    private Batch output;
    private long rowsIn;
    private long rowsOut;
    private long nanos;

    Operator(Schema schema, List<Operator> inputs) {
        this.schema = schema;
        this.inputs = List.copyOf(inputs);
        owned = new Batch(schema);
        output = owned;
    }

    /// Runs one step. Called after all inputs.
    public final void run(StepContext context) {
        long start = System.nanoTime();
        for (Operator input : inputs) {
            rowsIn += input.output().count();
        }
        owned.clear();
        output = owned;
        step(context);
        rowsOut += output.count();
        nanos += System.nanoTime() - start;
    }

    abstract void step(StepContext context);

    /// Lets the output be a view instead of the operator's own batch.
    final void publish(Batch view) {
        output = view;
    }

    final Batch input() {
        return inputs.getFirst().output();
    }

    public final Batch output() {
        return output;
    }

    public final Schema schema() {
        return schema;
    }

    public final long rowsIn() {
        return rowsIn;
    }

    public final long rowsOut() {
        return rowsOut;
    }

    public final long nanos() {
        return nanos;
    }

    /// Rows kept, 0 for operators without state.
    public long stateRows() {
        return 0;
    }

    /// Bytes kept, about.
    public long stateBytes() {
        return 0;
    }

    /// Whether the output never holds equal rows nor rows of weight 0.
    public boolean consolidated() {
        return false;
    }

    /// Writes the state to a checkpoint.
    public void save(DataOutput out) throws IOException {
        // most operators have none
    }

    /// Reads what [#save] wrote, into a new operator of the same plan.
    public void restore(DataInput in) throws IOException {
        // most operators have none
    }

    static int[] allColumns(Schema schema) {
        int[] columns = new int[schema.size()];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = i;
        }
        return columns;
    }

    static List<io.millrace.query.data.ColumnType> types(Schema schema, int[] columns) {
        return java.util.Arrays.stream(columns).mapToObj(schema::type).toList();
    }
}
