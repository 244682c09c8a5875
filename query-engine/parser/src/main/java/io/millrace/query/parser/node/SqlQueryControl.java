package io.millrace.query.parser.node;

import java.util.List;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

/// `PAUSE|RESUME|VERIFY|DROP QUERY id`, where the id is a name or a string.
public final class SqlQueryControl extends SqlStatement {
    public enum Action {
        PAUSE,
        RESUME,
        VERIFY,
        DROP
    }

    private final Action action;
    private final String id;

    public SqlQueryControl(SqlParserPos position, Action action, String id) {
        super(position, action + " QUERY", SqlKind.OTHER);
        this.action = action;
        this.id = id;
    }

    public Action action() {
        return action;
    }

    public String id() {
        return id;
    }

    @Override
    public List<SqlNode> getOperandList() {
        return List.of();
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword(action.name());
        writer.keyword("QUERY");
        SqlNames.write(writer, id);
    }
}
