package io.millrace.query.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.calcite.sql.SqlBasicCall;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlCharStringLiteral;
import org.apache.calcite.sql.SqlFunction;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlOrderBy;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlWith;
import org.jspecify.annotations.Nullable;

/// Names for columns that the user gave none, as PostgreSQL does: `COUNT(*)` is called `count`.
final class OutputNames {
    private static final String CALCITE = "EXPR$";

    private OutputNames() {}

    /// @param query before it was checked
    /// @param names what Calcite calls its columns
    static List<String> of(SqlNode query, List<String> names) {
        SqlSelect select = select(query);
        SqlNodeList items = select == null ? null : select.getSelectList();
        boolean star = items == null || items.size() != names.size();
        List<String> better = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            if (!name.startsWith(CALCITE)) {
                better.add(name);
                continue;
            }
            String derived = star || items == null ? null : derive(items.get(i));
            better.add(derived == null ? "column_" + (i + 1) : derived);
        }
        return better;
    }

    /// The SELECT that names the columns.
    private static @Nullable SqlSelect select(SqlNode query) {
        return switch (query) {
            case SqlSelect select -> select;
            case SqlOrderBy ordered -> select(ordered.query);
            case SqlWith with -> select(with.body);
            case SqlBasicCall call when SqlKind.SET_QUERY.contains(call.getKind()) -> select(call.operand(0));
            default -> null; // VALUES
        };
    }

    private static @Nullable String derive(SqlNode item) {
        if (item instanceof SqlIdentifier name) {
            return name.names.getLast();
        }
        if (!(item instanceof SqlCall call)) {
            return null;
        }
        return switch (call.getKind()) {
            case CAST -> derive(call.operand(0));
            case FILTER, OVER, WITHIN_GROUP, RESPECT_NULLS, IGNORE_NULLS -> derive(call.operand(0));
            case ITEM ->
                call.operand(1) instanceof SqlCharStringLiteral text ? text.toValue() : derive(call.operand(0));
            case DOT -> derive(call.operand(1));
            case CASE -> "case";
            default -> {
                String name = call.getOperator().getName();
                yield call.getOperator() instanceof SqlFunction && name.matches("[A-Za-z][A-Za-z0-9_]*")
                        ? name.toLowerCase(Locale.ROOT)
                        : null;
            }
        };
    }
}
