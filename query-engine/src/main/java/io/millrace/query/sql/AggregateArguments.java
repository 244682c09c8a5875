package io.millrace.query.sql;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.plan.PlanNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexProgram;
import org.apache.calcite.sql.type.SqlTypeName;

/// Translates the calls of one aggregate, and appends to its input what the calls need that is no column yet.
final class AggregateArguments {
    private final PlanNode input;
    private final int[] moved;
    private final RelDataType row;
    private final RexBuilder rex;
    private final List<RexNode> appended = new ArrayList<>();

    /// @param moved for each column that the calls know, its place in the input
    AggregateArguments(PlanNode input, int[] moved, RelDataType row, RexBuilder rex) {
        this.input = input;
        this.moved = moved;
        this.row = row;
        this.rex = rex;
    }

    AggregateCall call(org.apache.calcite.rel.core.AggregateCall call) {
        Function function = function(call);
        if (!call.getCollation().getFieldCollations().isEmpty() && function != Function.ARRAY_AGG) {
            throw Problems.unsupported(
                    call.getAggregation().getName() + " … WITHIN GROUP is not supported yet", null, null);
        }
        if (call.getArgList().size() > 1) {
            throw Problems.unsupported(
                    call.getAggregation().getName() + " of more than one column is not supported yet",
                    null,
                    "Count distinct rows with SELECT COUNT(*) FROM (SELECT DISTINCT a, b …).");
        }
        int argument =
                call.getArgList().isEmpty() ? -1 : moved[call.getArgList().getFirst()];
        ColumnType type = Types.of(call.getType(), call.getAggregation().getName());
        boolean spread = function == Function.VAR_POP
                || function == Function.VAR_SAMP
                || function == Function.STDDEV_POP
                || function == Function.STDDEV_SAMP;
        if (spread && argument >= 0 && input.schema().type(argument).type() == SqlType.DECIMAL) {
            // a spread is no exact number anyway
            argument = asDouble(argument);
            type = ColumnType.of(SqlType.DOUBLE);
        }
        boolean distinct = call.isDistinct() || call.getAggregation().getName().startsWith("APPROX_COUNT");
        return new AggregateCall(function, argument, -1, distinct, call.hasFilter() ? moved[call.filterArg] : -1, type);
    }

    private int asDouble(int column) {
        RelDataTypeFactory types = rex.getTypeFactory();
        RelDataType wanted = types.createTypeWithNullability(types.createSqlType(SqlTypeName.DOUBLE), true);
        RexNode cast = rex.makeAbstractCast(wanted, RexInputRef.of(column, row), false);
        int known = appended.indexOf(cast);
        if (known < 0) {
            known = appended.size();
            appended.add(cast);
        }
        return row.getFieldCount() + known;
    }

    /// The input with what was appended.
    PlanNode input() {
        if (appended.isEmpty()) {
            return input;
        }
        List<RexNode> projects = new ArrayList<>(rex.identityProjects(row));
        projects.addAll(appended);
        RelDataTypeFactory.Builder output = rex.getTypeFactory().builder().addAll(row.getFieldList());
        for (int i = 0; i < appended.size(); i++) {
            output.add("argument_" + i, appended.get(i).getType());
        }
        return PlanTranslator.calcOver(input, RexProgram.create(row, projects, null, output.build(), rex));
    }

    private static Function function(org.apache.calcite.rel.core.AggregateCall call) {
        String name = call.getAggregation().getName().toUpperCase(Locale.ROOT);
        return switch (name) {
            case "COUNT", "APPROX_COUNT_DISTINCT" -> Function.COUNT;
            case "SUM" -> Function.SUM;
            case "$SUM0" -> Function.SUM0;
            case "AVG" -> Function.AVG;
            case "MIN" -> Function.MIN;
            case "MAX" -> Function.MAX;
            case "VAR_POP" -> Function.VAR_POP;
            case "VAR_SAMP", "VARIANCE" -> Function.VAR_SAMP;
            case "STDDEV_POP" -> Function.STDDEV_POP;
            case "STDDEV_SAMP", "STDDEV" -> Function.STDDEV_SAMP;
            case "EVERY", "BOOL_AND", "LOGICAL_AND" -> Function.BOOL_AND;
            case "SOME", "BOOL_OR", "LOGICAL_OR" -> Function.BOOL_OR;
            case "ARRAY_AGG" -> Function.ARRAY_AGG;
            case "SINGLE_VALUE" -> Function.SINGLE_VALUE;
            case "ANY_VALUE" -> Function.ANY_VALUE;
            default ->
                throw Problems.unsupported(
                        "Aggregate function '" + name.toLowerCase(Locale.ROOT) + "' is not supported yet", null, null);
        };
    }
}
