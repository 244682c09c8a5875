package io.millrace.query.sql;

import java.util.List;
import java.util.Locale;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rel.type.RelDataTypeField;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlCallBinding;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperandCountRange;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlOperatorBinding;
import org.apache.calcite.sql.SqlWindowTableFunction;
import org.apache.calcite.sql.type.SqlOperandCountRanges;
import org.apache.calcite.sql.type.SqlOperandMetadata;
import org.apache.calcite.sql.type.SqlReturnTypeInference;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.type.SqlTypeUtil;

/// TUMBLE, HOP, CUMULATE and SESSION as table functions.
///
/// Calcite's own give window columns a type that depends on the time column's, know no CUMULATE, and refuse
/// `SESSION(TABLE t PARTITION BY k, …)`; these replace them.
final class WindowFunctions {
    static final String START = "window_start";
    static final String END = "window_end";

    static final SqlWindowTableFunction TUMBLE = new WindowFunction("TUMBLE", List.of("SIZE"), false);
    static final SqlWindowTableFunction HOP = new WindowFunction("HOP", List.of("SLIDE", "SIZE"), false);
    static final SqlWindowTableFunction CUMULATE = new WindowFunction("CUMULATE", List.of("STEP", "SIZE"), false);
    static final SqlWindowTableFunction SESSION = new WindowFunction("SESSION", List.of("SIZE"), true);

    private WindowFunctions() {}

    static List<SqlOperator> all() {
        return List.of(TUMBLE, HOP, CUMULATE, SESSION);
    }

    static boolean isWindow(SqlOperator operator) {
        return operator instanceof WindowFunction;
    }

    private static final class WindowFunction extends SqlWindowTableFunction {
        WindowFunction(String name, List<String> intervals, boolean keyed) {
            super(name, new Operands(name, intervals, keyed));
        }

        @Override
        public SqlReturnTypeInference getRowTypeInference() {
            return WindowFunction::rowType;
        }

        private static RelDataType rowType(SqlOperatorBinding binding) {
            RelDataTypeFactory types = binding.getTypeFactory();
            RelDataType input = binding.getOperandType(0);
            RelDataTypeFactory.Builder row = types.builder().kind(input.getStructKind());
            for (RelDataTypeField field : input.getFieldList()) {
                row.add(field);
            }
            RelDataType time = types.createSqlType(SqlTypeName.TIMESTAMP, 3);
            return row.add(START, time).add(END, time).build();
        }
    }

    /// `(data, timecol, [key,] intervals… [, offset])`.
    private record Operands(String function, List<String> intervals, boolean keyed) implements SqlOperandMetadata {
        @Override
        public List<RelDataType> paramTypes(RelDataTypeFactory types) {
            RelDataType any = types.createSqlType(SqlTypeName.ANY);
            return paramNames().stream().map(name -> any).toList();
        }

        @Override
        public List<String> paramNames() {
            return switch (function) {
                case "TUMBLE" -> List.of("DATA", "TIMECOL", "SIZE", "OFFSET");
                case "HOP" -> List.of("DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET");
                case "CUMULATE" -> List.of("DATA", "TIMECOL", "STEP", "SIZE", "OFFSET");
                default -> List.of("DATA", "TIMECOL", "KEY", "SIZE");
            };
        }

        @Override
        public SqlOperandCountRange getOperandCountRange() {
            int least = 2 + intervals.size();
            return SqlOperandCountRanges.between(least, least + 1);
        }

        @Override
        public boolean isOptional(int operand) {
            return keyed ? operand == 2 : operand == 2 + intervals.size();
        }

        @Override
        public String getAllowedSignatures(SqlOperator operator, String name) {
            return switch (function) {
                case "TUMBLE" -> "TUMBLE(TABLE t, DESCRIPTOR(time), size [, offset])";
                case "HOP" -> "HOP(TABLE t, DESCRIPTOR(time), slide, size [, offset])";
                case "CUMULATE" -> "CUMULATE(TABLE t, DESCRIPTOR(time), step, size [, offset])";
                default -> "SESSION(TABLE t [PARTITION BY key], DESCRIPTOR(time), gap)";
            };
        }

        @Override
        public boolean checkOperandTypes(SqlCallBinding binding, boolean throwOnFailure) {
            RelDataType row = binding.getOperandType(0);
            if (!row.isStruct()) {
                throw Problems.at(
                        "type_mismatch",
                        function + " takes a table first.",
                        binding.operand(0),
                        "Write " + getAllowedSignatures(binding.getOperator(), function) + ".");
            }
            checkTime(binding, row);
            for (int i = 2; i < binding.getOperandCount(); i++) {
                SqlNode operand = binding.operand(i);
                if (operand.getKind() == SqlKind.DEFAULT) {
                    continue;
                }
                if (keyed && operand.getKind() == SqlKind.DESCRIPTOR) {
                    for (SqlNode column : ((SqlCall) operand).getOperandList()) {
                        field(row, column);
                    }
                } else if (!SqlTypeUtil.isInterval(binding.getOperandType(i))
                        || binding.getOperandType(i).getSqlTypeName().isYearMonth()) {
                    throw Problems.at(
                            "type_mismatch",
                            function + " takes an interval of days, hours, minutes or seconds here.",
                            operand,
                            "Write " + getAllowedSignatures(binding.getOperator(), function)
                                    + ", for instance with INTERVAL '1' MINUTE.");
                }
            }
            return true;
        }

        private void checkTime(SqlCallBinding binding, RelDataType row) {
            SqlNode descriptor = binding.operand(1);
            if (descriptor.getKind() != SqlKind.DESCRIPTOR || ((SqlCall) descriptor).operandCount() != 1) {
                throw Problems.at(
                        "type_mismatch",
                        function + " takes the time column as DESCRIPTOR(column).",
                        descriptor,
                        "Write " + getAllowedSignatures(binding.getOperator(), function) + ".");
            }
            SqlNode column = ((SqlCall) descriptor).operand(0);
            RelDataTypeField field = field(row, column);
            SqlTypeName type = field.getType().getSqlTypeName();
            if (type != SqlTypeName.TIMESTAMP && type != SqlTypeName.TIMESTAMP_WITH_LOCAL_TIME_ZONE) {
                throw Problems.at(
                        "type_mismatch",
                        "Windows need a time column, but '" + field.getName() + "' has type "
                                + Types.of(field.getType(), "'" + field.getName() + "'") + ".",
                        column,
                        "Declare it as TIMESTAMP(3), or cast it in a sub-query.");
            }
        }

        private static RelDataTypeField field(RelDataType row, SqlNode column) {
            if (!(column instanceof SqlIdentifier identifier)) {
                throw Problems.at(
                        "type_mismatch",
                        "DESCRIPTOR takes the name of a column.",
                        column,
                        "Compute it in a sub-query, under a name: TUMBLE((SELECT *, … AS t FROM s), DESCRIPTOR(t), …).");
            }
            String name = identifier.names.getLast();
            RelDataTypeField field = row.getField(name, true, false);
            if (field == null) {
                throw Problems.at(
                        "unknown_column",
                        "Column '" + name + "' does not exist.",
                        column,
                        Suggestions.hint(name, row.getFieldNames()));
            }
            return field;
        }
    }

    /// `window_start` for `TUMBLE_START`, null for other names.
    static @org.jspecify.annotations.Nullable String auxiliaryColumn(String functionName) {
        return switch (functionName.toUpperCase(Locale.ROOT)) {
            case "TUMBLE_START", "HOP_START", "SESSION_START" -> START;
            case "TUMBLE_END", "HOP_END", "SESSION_END" -> END;
            default -> null;
        };
    }
}
