package io.millrace.query.parser.node;

import java.util.List;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

/// `EXPLAIN [PLAN|ANALYZE|STATE] [FOR] statement`.
public final class SqlExplainStatement extends SqlStatement {
    /// What is to be explained; PLAN if nothing was said.
    public enum Mode {
        /// the operators
        PLAN,
        /// the operators with what they did when the statement was run
        ANALYZE,
        /// what bounds the state of each operator
        STATE
    }

    private final Mode mode;
    private final SqlNode statement;

    public SqlExplainStatement(SqlParserPos position, Mode mode, SqlNode statement) {
        super(position, "EXPLAIN " + mode, SqlKind.OTHER);
        this.mode = mode;
        this.statement = statement;
    }

    public Mode mode() {
        return mode;
    }

    /// A [SqlQueryWithEmit], [SqlCreateRelation], [SqlCreateView], or Calcite's `SqlInsert`, `SqlDelete` or
    /// `SqlUpdate`.
    public SqlNode statement() {
        return statement;
    }

    @Override
    public List<SqlNode> getOperandList() {
        return List.of(statement);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword("EXPLAIN");
        writer.keyword(mode.name());
        writer.keyword("FOR");
        statement.unparse(writer, 0, 0);
    }
}
