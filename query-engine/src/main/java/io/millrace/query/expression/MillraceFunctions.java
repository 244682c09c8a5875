package io.millrace.query.expression;

import java.util.List;
import org.apache.calcite.sql.SqlFunction;
import org.apache.calcite.sql.SqlFunctionCategory;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.type.InferTypes;
import org.apache.calcite.sql.type.OperandTypes;
import org.apache.calcite.sql.type.ReturnTypes;
import org.apache.calcite.sql.type.SqlTypeFamily;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.type.SqlTypeTransforms;

/// Functions of our own, for the operator table and for plans.
public final class MillraceFunctions {
    static final String WINDOW_START_NAME = "WINDOW_START";
    static final String WINDOW_END_NAME = "WINDOW_END";
    static final String JSON_GET_NAME = "JSON_GET";
    static final String JSON_GET_TEXT_NAME = "JSON_GET_TEXT";

    /// `WINDOW_START(ts, size_ms, offset_ms)`: start of the window of that size, aligned to the offset, that
    /// `ts` lies in. The type of `ts`, NULL for NULL.
    public static final SqlFunction WINDOW_START = window(WINDOW_START_NAME);

    /// `WINDOW_END(ts, size_ms, offset_ms)`: its end, excluded.
    public static final SqlFunction WINDOW_END = window(WINDOW_END_NAME);

    /// `JSON_GET(document, name or index)`: the member or element (from 0) as JSON text; NULL when there is
    /// none. The operator `->`.
    public static final SqlFunction JSON_GET = json(JSON_GET_NAME);

    /// The same as text: a string's characters, any other value's JSON text, NULL for JSON's null. The operator
    /// `->>`.
    public static final SqlFunction JSON_GET_TEXT = json(JSON_GET_TEXT_NAME);

    private MillraceFunctions() {}

    /// All of them.
    public static List<SqlFunction> all() {
        return List.of(WINDOW_START, WINDOW_END, JSON_GET, JSON_GET_TEXT);
    }

    static boolean isOwn(SqlOperator operator) {
        return operator == WINDOW_START || operator == WINDOW_END || operator == JSON_GET || operator == JSON_GET_TEXT;
    }

    private static SqlFunction window(String name) {
        return new SqlFunction(
                name,
                SqlKind.OTHER_FUNCTION,
                ReturnTypes.ARG0_NULLABLE,
                InferTypes.FIRST_KNOWN,
                OperandTypes.family(SqlTypeFamily.TIMESTAMP, SqlTypeFamily.INTEGER, SqlTypeFamily.INTEGER),
                SqlFunctionCategory.TIMEDATE);
    }

    private static SqlFunction json(String name) {
        return new SqlFunction(
                name,
                SqlKind.OTHER_FUNCTION,
                ReturnTypes.explicit(SqlTypeName.VARCHAR).andThen(SqlTypeTransforms.FORCE_NULLABLE),
                InferTypes.FIRST_KNOWN,
                OperandTypes.family(SqlTypeFamily.ANY, SqlTypeFamily.ANY),
                SqlFunctionCategory.STRING);
    }
}
