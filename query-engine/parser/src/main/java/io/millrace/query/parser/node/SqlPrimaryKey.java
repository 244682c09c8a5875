package io.millrace.query.parser.node;

import java.util.List;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

/// `PRIMARY KEY (a, b)` among the columns of a stream or table.
public final class SqlPrimaryKey extends SqlFragment {
    private final List<SqlIdentifier> columns;

    public SqlPrimaryKey(SqlParserPos position, SqlNodeList columns) {
        super(position, "PRIMARY KEY");
        this.columns = columns.stream().map(SqlIdentifier.class::cast).toList();
    }

    /// Simple names, in the order written; at least one.
    public List<SqlIdentifier> columns() {
        return columns;
    }

    @Override
    public List<SqlNode> getOperandList() {
        return List.copyOf(columns);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword("PRIMARY KEY");
        Writing.parenthesized(writer, columns);
    }
}
