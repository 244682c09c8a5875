package io.millrace.query.circuit;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.Schema;
import io.millrace.query.expression.CompiledCalc;
import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import java.util.List;
import java.util.function.Function;

/// Builds circuits from plans.
public final class Circuits {
    private Circuits() {}

    /// A circuit without state yet. Equal sources share one input, equal sub-plans are computed once a step.
    ///
    /// @param compiler makes a program runnable; called once for each different program of the plan
    /// @throws IllegalArgumentException when the plan asks for what no operator can do
    public static Circuit build(PlanNode root, Function<CalcProgram, CompiledCalc> compiler, CircuitSettings settings) {
        CircuitBuilder builder = new CircuitBuilder(compiler, settings);
        builder.addRoot(root);
        return new StepCircuit(builder, settings);
    }

    /// The columns of the batches that [Circuit#step] expects for a source.
    public static Schema inputSchema(SourceSpec source) {
        return new Schema(source.columns().stream()
                .map(column -> new ColumnInfo(column.name(), column.type()))
                .toList());
    }

    /// What bounds the state of each operator of a plan that keeps any, inputs first. Runs nothing.
    public static List<Circuit.StateBound> stateBounds(PlanNode root) {
        return lookedAt(root).bounds();
    }

    /// What a plan reads. Runs nothing.
    public static List<SourceSpec> sources(PlanNode root) {
        return List.copyOf(lookedAt(root).sources());
    }

    private static CircuitBuilder lookedAt(PlanNode root) {
        CircuitBuilder builder = new CircuitBuilder(
                program -> (input, output, failures) -> {
                    throw new IllegalStateException("this circuit was built only to be looked at");
                },
                CircuitSettings.unlimited());
        builder.addRoot(root);
        return builder;
    }
}
