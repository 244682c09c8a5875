package io.millrace.query.sql;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.PlanNode.TimeBound;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexProgram;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.util.ImmutableBitSet;
import org.jspecify.annotations.Nullable;

/// A join's condition taken apart: equal keys, a bound in time, and the rest.
final class JoinTranslator {
    private final PlanTranslator plans;
    private final RexBuilder rex;
    private final Planning planning;

    JoinTranslator(PlanTranslator plans, RexBuilder rex, Planning planning) {
        this.plans = plans;
        this.rex = rex;
        this.planning = planning;
    }

    PlanNode translate(Join join) {
        JoinKind kind = switch (join.getJoinType()) {
            case INNER -> JoinKind.INNER;
            case LEFT -> JoinKind.LEFT;
            case RIGHT -> JoinKind.RIGHT;
            case FULL -> JoinKind.FULL;
            case SEMI -> JoinKind.SEMI;
            case ANTI -> JoinKind.ANTI;
            case ASOF, LEFT_ASOF ->
                throw Problems.unsupported(
                        "AS OF joins are not supported yet",
                        null,
                        "Join on a time range, and take the newest with ROW_NUMBER() … <= 1.");
            case LEFT_MARK ->
                throw Problems.unsupported(
                        "IN or EXISTS in this place is not supported yet",
                        null,
                        "Use it as a condition of WHERE that is joined to others by AND.");
        };
        Side left = new Side(plans.input(join.getLeft()), join.getLeft().getRowType());
        Side right = new Side(plans.input(join.getRight()), join.getRight().getRowType());
        int width = left.row.getFieldCount();
        ImmutableBitSet leftBits = ImmutableBitSet.range(width);
        List<RexNode> rest = new ArrayList<>();
        for (RexNode conjunct : PlanTranslator.conjuncts(rex, join.getCondition())) {
            if (!asKeys(conjunct, leftBits, left, right)) {
                rest.add(conjunct);
            }
        }
        PlanNode leftPlan = left.plan();
        PlanNode rightPlan = right.plan();
        Schema both = concatenated(leftPlan.schema(), rightPlan.schema());
        TimeBound bound = bound(rest, width, leftPlan.schema().size(), both);
        CalcProgram residual = residual(rest, left, both);
        if (left.keys.isEmpty() && planning.continuous()) {
            planning.notice("A join without equal keys compares every row with every row and keeps them all.");
        }
        boolean leftOnly = kind == JoinKind.SEMI || kind == JoinKind.ANTI;
        PlanNode plan = new PlanNode.Join(
                leftPlan,
                rightPlan,
                kind,
                PlanTranslator.ints(left.keys),
                PlanTranslator.ints(right.keys),
                residual,
                bound,
                leftOnly ? leftPlan.schema() : padded(leftPlan.schema(), rightPlan.schema(), kind));
        return left.appended.isEmpty() && (leftOnly || right.appended.isEmpty())
                ? plan
                : dropAppended(plan, left, right, leftOnly, join.getRowType());
    }

    /// One input, with the columns that the keys need and it does not have.
    private final class Side {
        private final PlanNode input;
        private final RelDataType row;
        private final List<RexNode> appended = new ArrayList<>();
        private final List<Integer> keys = new ArrayList<>();

        Side(PlanNode input, RelDataType row) {
            this.input = input;
            this.row = row;
        }

        boolean neverNull(RexNode expression) {
            return expression instanceof RexInputRef reference && NeverNull.column(input, reference.getIndex());
        }

        void key(RexNode expression) {
            if (expression instanceof RexInputRef reference) {
                keys.add(reference.getIndex());
                return;
            }
            int known = appended.indexOf(expression);
            if (known < 0) {
                known = appended.size();
                appended.add(expression);
            }
            keys.add(row.getFieldCount() + known);
        }

        PlanNode plan() {
            if (appended.isEmpty()) {
                return input;
            }
            List<RexNode> projects = new ArrayList<>(rex.identityProjects(row));
            projects.addAll(appended);
            RelDataTypeFactory.Builder output = rex.getTypeFactory().builder().addAll(row.getFieldList());
            for (int i = 0; i < appended.size(); i++) {
                output.add("join_key_" + i, appended.get(i).getType());
            }
            return PlanTranslator.calcOver(input, RexProgram.create(row, projects, null, output.build(), rex));
        }
    }

    private boolean asKeys(RexNode conjunct, ImmutableBitSet leftBits, Side left, Side right) {
        boolean nullsMatch = conjunct.getKind() == SqlKind.IS_NOT_DISTINCT_FROM;
        if ((conjunct.getKind() != SqlKind.EQUALS && !nullsMatch) || !RexUtil.isDeterministic(conjunct)) {
            return false;
        }
        RexNode first = ((RexCall) conjunct).getOperands().get(0);
        RexNode second = ((RexCall) conjunct).getOperands().get(1);
        ImmutableBitSet firstBits = RelOptUtil.InputFinder.bits(first);
        ImmutableBitSet secondBits = RelOptUtil.InputFinder.bits(second);
        if (firstBits.isEmpty() || secondBits.isEmpty()) {
            return false;
        }
        if (leftBits.contains(secondBits) && !firstBits.intersects(leftBits)) {
            RexNode swapped = first;
            first = second;
            second = swapped;
            ImmutableBitSet swappedBits = firstBits;
            firstBits = secondBits;
            secondBits = swappedBits;
        }
        if (!leftBits.contains(firstBits) || secondBits.intersects(leftBits)) {
            return false;
        }
        RexNode rightKey = unwidened(RexUtil.shift(second, -left.row.getFieldCount()));
        RexNode leftKey = unwidened(first);
        if (nullsMatch && !left.neverNull(leftKey) && !right.neverNull(rightKey)) {
            return asNullSafeKeys(leftKey, rightKey, left, right);
        }
        if (!PlanTranslator.sameStorage(
                Types.of(leftKey.getType(), "The join key"), Types.of(rightKey.getType(), "The join key"))) {
            RelDataType common = rex.getTypeFactory().leastRestrictive(List.of(leftKey.getType(), rightKey.getType()));
            if (common == null) {
                return false;
            }
            leftKey = cast(common, leftKey);
            rightKey = cast(common, rightKey);
        }
        left.key(leftKey);
        right.key(rightKey);
        return true;
    }

    /// NULL equals NULL here, but keys that are NULL equal nothing: whether they are NULL becomes a key of its
    /// own.
    private boolean asNullSafeKeys(RexNode leftKey, RexNode rightKey, Side left, Side right) {
        RelDataType type = leftKey.getType();
        boolean plain = SqlTypeName.INT_TYPES.contains(type.getSqlTypeName())
                || SqlTypeName.CHAR_TYPES.contains(type.getSqlTypeName());
        if (!plain
                || !PlanTranslator.sameStorage(
                        Types.of(type, "The join key"), Types.of(rightKey.getType(), "The join key"))) {
            return false;
        }
        left.key(rex.makeCall(SqlStdOperatorTable.IS_NULL, leftKey));
        right.key(rex.makeCall(SqlStdOperatorTable.IS_NULL, rightKey));
        left.key(valueOrDefault(leftKey));
        right.key(valueOrDefault(rightKey));
        return true;
    }

    private RexNode valueOrDefault(RexNode key) {
        RelDataType type = rex.getTypeFactory().createTypeWithNullability(key.getType(), false);
        RexNode none = SqlTypeName.CHAR_TYPES.contains(type.getSqlTypeName())
                ? rex.makeAbstractCast(type, rex.makeLiteral(""), false)
                : rex.makeExactLiteral(BigDecimal.ZERO, type);
        return rex.makeCall(
                SqlStdOperatorTable.CASE, rex.makeCall(SqlStdOperatorTable.IS_NULL, key), none, rex.makeNotNull(key));
    }

    /// Whole numbers of all sizes are kept and compared alike, so a cast to a wider one changes nothing.
    private static RexNode unwidened(RexNode key) {
        RexNode bare = key;
        while (bare instanceof RexCall cast
                && cast.getKind() == SqlKind.CAST
                && SqlTypeName.INT_TYPES.contains(cast.getType().getSqlTypeName())) {
            RexNode inner = cast.getOperands().get(0);
            boolean wider = SqlTypeName.INT_TYPES.contains(inner.getType().getSqlTypeName())
                    && inner.getType().getPrecision() <= cast.getType().getPrecision();
            if (!wider) {
                break;
            }
            bare = inner;
        }
        return bare;
    }

    private RexNode cast(RelDataType wanted, RexNode node) {
        RelDataType type = rex.getTypeFactory()
                .createTypeWithNullability(wanted, node.getType().isNullable());
        return rex.ensureType(type, node, true);
    }

    private static Schema concatenated(Schema left, Schema right) {
        List<ColumnInfo> columns = new ArrayList<>(left.columns());
        columns.addAll(right.columns());
        return new Schema(columns);
    }

    /// The sides of outer joins that may be missing are nullable.
    private static Schema padded(Schema left, Schema right, JoinKind kind) {
        List<ColumnInfo> columns = new ArrayList<>();
        boolean leftMissing = kind == JoinKind.RIGHT || kind == JoinKind.FULL;
        boolean rightMissing = kind == JoinKind.LEFT || kind == JoinKind.FULL;
        for (ColumnInfo column : left.columns()) {
            columns.add(
                    leftMissing ? new ColumnInfo(column.name(), column.type().withNullable(true)) : column);
        }
        for (ColumnInfo column : right.columns()) {
            columns.add(
                    rightMissing ? new ColumnInfo(column.name(), column.type().withNullable(true)) : column);
        }
        return new Schema(columns);
    }

    private @Nullable CalcProgram residual(List<RexNode> rest, Side left, Schema both) {
        RexNode condition = RexUtil.composeConjunction(rex, rest, true);
        if (condition == null || condition.isAlwaysTrue()) {
            return null;
        }
        int width = left.row.getFieldCount();
        RelDataType row = plans.rowType(both);
        RexNode placed = condition.accept(new org.apache.calcite.rex.RexShuttle() {
            @Override
            public RexNode visitInputRef(RexInputRef reference) {
                int index = reference.getIndex();
                int place = index < width ? index : index + left.appended.size();
                RexInputRef moved = RexInputRef.of(place, row);
                return rex.ensureType(reference.getType(), moved, false);
            }
        });
        return new CalcProgram(RexProgram.create(row, rex.identityProjects(row), placed, row, rex), both, both);
    }

    private PlanNode dropAppended(PlanNode plan, Side left, Side right, boolean leftOnly, RelDataType output) {
        RelDataType row = plans.rowType(plan.schema());
        List<RexNode> projects = new ArrayList<>();
        for (int i = 0; i < left.row.getFieldCount(); i++) {
            projects.add(RexInputRef.of(i, row));
        }
        if (!leftOnly) {
            int start = left.row.getFieldCount() + left.appended.size();
            for (int i = 0; i < right.row.getFieldCount(); i++) {
                projects.add(RexInputRef.of(start + i, row));
            }
        }
        List<RexNode> typed = new ArrayList<>();
        for (int i = 0; i < projects.size(); i++) {
            typed.add(rex.ensureType(output.getFieldList().get(i).getType(), projects.get(i), true));
        }
        return PlanTranslator.calcOver(plan, RexProgram.create(row, typed, null, output.getFieldNames(), rex));
    }

    // ---- time bounds

    /// `column + ms`.
    private record Shifted(int column, long ms) {}

    /// `right.time + lower <= left.time <= right.time + upper` for the first pair of columns that has both.
    private static @Nullable TimeBound bound(List<RexNode> rest, int width, int leftSize, Schema both) {
        List<TimeBound> halves = new ArrayList<>();
        for (RexNode conjunct : rest) {
            TimeBound half = half(conjunct, width, both, leftSize - width);
            if (half != null) {
                halves.add(half);
            }
        }
        for (TimeBound lower : halves) {
            for (TimeBound upper : halves) {
                if (lower.leftColumn() == upper.leftColumn()
                        && lower.rightColumn() == upper.rightColumn()
                        && lower.lowerMs() != Long.MIN_VALUE
                        && upper.upperMs() != Long.MAX_VALUE) {
                    return new TimeBound(lower.leftColumn(), lower.rightColumn(), lower.lowerMs(), upper.upperMs());
                }
            }
        }
        return null;
    }

    private static @Nullable TimeBound half(RexNode conjunct, int width, Schema both, int leftAppended) {
        if (!(conjunct instanceof RexCall call) || call.getOperands().size() != 2) {
            return null;
        }
        Shifted first = shifted(call.getOperands().get(0));
        Shifted second = shifted(call.getOperands().get(1));
        if (first == null || second == null || (first.column < width) == (second.column < width)) {
            return null;
        }
        SqlKind kind = call.getKind();
        if (first.column >= width) {
            Shifted swapped = first;
            first = second;
            second = swapped;
            kind = kind.reverse();
        }
        if (!Types.isTime(both.type(first.column)) || !Types.isTime(both.type(second.column + leftAppended))) {
            return null;
        }
        long difference = second.ms - first.ms;
        int right = second.column - width;
        return switch (kind) {
            case GREATER_THAN, GREATER_THAN_OR_EQUAL -> new TimeBound(first.column, right, difference, Long.MAX_VALUE);
            case LESS_THAN, LESS_THAN_OR_EQUAL -> new TimeBound(first.column, right, Long.MIN_VALUE, difference);
            default -> null; // other comparisons bound nothing
        };
    }

    private static @Nullable Shifted shifted(RexNode node) {
        if (node instanceof RexInputRef reference) {
            return new Shifted(reference.getIndex(), 0);
        }
        if (!(node instanceof RexCall call)) {
            return null;
        }
        SqlTypeName type = call.getType().getSqlTypeName();
        boolean time = type == SqlTypeName.TIMESTAMP || type == SqlTypeName.TIMESTAMP_WITH_LOCAL_TIME_ZONE;
        if (call.getKind() == SqlKind.CAST && time) {
            Shifted inner = shifted(call.getOperands().get(0));
            return inner != null && call.getOperands().get(0).getType().getSqlTypeName() == type ? inner : null;
        }
        if (!time || call.getOperands().size() != 2) {
            return null;
        }
        String name = call.getOperator().getName();
        boolean minus = call.getKind() == SqlKind.MINUS || name.equals("-");
        boolean plus = call.getKind() == SqlKind.PLUS || name.equals("+") || name.equals("DATETIME_PLUS");
        if (!minus && !plus) {
            return null;
        }
        RexNode base = call.getOperands().get(0);
        RexNode amount = call.getOperands().get(1);
        if (plus && base instanceof RexLiteral) {
            RexNode swapped = base;
            base = amount;
            amount = swapped;
        }
        Shifted inner = shifted(base);
        if (inner == null
                || !(amount instanceof RexLiteral literal)
                || !SqlTypeName.DAY_INTERVAL_TYPES.contains(literal.getType().getSqlTypeName())
                || !(literal.getValue() instanceof BigDecimal ms)) {
            return null;
        }
        long shift = ms.longValue();
        return new Shifted(inner.column, inner.ms + (minus ? -shift : shift));
    }
}
