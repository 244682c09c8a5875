package io.millrace.query.sql;

import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.PlanNode.TimeBound;
import io.millrace.query.plan.SourceSpec;
import java.util.ArrayList;
import java.util.Collections;
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

/// What can be said of a plan before it runs: which columns watermarks follow, whether rows are ever taken
/// back, and what bounds the state of each operator.
final class PlanShape {
    /// A node's output.
    ///
    /// @param times for each column, the watermarks that bound its future values from below; empty for none
    /// @param appendOnly no row is ever taken back
    /// @param tables names of the tables below, if there is nothing but tables and constants below; else null
    private record Shape(
            List<SortedSet<String>> times, boolean appendOnly, boolean tablesOnly, SortedSet<String> tables) {}

    /// @param bound what bounds it, or why nothing does
    record StateBound(PlanNode node, String bound, boolean bounded) {}

    /// Marks the source of a topic whose query takes nothing back.
    static final String APPEND_ONLY = "append_only";

    private final Map<PlanNode, Shape> shapes = new IdentityHashMap<>();
    private final List<StateBound> bounds = new ArrayList<>();

    static PlanShape of(PlanNode root) {
        PlanShape shape = new PlanShape();
        shape.shape(root);
        return shape;
    }

    boolean appendOnly(PlanNode node) {
        return shape(node).appendOnly;
    }

    /// Operators that keep state, inputs first.
    List<StateBound> bounds() {
        return Collections.unmodifiableList(bounds);
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
            case PlanNode.Values values -> new Shape(none(values.schema().size()), true, true, new TreeSet<>());
            case PlanNode.Calc calc ->
                with(inputs.get(0), calc(calc.program(), inputs.get(0)), inputs.get(0).appendOnly);
            case PlanNode.Window window -> {
                List<SortedSet<String>> times = new ArrayList<>(inputs.get(0).times);
                SortedSet<String> time = times.get(window.timeColumn());
                times.add(time);
                times.add(time);
                yield with(inputs.get(0), times, inputs.get(0).appendOnly);
            }
            case PlanNode.Session session -> session(session, inputs.get(0));
            case PlanNode.Aggregate aggregate -> aggregate(aggregate, inputs.get(0));
            case PlanNode.Join join -> join(join, inputs.get(0), inputs.get(1));
            case PlanNode.Union union -> {
                boolean appendOnly = inputs.stream().allMatch(Shape::appendOnly);
                yield merged(inputs, union.schema().size(), appendOnly);
            }
            case PlanNode.Distinct distinct -> {
                bound(distinct, anyTime(inputs.get(0).times), inputs.get(0), "each distinct row is kept");
                yield inputs.get(0);
            }
            case PlanNode.SetOperation operation -> {
                boolean appendOnly = operation.intersect() && inputs.stream().allMatch(Shape::appendOnly);
                Shape shape = merged(inputs, operation.schema().size(), appendOnly);
                bound(operation, anyTime(shape.times), shape, "each distinct row is kept");
                yield shape;
            }
            case PlanNode.TopN top -> top(top, inputs.get(0));
            case PlanNode.EmitFinal emit -> {
                List<SortedSet<String>> times = none(emit.schema().size());
                SortedSet<String> time = inputs.get(0).times.get(emit.timeColumn());
                times.set(emit.timeColumn(), time);
                bound(emit, time, inputs.get(0), "rows wait for a watermark that does not exist");
                yield with(inputs.get(0), times, true);
            }
        };
    }

    private static Shape with(Shape input, List<SortedSet<String>> times, boolean appendOnly) {
        return new Shape(times, appendOnly, input.tablesOnly, input.tables);
    }

    private Shape source(PlanNode.Source node) {
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
        SortedSet<String> tables = new TreeSet<>();
        if (table) {
            tables.add(spec.name());
            bounds.add(new StateBound(node, "keys of table " + spec.name(), true));
        }
        boolean appendOnly = !table
                && (spec.format() != SourceSpec.Format.CHANGES || spec.options().containsKey(APPEND_ONLY));
        return new Shape(times, appendOnly, table, tables);
    }

    private Shape session(PlanNode.Session session, Shape input) {
        List<SortedSet<String>> times = none(session.schema().size());
        for (int key : session.partitionKeys()) {
            times.set(key, input.times.get(key));
        }
        SortedSet<String> time = input.times.get(session.timeColumn());
        times.set(session.schema().size() - 1, time);
        bound(session, time, input, "a session can always be extended, for want of a watermark");
        return with(input, times, false);
    }

    private Shape aggregate(PlanNode.Aggregate aggregate, Shape input) {
        List<SortedSet<String>> times = none(aggregate.schema().size());
        SortedSet<String> first = new TreeSet<>();
        for (int i = 0; i < aggregate.keys().length; i++) {
            SortedSet<String> time = input.times.get(aggregate.keys()[i]);
            times.set(i, time);
            if (first.isEmpty()) {
                first = time;
            }
        }
        if (aggregate.keys().length == 0) {
            bounds.add(new StateBound(aggregate, "one row", true));
        } else {
            bound(aggregate, first, input, "each group is kept: no key is a window or a time with a watermark");
        }
        return with(input, times, false);
    }

    private Shape join(PlanNode.Join join, Shape left, Shape right) {
        int leftSize = left.times.size();
        boolean both = join.kind() != JoinKind.SEMI && join.kind() != JoinKind.ANTI;
        List<SortedSet<String>> times = none(leftSize + (both ? right.times.size() : 0));
        SortedSet<String> bound = new TreeSet<>();
        for (int i = 0; i < join.leftKeys().length; i++) {
            SortedSet<String> time = common(left.times.get(join.leftKeys()[i]), right.times.get(join.rightKeys()[i]));
            times.set(join.leftKeys()[i], time);
            if (both) {
                times.set(leftSize + join.rightKeys()[i], time);
            }
            if (bound.isEmpty()) {
                bound = time;
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
                if (bound.isEmpty()) {
                    bound = time;
                }
            }
        }
        boolean appendOnly =
                left.appendOnly && right.appendOnly && (join.kind() == JoinKind.INNER || join.kind() == JoinKind.SEMI);
        SortedSet<String> tables = new TreeSet<>(left.tables);
        tables.addAll(right.tables);
        Shape shape = new Shape(times, appendOnly, left.tablesOnly && right.tablesOnly, tables);
        bound(join, bound, shape, "every row of both sides is kept: no window or time range limits what can match");
        return shape;
    }

    private Shape top(PlanNode.TopN top, Shape input) {
        List<SortedSet<String>> times = none(top.schema().size());
        SortedSet<String> first = new TreeSet<>();
        for (int key : top.partitionKeys()) {
            SortedSet<String> time = input.times.get(key);
            times.set(key, time);
            if (first.isEmpty()) {
                first = time;
            }
        }
        if (top.partitionKeys().length == 0 && top.fetch() >= 0 && input.appendOnly) {
            bounds.add(new StateBound(top, top.offset() + top.fetch() + " rows", true));
        } else {
            bound(top, first, input, "all rows are kept: one that is taken back makes room for the next");
        }
        return with(input, times, false);
    }

    private void bound(PlanNode node, SortedSet<String> time, Shape input, String otherwise) {
        if (!time.isEmpty()) {
            String word = time.size() == 1 ? "watermark of " : "watermarks of ";
            bounds.add(new StateBound(node, word + String.join(" and ", time), true));
        } else if (input.tablesOnly) {
            String rows = input.tables.isEmpty() ? "constant rows" : "rows of " + String.join(" and ", input.tables);
            bounds.add(new StateBound(node, rows, true));
        } else {
            bounds.add(new StateBound(node, "nothing: " + otherwise, false));
        }
    }

    private static Shape merged(List<Shape> inputs, int size, boolean appendOnly) {
        List<SortedSet<String>> times = none(size);
        SortedSet<String> tables = new TreeSet<>();
        boolean tablesOnly = true;
        for (Shape input : inputs) {
            tables.addAll(input.tables);
            tablesOnly &= input.tablesOnly;
        }
        for (int i = 0; i < size; i++) {
            SortedSet<String> time = new TreeSet<>(inputs.getFirst().times.get(i));
            for (Shape input : inputs) {
                time = common(time, input.times.get(i));
            }
            times.set(i, time);
        }
        return new Shape(times, appendOnly, tablesOnly, tables);
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

    private static SortedSet<String> anyTime(List<SortedSet<String>> times) {
        for (SortedSet<String> time : times) {
            if (!time.isEmpty()) {
                return time;
            }
        }
        return new TreeSet<>();
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
