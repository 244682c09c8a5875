package io.millrace.query.parser.node;

import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// A query that is a statement: `query [AS OF FRONTIER '{…}'] [EMIT …]`.
///
/// Every query at the top of a statement comes as this node, also one without either clause, which ends when it
/// has answered.
public final class SqlQueryWithEmit extends SqlStatement {
    private final SqlNode query;
    private final @Nullable SqlLiteral frontier;
    private final @Nullable SqlEmit emit;

    private SqlQueryWithEmit(
            SqlParserPos position, SqlNode query, @Nullable SqlLiteral frontier, @Nullable SqlEmit emit) {
        super(position, "QUERY", SqlKind.OTHER);
        this.query = query;
        this.frontier = frontier;
        this.emit = emit;
    }

    /// For the grammar. `SELECT STREAM` becomes EMIT CHANGES.
    public static SqlQueryWithEmit of(
            SqlParserPos position, SqlNode query, @Nullable SqlNode frontier, @Nullable SqlEmit emit) {
        return new SqlQueryWithEmit(position, query, (SqlLiteral) frontier, SelectStream.takeOut(query, emit));
    }

    /// Calcite's node: `SqlSelect`, `SqlOrderBy`, `SqlWith`, a set operation, VALUES or an explicit table.
    public SqlNode query() {
        return query;
    }

    /// The text of `AS OF FRONTIER '…'`, unparsed JSON.
    public @Nullable String frontier() {
        return frontier == null ? null : SqlNames.text(frontier);
    }

    /// Where the frontier's text stands, for messages about its content.
    public @Nullable SqlParserPos frontierPosition() {
        return frontier == null ? null : frontier.getParserPosition();
    }

    /// Present if the query goes on for ever.
    public @Nullable SqlEmit emit() {
        return emit;
    }

    @Override
    public List<SqlNode> getOperandList() {
        List<SqlNode> operands = new ArrayList<>();
        operands.add(query);
        if (frontier != null) {
            operands.add(frontier);
        }
        if (emit != null) {
            operands.add(emit);
        }
        return operands;
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        query.unparse(writer, 0, 0);
        if (frontier != null) {
            writer.keyword("AS OF FRONTIER");
            frontier.unparse(writer, 0, 0);
        }
        if (emit != null) {
            emit.unparse(writer, 0, 0);
        }
    }
}
