package io.millrace.query.sql;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.validate.SelectScope;
import org.apache.calcite.sql.validate.SqlNameMatchers;
import org.apache.calcite.sql.validate.SqlValidatorCatalogReader;
import org.apache.calcite.sql.validate.SqlValidatorImpl;
import org.apache.calcite.sql.validate.SqlValidatorNamespace;
import org.apache.calcite.sql.validate.SqlValidatorScope;
import org.apache.calcite.sql.validate.SqlValidatorTable;

/// Calcite's validator, whose `*` leaves out `_key`, `_offset` and the like.
final class MillraceValidator extends SqlValidatorImpl {
    MillraceValidator(SqlValidatorCatalogReader catalog) {
        super(Dialect.OPERATORS, catalog, Dialect.TYPES, Dialect.VALIDATION);
    }

    @Override
    protected void addToSelectList(
            List<SqlNode> list,
            Set<String> aliases,
            List<Map.Entry<String, RelDataType>> fields,
            SqlNode expression,
            SelectScope scope,
            boolean includeSystemVariables) {
        if (expression instanceof SqlIdentifier name && name.names.size() == 2 && isHidden(name, scope)) {
            return;
        }
        super.addToSelectList(list, aliases, fields, expression, scope, includeSystemVariables);
    }

    private static boolean isHidden(SqlIdentifier name, SelectScope scope) {
        String column = name.names.get(1);
        if (!column.startsWith("_")) {
            return false;
        }
        SqlValidatorScope.ResolvedImpl resolved = new SqlValidatorScope.ResolvedImpl();
        scope.resolve(List.of(name.names.get(0)), SqlNameMatchers.withCaseSensitive(true), false, resolved);
        return resolved.count() == 1 && hides(resolved.only().namespace, column);
    }

    private static boolean hides(SqlValidatorNamespace namespace, String column) {
        SqlValidatorTable table = namespace.getTable();
        if (table != null) {
            Tables.RelationTable relation = table.unwrap(Tables.RelationTable.class);
            return relation != null && relation.hides(column);
        }
        // a window over `TABLE t` has all of t's columns
        SqlNode node = namespace.getNode();
        while (node instanceof SqlCall call
                && (node.getKind() == SqlKind.AS || node.getKind() == SqlKind.COLLECTION_TABLE)) {
            node = call.operand(0);
        }
        return node instanceof SqlCall call
                && WindowFunctions.isWindow(call.getOperator())
                && call.operand(0).getKind() == SqlKind.EXPLICIT_TABLE
                && PseudoColumns.NAMES.contains(column);
    }
}
