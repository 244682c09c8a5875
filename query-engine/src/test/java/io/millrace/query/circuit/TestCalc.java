package io.millrace.query.circuit;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.expression.CompiledCalc;
import io.millrace.query.oracle.RowFunction;
import io.millrace.query.plan.CalcProgram;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.jdbc.JavaTypeFactoryImpl;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexProgramBuilder;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.type.SqlTypeName;
import org.jspecify.annotations.Nullable;

/// Calc programs for tests, and a small interpreter that runs them.
final class TestCalc {
    private static final JavaTypeFactoryImpl TYPES = new JavaTypeFactoryImpl();
    static final RexBuilder REX = new RexBuilder(TYPES);

    private TestCalc() {}

    private static RelDataType type(ColumnType type) {
        RelDataType made = switch (type.type()) {
            case BOOLEAN -> TYPES.createSqlType(SqlTypeName.BOOLEAN);
            case VARCHAR -> TYPES.createSqlType(SqlTypeName.VARCHAR);
            case TIMESTAMP -> TYPES.createSqlType(SqlTypeName.TIMESTAMP, 3);
            case DOUBLE -> TYPES.createSqlType(SqlTypeName.DOUBLE);
            case DECIMAL -> TYPES.createSqlType(SqlTypeName.DECIMAL, 12, 2);
            default -> TYPES.createSqlType(SqlTypeName.BIGINT);
        };
        return TYPES.createTypeWithNullability(made, true);
    }

    private static RelDataType rowType(Schema schema) {
        RelDataTypeFactory.Builder builder = TYPES.builder();
        for (int i = 0; i < schema.size(); i++) {
            builder.add("c" + i, type(schema.type(i)));
        }
        return builder.build();
    }

    static RexNode ref(Schema schema, int column) {
        return REX.makeInputRef(type(schema.type(column)), column);
    }

    static RexNode number(long value) {
        return REX.makeLiteral(BigDecimal.valueOf(value), TYPES.createSqlType(SqlTypeName.BIGINT), false);
    }

    static RexNode greater(RexNode left, RexNode right) {
        return REX.makeCall(SqlStdOperatorTable.GREATER_THAN, left, right);
    }

    static RexNode equal(RexNode left, RexNode right) {
        return REX.makeCall(SqlStdOperatorTable.EQUALS, left, right);
    }

    static RexNode and(RexNode left, RexNode right) {
        return REX.makeCall(SqlStdOperatorTable.AND, left, right);
    }

    static RexNode divided(RexNode left, RexNode right) {
        return REX.makeCall(SqlStdOperatorTable.DIVIDE, left, right);
    }

    static RexNode plus(RexNode left, RexNode right) {
        return REX.makeCall(SqlStdOperatorTable.PLUS, left, right);
    }

    /// @param outputs columns of the result, their types from `schema`
    static CalcProgram program(Schema input, @Nullable RexNode condition, List<RexNode> outputs, Schema schema) {
        RexProgramBuilder builder = new RexProgramBuilder(rowType(input), REX);
        for (int i = 0; i < outputs.size(); i++) {
            builder.addProject(outputs.get(i), "c" + i);
        }
        if (condition != null) {
            builder.addCondition(condition);
        }
        return new CalcProgram(builder.getProgram(), input, schema);
    }

    static CalcProgram filter(Schema input, RexNode condition) {
        return program(input, condition, refs(input), input);
    }

    static List<RexNode> refs(Schema input) {
        List<RexNode> outputs = new ArrayList<>();
        for (int i = 0; i < input.size(); i++) {
            outputs.add(ref(input, i));
        }
        return outputs;
    }

    static CalcProgram project(Schema input, int... columns) {
        List<RexNode> outputs = new ArrayList<>();
        List<ColumnInfo> infos = new ArrayList<>();
        for (int column : columns) {
            outputs.add(ref(input, column));
            infos.add(input.columns().get(column));
        }
        return program(input, null, outputs, new Schema(infos));
    }

    static RowFunction rowFunction(CalcProgram program) {
        return new RowFunction() {
            @Override
            public @Nullable List<@Nullable Object> apply(List<@Nullable Object> row) {
                RexLocalRef condition = program.rex().getCondition();
                if (condition != null && !Boolean.TRUE.equals(evaluate(condition, program, row))) {
                    return null;
                }
                List<@Nullable Object> result = new ArrayList<>();
                for (RexLocalRef output : program.rex().getProjectList()) {
                    result.add(evaluate(output, program, row));
                }
                return result;
            }

            @Override
            public @Nullable String failure(List<@Nullable Object> row) {
                try {
                    apply(row);
                    return null;
                } catch (ArithmeticException division) {
                    return "division by zero"; // its own message is gone once the JIT has compiled this
                }
            }
        };
    }

    static CompiledCalc compile(CalcProgram program) {
        RowFunction function = rowFunction(program);
        return (input, output, failures) -> {
            for (int row = 0; row < input.count(); row++) {
                String failure = function.failure(input.row(row));
                if (failure != null) {
                    failures.failed(input, row, failure);
                    continue;
                }
                List<@Nullable Object> result = function.apply(input.row(row));
                if (result != null) {
                    output.appendValues(result, input.weight(row));
                }
            }
        };
    }

    private static @Nullable Object evaluate(RexNode node, CalcProgram program, List<@Nullable Object> row) {
        return switch (node) {
            case RexLocalRef local -> evaluate(program.rex().getExprList().get(local.getIndex()), program, row);
            case RexInputRef reference -> row.get(reference.getIndex());
            case RexLiteral literal -> {
                BigDecimal value = literal.getValueAs(BigDecimal.class);
                yield value == null ? null : (Object) value.longValueExact();
            }
            case RexCall call -> evaluate(call, program, row);
            default -> throw new IllegalArgumentException("unknown expression " + node);
        };
    }

    private static @Nullable Object evaluate(RexCall call, CalcProgram program, List<@Nullable Object> row) {
        Object left = evaluate(call.getOperands().get(0), program, row);
        Object right = call.getOperands().size() < 2
                ? null
                : evaluate(call.getOperands().get(1), program, row);
        if (left == null || right == null) {
            return null;
        }
        return switch (call.getKind()) {
            case GREATER_THAN -> (Long) left > (Long) right;
            case EQUALS -> left.equals(right);
            case AND -> (Boolean) left && (Boolean) right;
            case PLUS -> (Long) left + (Long) right;
            case MINUS -> (Long) left - (Long) right;
            case DIVIDE -> (Long) left / (Long) right;
            default -> throw new IllegalArgumentException("unknown call " + call);
        };
    }
}
