package io.millrace.query.sql;

import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.util.SqlShuttle;
import org.jspecify.annotations.Nullable;

/// Copies of syntax trees: validation changes what it is given.
final class Copies extends SqlShuttle {
    private Copies() {}

    static SqlNode deep(SqlNode node) {
        SqlNode copy = node.accept(new Copies());
        return copy == null ? node : copy;
    }

    @Override
    public @Nullable SqlNode visit(SqlCall call) {
        CallCopyingArgHandler handler = new CallCopyingArgHandler(call, true);
        call.getOperator().acceptCall(this, call, false, handler);
        return handler.result();
    }
}
