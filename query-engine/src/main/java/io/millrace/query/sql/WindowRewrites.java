package io.millrace.query.sql;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.TableFunctionScan;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexSubQuery;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.tools.RelBuilder;
import org.apache.calcite.util.ImmutableBitSet;

/// Window functions become [WindowRel]s, and filters move below them.
final class WindowRewrites {
    private WindowRewrites() {}

    static RelNode apply(RelNode rel) {
        RelNode below = onInputs(rel);
        RelNode converted = below.accept(new RexShuttle() {
            @Override
            public RexNode visitSubQuery(RexSubQuery subQuery) {
                RexSubQuery visited = (RexSubQuery) super.visitSubQuery(subQuery);
                return visited.clone(WindowRewrites.apply(visited.rel));
            }
        });
        return converted instanceof TableFunctionScan scan ? window(scan) : converted;
    }

    private static RelNode onInputs(RelNode rel) {
        List<RelNode> inputs = new ArrayList<>();
        boolean changed = false;
        for (RelNode input : rel.getInputs()) {
            RelNode converted = apply(input);
            changed |= converted != input;
            inputs.add(converted);
        }
        return changed ? rel.copy(rel.getTraitSet(), inputs) : rel;
    }

    private static RelNode window(TableFunctionScan scan) {
        if (!(scan.getCall() instanceof RexCall call)
                || !WindowFunctions.isWindow(call.getOperator())
                || scan.getInputs().size() != 1) {
            throw Problems.unsupported("Table function " + scan.getCall() + " is not supported", null, null);
        }
        WindowRel.Kind kind = WindowRel.Kind.valueOf(call.getOperator().getName());
        int time = -1;
        List<Integer> keys = new ArrayList<>();
        List<Long> intervals = new ArrayList<>();
        for (RexNode operand : call.getOperands()) {
            if (operand.getKind() == SqlKind.DESCRIPTOR) {
                for (RexNode column : ((RexCall) operand).getOperands()) {
                    if (time < 0) {
                        time = ((RexInputRef) column).getIndex();
                    } else {
                        keys.add(((RexInputRef) column).getIndex());
                    }
                }
            } else if (operand.getKind() != SqlKind.DEFAULT) {
                intervals.add(millis(operand, kind));
            }
        }
        return switch (kind) {
            case TUMBLE -> make(scan, kind, time, keys, intervals.get(0), intervals.get(0), offset(intervals, 1));
            case HOP, CUMULATE ->
                make(scan, kind, time, keys, intervals.get(1), intervals.get(0), offset(intervals, 2));
            case SESSION -> make(scan, kind, time, keys, intervals.get(0), intervals.get(0), 0);
        };
    }

    private static long offset(List<Long> intervals, int index) {
        return intervals.size() > index ? intervals.get(index) : 0;
    }

    private static long millis(RexNode operand, WindowRel.Kind kind) {
        RexNode bare = operand;
        boolean negative = false;
        if (bare instanceof RexCall minus && minus.getKind() == SqlKind.MINUS_PREFIX) {
            negative = true;
            bare = minus.getOperands().get(0);
        }
        if (bare instanceof RexLiteral literal && literal.getValue() instanceof BigDecimal number) {
            return negative ? -number.longValueExact() : number.longValueExact();
        }
        throw Problems.unsupported(
                kind + " with an interval that is not constant is not supported",
                null,
                "Write the interval as a literal, for instance INTERVAL '1' MINUTE.");
    }

    private static RelNode make(
            TableFunctionScan scan,
            WindowRel.Kind kind,
            int time,
            List<Integer> keys,
            long sizeMs,
            long slideMs,
            long offsetMs) {
        if (sizeMs <= 0 || slideMs <= 0) {
            throw Problems.at(
                    "invalid_window",
                    "The intervals of " + kind + " must be longer than nothing.",
                    (SqlParserPos) null,
                    null);
        }
        if (kind == WindowRel.Kind.CUMULATE && sizeMs % slideMs != 0) {
            throw Problems.at(
                    "invalid_window",
                    "The size of CUMULATE must be a multiple of its step: " + sizeMs + " ms is not one of " + slideMs
                            + " ms.",
                    (SqlParserPos) null,
                    null);
        }
        return new WindowRel(
                scan.getCluster(), scan.getTraitSet(), scan.getInput(0), kind, time, keys, sizeMs, slideMs, offsetMs);
    }

    /// Moves the parts of filters that do not look at the window below it. The same object if there are none.
    static RelNode filtersBelow(RelNode rel, RelBuilder builder) {
        RelNode moved = rel;
        if (rel instanceof Filter filter && filter.getInput() instanceof WindowRel window) {
            moved = below(filter, window, builder);
        }
        List<RelNode> inputs = new ArrayList<>();
        boolean changed = false;
        for (RelNode input : moved.getInputs()) {
            RelNode converted = filtersBelow(input, builder);
            changed |= converted != input;
            inputs.add(converted);
        }
        return changed ? moved.copy(moved.getTraitSet(), inputs) : moved;
    }

    private static RelNode below(Filter filter, WindowRel window, RelBuilder builder) {
        int width = window.getInput().getRowType().getFieldCount();
        // a session depends on all rows of its key, so only whole keys may go
        ImmutableBitSet movable =
                window.kind == WindowRel.Kind.SESSION ? ImmutableBitSet.of(window.keys) : ImmutableBitSet.range(width);
        List<RexNode> lower = new ArrayList<>();
        List<RexNode> upper = new ArrayList<>();
        for (RexNode conjunct : RelOptUtil.conjunctions(filter.getCondition())) {
            boolean moves =
                    movable.contains(RelOptUtil.InputFinder.bits(conjunct)) && RexUtil.isDeterministic(conjunct);
            (moves ? lower : upper).add(conjunct);
        }
        if (lower.isEmpty()) {
            return filter;
        }
        RelNode input = builder.push(window.getInput()).filter(lower).build();
        return builder.push(window.over(input, window.timeColumn, window.keys))
                .filter(upper)
                .build();
    }
}
