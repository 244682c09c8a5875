package io.millrace.query.sql;

import io.millrace.query.data.Schema;
import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.PlanNode.TimeBound;
import io.millrace.query.plan.SourceSpec;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.type.SqlTypeName;

/// What can be said of a plan before it runs: which columns watermarks follow, and whether rows are ever taken
/// back. What bounds the state of its operators, [io.millrace.query.circuit.Circuits#stateBounds] says.
///
/// What reads no source is constant: complete in the first step, so all of its columns are bounded, by nothing
/// at all. So a part that was proven empty never bounds less than the part itself would.
final class PlanShape {
    /// A node's output.
    ///
    /// @param times the columns whose future values are bounded from below, by watermarks
    /// @param appendOnly no row is ever taken back
    /// @param constant no source is read
    private record Shape(BitSet times, boolean appendOnly, boolean constant) {
        static Shape constant(int columns) {
            BitSet times = new BitSet();
            times.set(0, columns);
            return new Shape(times, true, true);
        }

        static Shape of(BitSet times, boolean appendOnly) {
            return new Shape(times, appendOnly, false);
        }
    }

    /// Marks the source of a topic whose query takes nothing back.
    static final String APPEND_ONLY = "append_only";

    private final Map<PlanNode, Shape> shapes = new IdentityHashMap<>();

    static PlanShape of(PlanNode root) {
        PlanShape shape = new PlanShape();
        shape.shape(root);
        return shape;
    }

    boolean appendOnly(PlanNode node) {
        return shape(node).appendOnly;
    }

    /// Whether the node reads no source: all of its rows are there in the first step, and never change.
    boolean constant(PlanNode node) {
        return shape(node).constant;
    }

    /// The column of the node that says when a row is final, −1 for none. `window_end` says it soonest; of
    /// several, one that every row has.
    int finalColumn(PlanNode node) {
        int best = -1;
        int bestRank = -1;
        for (int column : times(node)) {
            int rank = (node.schema().name(column).equals(WindowFunctions.END) ? 2 : 0)
                    + (NeverNull.column(node, column) ? 1 : 0);
            if (rank > bestRank) {
                best = column;
                bestRank = rank;
            }
        }
        return best;
    }

    /// The columns of the node that watermarks bound.
    List<Integer> times(PlanNode node) {
        return shape(node).times.stream().boxed().toList();
    }

    /// Those that say the same as `column` does, of other rows: of its type, and ends of windows if it is one.
    List<Integer> otherTimes(PlanNode node, int column) {
        Schema schema = node.schema();
        boolean end = schema.name(column).equals(WindowFunctions.END);
        return times(node).stream()
                .filter(other -> other != column
                        && schema.type(other).type() == schema.type(column).type()
                        && schema.name(other).equals(WindowFunctions.END) == end)
                .toList();
    }

    private Shape shape(PlanNode node) {
        Shape known = shapes.get(node);
        if (known == null) {
            List<Shape> inputs = new ArrayList<>();
            for (PlanNode input : node.inputs()) {
                inputs.add(shape(input));
            }
            boolean constant =
                    !(node instanceof PlanNode.Source) && inputs.stream().allMatch(Shape::constant);
            known = constant ? Shape.constant(node.schema().size()) : make(node, inputs);
            shapes.put(node, known);
        }
        return known;
    }

    private Shape make(PlanNode node, List<Shape> inputs) {
        return switch (node) {
            case PlanNode.Source source -> source(source);
            case PlanNode.Values values -> Shape.constant(values.schema().size());
            case PlanNode.Calc calc -> Shape.of(calc(calc.program(), inputs.get(0)), inputs.get(0).appendOnly);
            case PlanNode.Window window -> {
                BitSet times = copy(inputs.get(0).times);
                int size = window.schema().size();
                times.set(size - 2, size, times.get(window.timeColumn()));
                yield Shape.of(times, inputs.get(0).appendOnly);
            }
            case PlanNode.Session session -> session(session, inputs.get(0));
            case PlanNode.Aggregate aggregate -> aggregate(aggregate, inputs.get(0));
            case PlanNode.Join join -> join(join, inputs.get(0), inputs.get(1));
            case PlanNode.Union union ->
                Shape.of(common(inputs), inputs.stream().allMatch(Shape::appendOnly));
            case PlanNode.Distinct distinct -> inputs.get(0);
            case PlanNode.SetOperation operation ->
                Shape.of(
                        common(inputs), operation.intersect() && inputs.stream().allMatch(Shape::appendOnly));
            case PlanNode.TopN top -> top(top, inputs.get(0));
            case PlanNode.Failed failed -> Shape.of(new BitSet(), failsForGood(failed.input()));
            case PlanNode.EmitFinal emit -> {
                BitSet times = new BitSet();
                times.set(emit.timeColumn(), inputs.get(0).times.get(emit.timeColumn()));
                yield Shape.of(times, true);
            }
        };
    }

    /// Whether no failure is ever taken back: nothing below takes rows back, and no group of an aggregate
    /// recovers.
    private boolean failsForGood(PlanNode node) {
        return !(node instanceof PlanNode.Aggregate)
                && shape(node).appendOnly
                && node.inputs().stream().allMatch(this::failsForGood);
    }

    private static Shape source(PlanNode.Source node) {
        SourceSpec spec = node.source();
        boolean table = !spec.upsertKey().isEmpty();
        BitSet times = new BitSet();
        SourceSpec.WatermarkSpec watermark = spec.watermark();
        if (watermark != null && !table && spec.side() == SourceSpec.Side.GOOD) {
            int index = node.schema()
                    .indexOf(spec.columns().get(watermark.timeColumn()).name());
            if (index >= 0) {
                times.set(index);
            }
        }
        boolean appendOnly = !table
                && (spec.format() != SourceSpec.Format.CHANGES || spec.options().containsKey(APPEND_ONLY));
        return Shape.of(times, appendOnly);
    }

    private static Shape session(PlanNode.Session session, Shape input) {
        BitSet times = new BitSet();
        for (int key : session.partitionKeys()) {
            times.set(key, input.times.get(key));
        }
        times.set(session.schema().size() - 1, input.times.get(session.timeColumn()));
        return Shape.of(times, false);
    }

    private static Shape aggregate(PlanNode.Aggregate aggregate, Shape input) {
        BitSet times = new BitSet();
        for (int i = 0; i < aggregate.keys().length; i++) {
            times.set(i, input.times.get(aggregate.keys()[i]));
        }
        return Shape.of(times, false);
    }

    private static Shape join(PlanNode.Join join, Shape left, Shape right) {
        int leftSize = join.left().schema().size();
        boolean both = join.kind() != JoinKind.SEMI && join.kind() != JoinKind.ANTI;
        BitSet times = new BitSet();
        for (int i = 0; i < join.leftKeys().length; i++) {
            if (left.times.get(join.leftKeys()[i]) && right.times.get(join.rightKeys()[i])) {
                times.set(join.leftKeys()[i]);
                times.set(leftSize + join.rightKeys()[i], both);
            }
        }
        TimeBound range = join.bound();
        if (range != null && left.times.get(range.leftColumn()) && right.times.get(range.rightColumn())) {
            times.set(range.leftColumn());
            times.set(leftSize + range.rightColumn(), both);
        }
        // rows of one side change only with that side when the other is all there
        if (right.constant) {
            times.or(left.times);
        }
        if (left.constant && both) {
            right.times.stream().forEach(column -> times.set(leftSize + column));
        }
        boolean appendOnly =
                left.appendOnly && right.appendOnly && (join.kind() == JoinKind.INNER || join.kind() == JoinKind.SEMI);
        return Shape.of(times, appendOnly);
    }

    private static Shape top(PlanNode.TopN top, Shape input) {
        BitSet times = new BitSet();
        for (int key : top.partitionKeys()) {
            times.set(key, input.times.get(key));
        }
        return Shape.of(times, false);
    }

    /// Bounded only where all are.
    private static BitSet common(List<Shape> inputs) {
        BitSet times = copy(inputs.getFirst().times);
        inputs.forEach(input -> times.and(input.times));
        return times;
    }

    private static BitSet copy(BitSet times) {
        BitSet copy = new BitSet();
        copy.or(times);
        return copy;
    }

    private static BitSet calc(CalcProgram program, Shape input) {
        BitSet times = new BitSet();
        List<RexLocalRef> outputs = program.rex().getProjectList();
        for (int i = 0; i < outputs.size(); i++) {
            times.set(i, follows(program.rex().expandLocalRef(outputs.get(i)), input));
        }
        return times;
    }

    /// Whether it is a bounded column, one of several bounded columns, or never decreases when one grows.
    private static boolean follows(RexNode node, Shape input) {
        if (node instanceof RexInputRef reference) {
            return input.times.get(reference.getIndex());
        }
        if (!(node instanceof RexCall call) || call.getOperands().isEmpty()) {
            return false;
        }
        if (call.getKind() == SqlKind.CASE) {
            List<RexNode> values = Rels.values(call).stream()
                    .filter(value -> !RexLiteral.isNullLiteral(value))
                    .toList();
            return !values.isEmpty()
                    && values.stream()
                            .allMatch(value -> value.getType().getSqlTypeName()
                                            == call.getType().getSqlTypeName()
                                    && follows(value, input));
        }
        RexNode base = call.getOperands().get(0);
        boolean sameType = call.getType().getSqlTypeName() == base.getType().getSqlTypeName();
        boolean shifts = call.getOperands().size() == 2
                && (call.getKind() == SqlKind.PLUS || call.getKind() == SqlKind.MINUS)
                && call.getOperands().get(1) instanceof RexLiteral literal
                && SqlTypeName.DAY_INTERVAL_TYPES.contains(literal.getType().getSqlTypeName());
        return sameType && (call.getKind() == SqlKind.CAST || shifts) && follows(base, input);
    }
}
