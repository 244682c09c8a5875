package io.millrace.query.circuit;

import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.PlanNode.TimeBound;
import io.millrace.query.plan.PlanNode.WindowKind;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.plan.Waterline;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.calcite.avatica.util.TimeUnitRange;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.jspecify.annotations.Nullable;

/// What is known of a node's output before it runs.
///
/// @param waterlines for each column, a lower bound of its values in all future changes; null for none. Null values
///     are not bound
///     by it: they belong to no time
/// @param appendOnly no weight will ever be negative
/// @param sources indexes of all sources below
record PlanFacts(List<@Nullable Waterline> waterlines, boolean appendOnly, List<Integer> sources) {

    static PlanFacts ofSource(PlanNode.Source node, int source) {
        SourceSpec spec = node.source();
        boolean table = !spec.upsertKey().isEmpty();
        List<@Nullable Waterline> waterlines = none(node.schema().size());
        SourceSpec.WatermarkSpec watermark = spec.watermark();
        if (watermark != null && !table && spec.side() == SourceSpec.Side.GOOD) {
            int[] columns = sourceColumns(node);
            for (int i = 0; i < columns.length; i++) {
                if (columns[i] == watermark.timeColumn()) {
                    waterlines.set(i, new Waterline.OfSource(source));
                }
            }
        }
        boolean appendOnly = !table && spec.format() != SourceSpec.Format.CHANGES;
        return new PlanFacts(waterlines, appendOnly, List.of(source));
    }

    /// Which columns of the source's batches make up the node's schema.
    static int[] sourceColumns(PlanNode.Source node) {
        int[] columns = new int[node.schema().size()];
        for (int i = 0; i < columns.length; i++) {
            String name = node.schema().name(i);
            columns[i] = -1;
            for (int k = 0; k < node.source().columns().size(); k++) {
                if (node.source().columns().get(k).name().equals(name)) {
                    columns[i] = k;
                    break;
                }
            }
            if (columns[i] < 0) {
                throw new IllegalArgumentException(
                        "source " + node.source().name() + " has no column " + name + ", the plan needs it");
            }
        }
        return columns;
    }

    /// @param inputs facts of the node's inputs, in order; not for sources
    static PlanFacts of(PlanNode node, List<PlanFacts> inputs) {
        List<Integer> sources = inputs.stream()
                .flatMap(input -> input.sources.stream())
                .distinct()
                .toList();
        PlanFacts facts = of(node, inputs, sources);
        return sources.isEmpty() ? new PlanFacts(ended(node.schema()), facts.appendOnly, sources) : facts;
    }

    private static PlanFacts of(PlanNode node, List<PlanFacts> inputs, List<Integer> sources) {
        return switch (node) {
            case PlanNode.Source source -> throw new IllegalArgumentException("a source has an index: " + source);
            case PlanNode.Values values -> new PlanFacts(ended(values.schema()), true, sources);
            case PlanNode.Calc calc ->
                new PlanFacts(ofCalc(calc.program(), inputs.get(0)), inputs.get(0).appendOnly, sources);
            case PlanNode.Window window ->
                new PlanFacts(ofWindow(window, inputs.get(0)), inputs.get(0).appendOnly, sources);
            case PlanNode.Session session -> new PlanFacts(ofSession(session, inputs.get(0)), false, sources);
            case PlanNode.Aggregate aggregate -> {
                List<@Nullable Waterline> waterlines = none(aggregate.schema().size());
                for (int i = 0; i < aggregate.keys().length; i++) {
                    waterlines.set(i, inputs.get(0).waterlines.get(aggregate.keys()[i]));
                }
                yield new PlanFacts(waterlines, false, sources);
            }
            case PlanNode.Join join -> ofJoin(join, inputs.get(0), inputs.get(1), sources);
            case PlanNode.Union union -> {
                boolean appendOnly = inputs.stream().allMatch(PlanFacts::appendOnly);
                yield new PlanFacts(least(inputs, union.schema().size()), appendOnly, sources);
            }
            case PlanNode.Distinct distinct ->
                new PlanFacts(inputs.get(0).waterlines, inputs.get(0).appendOnly, sources);
            case PlanNode.SetOperation operation -> {
                // EXCEPT shrinks when its right side grows
                boolean appendOnly = operation.intersect() && inputs.stream().allMatch(PlanFacts::appendOnly);
                yield new PlanFacts(least(inputs, operation.schema().size()), appendOnly, sources);
            }
            case PlanNode.TopN top -> {
                List<@Nullable Waterline> waterlines = none(top.schema().size());
                for (int key : top.partitionKeys()) {
                    waterlines.set(key, inputs.get(0).waterlines.get(key));
                }
                yield new PlanFacts(waterlines, false, sources);
            }
            case PlanNode.Failed failed -> ofFailed(inputs.get(0), false);
            case PlanNode.EmitFinal emit -> {
                List<@Nullable Waterline> waterlines = none(emit.schema().size());
                waterlines.set(emit.timeColumn(), inputs.get(0).waterlines.get(emit.timeColumn()));
                yield new PlanFacts(waterlines, inputs.get(0).appendOnly, sources);
            }
        };
    }

    /// @param appendOnly whether nothing below takes rows back
    static PlanFacts ofFailed(PlanFacts input, boolean appendOnly) {
        return new PlanFacts(none(PlanNode.FAILED.size()), appendOnly, input.sources);
    }

    private static List<@Nullable Waterline> none(int size) {
        return new ArrayList<>(java.util.Collections.nCopies(size, null));
    }

    /// What reads no source is complete after the first step. Only times are compared with watermarks.
    private static List<@Nullable Waterline> ended(Schema schema) {
        List<@Nullable Waterline> waterlines = none(schema.size());
        for (int i = 0; i < schema.size(); i++) {
            SqlType type = schema.type(i).type();
            if (type == SqlType.TIMESTAMP || type == SqlType.TIMESTAMPTZ) {
                waterlines.set(i, new Waterline.Ended(List.of()));
            }
        }
        return waterlines;
    }

    private static List<@Nullable Waterline> least(List<PlanFacts> inputs, int size) {
        List<@Nullable Waterline> waterlines = none(size);
        for (int i = 0; i < size; i++) {
            List<Waterline> parts = new ArrayList<>();
            for (PlanFacts input : inputs) {
                Waterline part = input.waterlines.get(i);
                if (part != null) {
                    parts.add(part);
                }
            }
            if (parts.size() == inputs.size()) {
                waterlines.set(i, new Waterline.Min(parts));
            }
        }
        return waterlines;
    }

    static @Nullable Waterline least(@Nullable Waterline first, @Nullable Waterline second) {
        return first == null || second == null ? null : new Waterline.Min(List.of(first, second));
    }

    private static List<@Nullable Waterline> ofWindow(PlanNode.Window window, PlanFacts input) {
        List<@Nullable Waterline> waterlines = new ArrayList<>(input.waterlines);
        Waterline time = input.waterlines.get(window.timeColumn());
        if (time == null) {
            waterlines.add(null);
            waterlines.add(null);
        } else if (window.kind() == WindowKind.HOP) {
            // windows that hold t start after t - size; the earliest that can still get a row is the one after
            // that
            Waterline start = new Waterline.Shifted(
                    new Waterline.FloorTo(
                            new Waterline.Shifted(time, -window.sizeMs()), window.slideMs(), window.offsetMs()),
                    window.slideMs());
            waterlines.add(start);
            waterlines.add(new Waterline.Shifted(start, window.sizeMs()));
        } else {
            waterlines.add(new Waterline.FloorTo(time, window.sizeMs(), window.offsetMs()));
            waterlines.add(new Waterline.Shifted(
                    new Waterline.FloorTo(time, window.slideMs(), window.offsetMs()), window.slideMs()));
        }
        return waterlines;
    }

    private static List<@Nullable Waterline> ofSession(PlanNode.Session session, PlanFacts input) {
        List<@Nullable Waterline> waterlines = none(session.schema().size());
        Waterline time = input.waterlines.get(session.timeColumn());
        for (int key : session.partitionKeys()) {
            waterlines.set(key, input.waterlines.get(key));
        }
        if (time != null) {
            // a row at t can change only sessions that end after t
            waterlines.set(session.schema().size() - 1, new Waterline.Shifted(time, 1));
        }
        return waterlines;
    }

    private static PlanFacts ofJoin(PlanNode.Join join, PlanFacts left, PlanFacts right, List<Integer> sources) {
        int leftSize = left.waterlines.size();
        boolean both = join.kind() != JoinKind.SEMI && join.kind() != JoinKind.ANTI;
        List<@Nullable Waterline> waterlines = none(leftSize + (both ? right.waterlines.size() : 0));
        for (int i = 0; i < join.leftKeys().length; i++) {
            Waterline least = least(left.waterlines.get(join.leftKeys()[i]), right.waterlines.get(join.rightKeys()[i]));
            waterlines.set(join.leftKeys()[i], least);
            if (both) {
                waterlines.set(leftSize + join.rightKeys()[i], least);
            }
        }
        TimeBound bound = join.bound();
        if (bound != null) {
            Waterline leftTime = left.waterlines.get(bound.leftColumn());
            Waterline rightTime = right.waterlines.get(bound.rightColumn());
            if (leftTime != null && rightTime != null) {
                // a future row of one side can only meet rows of the other within the bound
                keep(
                        waterlines,
                        bound.leftColumn(),
                        new Waterline.Min(List.of(leftTime, new Waterline.Shifted(rightTime, bound.lowerMs()))));
                if (both) {
                    keep(
                            waterlines,
                            leftSize + bound.rightColumn(),
                            new Waterline.Min(List.of(rightTime, new Waterline.Shifted(leftTime, -bound.upperMs()))));
                }
            }
        }
        // rows of one side change only with that side when the other is all there
        if (right.sources.isEmpty()) {
            for (int i = 0; i < leftSize; i++) {
                keep(waterlines, i, left.waterlines.get(i));
            }
        }
        if (left.sources.isEmpty() && both) {
            for (int i = 0; i < right.waterlines.size(); i++) {
                keep(waterlines, leftSize + i, right.waterlines.get(i));
            }
        }
        boolean appendOnly =
                left.appendOnly && right.appendOnly && (join.kind() == JoinKind.INNER || join.kind() == JoinKind.SEMI);
        return new PlanFacts(waterlines, appendOnly, sources);
    }

    private static void keep(List<@Nullable Waterline> waterlines, int column, @Nullable Waterline waterline) {
        if (waterlines.get(column) == null) {
            waterlines.set(column, waterline);
        }
    }

    private static List<@Nullable Waterline> ofCalc(CalcProgram program, PlanFacts input) {
        List<@Nullable Waterline> waterlines = new ArrayList<>();
        for (RexLocalRef output : program.rex().getProjectList()) {
            waterlines.add(ofExpression(output, program, input));
        }
        return waterlines;
    }

    /// Follows references and functions that never decrease when their argument grows.
    private static @Nullable Waterline ofExpression(RexNode node, CalcProgram program, PlanFacts input) {
        return switch (node) {
            case RexLocalRef local -> ofExpression(program.rex().getExprList().get(local.getIndex()), program, input);
            case RexInputRef reference -> input.waterlines.get(reference.getIndex());
            case RexCall call -> ofCall(call, program, input);
            default -> null;
        };
    }

    private static @Nullable Waterline ofCall(RexCall call, CalcProgram program, PlanFacts input) {
        if (call.getOperands().isEmpty()) {
            return null;
        }
        if (call.getKind() == SqlKind.CASE) {
            return ofCase(call, program, input);
        }
        Waterline base = ofExpression(call.getOperands().get(0), program, input);
        if (base == null) {
            return null;
        }
        long[] arguments = new long[call.getOperands().size()];
        boolean constant = true;
        for (int i = 1; i < arguments.length; i++) {
            Long value = constant(call.getOperands().get(i), program);
            constant &= value != null;
            arguments[i] = value == null ? 0 : value;
        }
        String name = call.getOperator().getName();
        if (constant && arguments.length == 3 && arguments[1] > 0 && name.equalsIgnoreCase("WINDOW_START")) {
            return new Waterline.FloorTo(base, arguments[1], arguments[2]);
        }
        if (constant && arguments.length == 3 && arguments[1] > 0 && name.equalsIgnoreCase("WINDOW_END")) {
            return new Waterline.Shifted(new Waterline.FloorTo(base, arguments[1], arguments[2]), arguments[1]);
        }
        boolean timestamp = call.getType().getSqlTypeName()
                == call.getOperands().get(0).getType().getSqlTypeName();
        if (call.getKind() == SqlKind.CAST && timestamp) {
            return base;
        }
        if (call.getKind() == SqlKind.FLOOR
                && arguments.length == 2
                && timestamp
                && call.getType().getSqlTypeName() == org.apache.calcite.sql.type.SqlTypeName.TIMESTAMP) {
            Long unit = floorUnitMs(call.getOperands().get(1), program);
            return unit == null ? null : new Waterline.FloorTo(base, unit, 0);
        }
        boolean interval = arguments.length == 2
                && constant
                && timestamp
                && org.apache.calcite.sql.type.SqlTypeName.DAY_INTERVAL_TYPES.contains(
                        call.getOperands().get(1).getType().getSqlTypeName());
        if (interval && (call.getKind() == SqlKind.PLUS || name.equals("DATETIME_PLUS"))) {
            return new Waterline.Shifted(base, arguments[1]);
        }
        if (interval && call.getKind() == SqlKind.MINUS) {
            return new Waterline.Shifted(base, -arguments[1]);
        }
        return null;
    }

    /// One of several values, so no less than the least of them. COALESCE is such a CASE.
    private static @Nullable Waterline ofCase(RexCall call, CalcProgram program, PlanFacts input) {
        List<RexNode> operands = call.getOperands();
        List<Waterline> parts = new ArrayList<>();
        for (int i = 0; i < operands.size(); i++) {
            boolean condition = i % 2 == 0 && i < operands.size() - 1;
            if (condition || RexLiteral.isNullLiteral(resolve(operands.get(i), program))) {
                continue;
            }
            Waterline part = ofExpression(operands.get(i), program, input);
            boolean sameType =
                    operands.get(i).getType().getSqlTypeName() == call.getType().getSqlTypeName();
            if (part == null || !sameType) {
                return null;
            }
            parts.add(part);
        }
        return parts.isEmpty() ? null : new Waterline.Min(parts);
    }

    private static RexNode resolve(RexNode node, CalcProgram program) {
        return node instanceof RexLocalRef local ? program.rex().getExprList().get(local.getIndex()) : node;
    }

    private static @Nullable Long constant(RexNode node, CalcProgram program) {
        return resolve(node, program) instanceof RexLiteral literal
                        && literal.getValue() instanceof java.math.BigDecimal number
                        && number.stripTrailingZeros().scale() <= 0
                ? number.longValue()
                : null;
    }

    private static @Nullable Long floorUnitMs(RexNode node, CalcProgram program) {
        if (resolve(node, program) instanceof RexLiteral literal && literal.getValue() instanceof TimeUnitRange unit) {
            return switch (unit) {
                case SECOND -> 1_000L;
                case MINUTE -> 60_000L;
                case HOUR -> 3_600_000L;
                case DAY -> 86_400_000L;
                default -> null;
            };
        }
        return null;
    }

    /// Index in `keys` of the first key with a waterline, −1 for none.
    int firstBounded(int[] keys) {
        for (int i = 0; i < keys.length; i++) {
            if (waterlines.get(keys[i]) != null) {
                return i;
            }
        }
        return -1;
    }

    int firstBounded() {
        int[] all = new int[waterlines.size()];
        Arrays.setAll(all, i -> i);
        return firstBounded(all);
    }
}
