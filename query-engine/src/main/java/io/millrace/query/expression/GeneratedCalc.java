package io.millrace.query.expression;

import io.millrace.query.data.Batch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Base of the generated classes: selection vector, failing rows, copies of plain columns.
///
/// A batch takes two passes only when rows fail: the first finds them, all that it appended is taken back, and
/// the second runs over the rows that are left. Public because generated classes live in another class loader.
public abstract class GeneratedCalc implements CompiledCalc {
    /// pairs (output column, input column)
    private int[] copies = {};

    private boolean everyRow;
    private int[] rows = new int[64];
    private boolean failing;
    private @Nullable String[] reasons = {};

    final GeneratedCalc withCopies(int[] outputInputPairs, boolean hasNoCondition) {
        copies = outputInputPairs;
        everyRow = hasNoCondition;
        return this;
    }

    /// Points the generated fields at a batch's columns.
    protected abstract void bind(Batch input);

    /// Writes the rows that satisfy the condition into `into` and says how many there are.
    protected abstract int select(int count, int[] into);

    /// Appends the computed columns of the selected rows.
    protected abstract void project(int[] selected, int count, Batch output);

    /// Notes that a row cannot be evaluated; the first reason stays.
    protected final void fail(int row, Throwable thrown) {
        if (!failing) {
            failing = true;
            if (reasons.length < rows.length) {
                reasons = new @Nullable String[rows.length];
            }
        }
        if (reasons[row] == null) {
            reasons[row] = RowFailure.reasonOf(thrown);
        }
    }

    @Override
    public final void apply(Batch input, Batch output, Failures failures) {
        int inputCount = input.count();
        if (inputCount == 0) {
            return;
        }
        if (rows.length < inputCount) {
            rows = new int[Math.max(inputCount, rows.length * 2)];
        }
        bind(input);
        failing = false;
        int count;
        if (everyRow) {
            for (int row = 0; row < inputCount; row++) {
                rows[row] = row;
            }
            count = inputCount;
        } else {
            count = select(inputCount, rows);
        }
        int before = output.count();
        project(rows, count, output);
        if (failing) {
            count = withoutFailures(count);
            truncate(output, before);
            project(rows, count, output);
            report(input, inputCount, failures);
        }
        for (int i = 0; i < copies.length; i += 2) {
            if (count == inputCount) {
                output.column(copies[i]).appendAll(input.column(copies[i + 1]));
            } else {
                output.column(copies[i]).appendFrom(input.column(copies[i + 1]), rows, count);
            }
        }
        output.endRows(input, rows, count);
    }

    private int withoutFailures(int count) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (reasons[rows[i]] == null) {
                rows[kept++] = rows[i];
            }
        }
        return kept;
    }

    private static void truncate(Batch output, int count) {
        for (int i = 0; i < output.schema().size(); i++) {
            output.column(i).truncate(count);
        }
    }

    private void report(Batch input, int inputCount, Failures failures) {
        @Nullable String[] found = Arrays.copyOf(reasons, inputCount);
        Arrays.fill(reasons, null);
        for (int row = 0; row < inputCount; row++) {
            String reason = found[row];
            if (reason != null) {
                failures.failed(input, row, reason);
            }
        }
    }
}
