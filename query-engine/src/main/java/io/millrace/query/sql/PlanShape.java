package io.millrace.query.sql;

import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.PlanNode.TimeBound;
import io.millrace.query.plan.SourceSpec;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.type.SqlTypeName;

/// What can be said of a plan before it runs: which columns watermarks follow, and whether rows are ever taken back.
/// What bounds the state of its operators, [io.millrace.query.circuit.Circuits#stateBounds] says.
final class PlanShape {
    /// A node's output.
    ///
    /// @param times for each column, the watermarks that bound its future values from below; empty for none
    /// @param appendOnly no row is ever taken back
    private record Shape(List<SortedSet<String>> times, boolean appendOnly) {}

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

    /// The column of the node that says when a row is final: `window_end` if there is one, −1 for none.
    int finalColumn(PlanNode node) {
        Shape shape = shape(node);
        int found = -1;
        for (int i = 0; i < shape.times.size(); i++) {
            if (!shape.times.get(i).isEmpty()) {
                boolean end = node.schema().name(i).equals(WindowFunctions.END);
                if (found < 0 || end) {
                    found = i;
                }
                if (end) {
                    break;
                }
            }
        }
        return found;
    }

    private Shape shape(PlanNode node) {
        Shape known = shapes.get(node);
        if (known == null) {
            List<Shape> inputs = new ArrayList<>();
            for (PlanNode input : node.inputs()) {
                inputs.add(shape(input));
            }
            known = make(node, inputs);
            shapes.put(node, known);
        }
        return known;
    }

    private Shape make(PlanNode node, List<Shape> inputs) {
        return switch (node) {
            case PlanNode.Source source -> source(source);
            case PlanNode.Values values -> new Shape(none(values.schema().size()), true);
            case PlanNode.Calc calc -> new Shape(calc(calc.program(), inputs.get(0)), inputs.get(0).appendOnly);
            case PlanNode.Window window -> {
                List<SortedSet<String>> times = new ArrayList<>(inputs.get(0).times);
                SortedSet<String> time = times.get(window.timeColumn());
                times.add(time);
                times.add(time);
                yield new Shape(times, inputs.get(0).appendOnly);
            }
            case PlanNode.Session session -> session(session, inputs.get(0));
            case PlanNode.Aggregate aggregate -> aggregate(aggregate, inputs.get(0));
            case PlanNode.Join join -> join(join, inputs.get(0), inputs.get(1));
            case PlanNode.Union union -> {
                boolean appendOnly = inputs.stream().allMatch(Shape::appendOnly);
                yield merged(inputs, union.schema().size(), appendOnly);
            }
            case PlanNode.Distinct distinct -> inputs.get(0);
            case PlanNode.SetOperation operation -> {
                boolean appendOnly = operation.intersect() && inputs.stream().allMatch(Shape::appendOnly);
                yield merged(inputs, operation.schema().size(), appendOnly);
            }
            case PlanNode.TopN top -> top(top, inputs.get(0));
            case PlanNode.Failed failed -> new Shape(none(failed.schema().size()), failsForGood(failed.input()));
            case PlanNode.EmitFinal emit -> {
                List<SortedSet<String>> times = none(emit.schema().size());
                SortedSet<String> time = inputs.get(0).times.get(emit.timeColumn());
                times.set(emit.timeColumn(), time);
                yield new Shape(times, true);
            }
        };
    }

    /// Whether no failure is ever taken back: nothing below takes rows back, and no group of an aggregate recovers.
    private boolean failsForGood(PlanNode node) {
        return !(node instanceof PlanNode.Aggregate)
                && shape(node).appendOnly
                && node.inputs().stream().allMatch(this::failsForGood);
    }

    private static Shape source(PlanNode.Source node) {
        SourceSpec spec = node.source();
        boolean table = !spec.upsertKey().isEmpty();
        List<SortedSet<String>> times = none(node.schema().size());
        SourceSpec.WatermarkSpec watermark = spec.watermark();
        if (watermark != null && !table && spec.side() == SourceSpec.Side.GOOD) {
            String column = spec.columns().get(watermark.timeColumn()).name();
            int index = node.schema().indexOf(column);
            if (index >= 0) {
                times.set(index, new TreeSet<>(List.of(spec.name() + "." + column)));
            }
        }
        boolean appendOnly = !table
                && (spec.format() != SourceSpec.Format.CHANGES || spec.options().containsKey(APPEND_ONLY));
        return new Shape(times, appendOnly);
    }

    private static Shape session(PlanNode.Session session, Shape input) {
        List<SortedSet<String>> times = none(session.schema().size());
        for (int key : session.partitionKeys()) {
            times.set(key, input.times.get(key));
        }
        SortedSet<String> time = input.times.get(session.timeColumn());
        times.set(session.schema().size() - 1, time);
        return new Shape(times, false);
    }

    private static Shape aggregate(PlanNode.Aggregate aggregate, Shape input) {
        List<SortedSet<String>> times = none(aggregate.schema().size());
        for (int i = 0; i < aggregate.keys().length; i++) {
            times.set(i, input.times.get(aggregate.keys()[i]));
        }
        return new Shape(times, false);
    }

    private static Shape join(PlanNode.Join join, Shape left, Shape right) {
        int leftSize = left.times.size();
        boolean both = join.kind() != JoinKind.SEMI && join.kind() != JoinKind.ANTI;
        List<SortedSet<String>> times = none(leftSize + (both ? right.times.size() : 0));
        for (int i = 0; i < join.leftKeys().length; i++) {
            SortedSet<String> time = common(left.times.get(join.leftKeys()[i]), right.times.get(join.rightKeys()[i]));
            times.set(join.leftKeys()[i], time);
            if (both) {
                times.set(leftSize + join.rightKeys()[i], time);
            }
        }
        TimeBound range = join.bound();
        if (range != null) {
            SortedSet<String> time = common(left.times.get(range.leftColumn()), right.times.get(range.rightColumn()));
            if (!time.isEmpty()) {
                times.set(range.leftColumn(), time);
                if (both) {
                    times.set(leftSize + range.rightColumn(), time);
                }
            }
        }
        boolean appendOnly =
                left.appendOnly && right.appendOnly && (join.kind() == JoinKind.INNER || join.kind() == JoinKind.SEMI);
        return new Shape(times, appendOnly);
    }

    private static Shape top(PlanNode.TopN top, Shape input) {
        List<SortedSet<String>> times = none(top.schema().size());
        for (int key : top.partitionKeys()) {
            times.set(key, input.times.get(key));
        }
        return new Shape(times, false);
    }

    private static Shape merged(List<Shape> inputs, int size, boolean appendOnly) {
        List<SortedSet<String>> times = none(size);
        for (int i = 0; i < size; i++) {
            SortedSet<String> time = new TreeSet<>(inputs.getFirst().times.get(i));
            for (Shape input : inputs) {
                time = common(time, input.times.get(i));
            }
            times.set(i, time);
        }
        return new Shape(times, appendOnly);
    }

    /// Bounded only where both are.
    private static SortedSet<String> common(SortedSet<String> left, SortedSet<String> right) {
        SortedSet<String> all = new TreeSet<>();
        if (!left.isEmpty() && !right.isEmpty()) {
            all.addAll(left);
            all.addAll(right);
        }
        return all;
    }

    private static List<SortedSet<String>> none(int size) {
        List<SortedSet<String>> none = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            none.add(new TreeSet<>());
        }
        return none;
    }

    private static List<SortedSet<String>> calc(CalcProgram program, Shape input) {
        List<SortedSet<String>> times = new ArrayList<>();
        for (RexLocalRef output : program.rex().getProjectList()) {
            times.add(expression(program.rex().expandLocalRef(output), input));
        }
        return times;
    }

    /// Follows references and what never decreases when a time grows.
    private static SortedSet<String> expression(RexNode node, Shape input) {
        if (node instanceof RexInputRef reference) {
            return input.times.get(reference.getIndex());
        }
        if (!(node instanceof RexCall call) || call.getOperands().isEmpty()) {
            return new TreeSet<>();
        }
        RexNode base = call.getOperands().get(0);
        boolean sameType = call.getType().getSqlTypeName() == base.getType().getSqlTypeName();
        boolean shifts = call.getOperands().size() == 2
                && (call.getKind() == SqlKind.PLUS || call.getKind() == SqlKind.MINUS)
                && call.getOperands().get(1) instanceof RexLiteral literal
                && SqlTypeName.DAY_INTERVAL_TYPES.contains(literal.getType().getSqlTypeName());
        boolean follows = sameType && (call.getKind() == SqlKind.CAST || shifts);
        return follows ? expression(base, input) : new TreeSet<>();
    }
}
