package io.millrace.query.parser.node;

import java.util.List;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

/// `DESCRIBE name` or `DESC name`: a stream, table, view or topic.
public final class SqlDescribe extends SqlStatement {
    private final SqlIdentifier name;

    public SqlDescribe(SqlParserPos position, SqlIdentifier name) {
        super(position, "DESCRIBE", SqlKind.OTHER);
        this.name = name;
    }

    /// May have several parts; [SqlNames#text] joins them.
    public SqlIdentifier name() {
        return name;
    }

    @Override
    public List<SqlNode> getOperandList() {
        return List.of(name);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword("DESCRIBE");
        name.unparse(writer, 0, 0);
    }
}
