package io.millrace.query.parser.node;

import java.util.List;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// `SHOW STREAMS|TABLES|VIEWS|TOPICS|QUERIES|FUNCTIONS|ALL [LIKE 'pattern']`.
public final class SqlShow extends SqlStatement {
    /// What is listed; ALL lists the session's settings, as in psql.
    public enum Kind {
        STREAMS,
        TABLES,
        VIEWS,
        TOPICS,
        QUERIES,
        FUNCTIONS,
        ALL
    }

    private final Kind kind;
    private final @Nullable SqlLiteral pattern;

    public SqlShow(SqlParserPos position, Kind kind, @Nullable SqlNode pattern) {
        super(position, "SHOW " + kind, SqlKind.OTHER);
        this.kind = kind;
        this.pattern = (SqlLiteral) pattern;
    }

    public Kind kind() {
        return kind;
    }

    /// A pattern of LIKE for the names.
    public @Nullable String pattern() {
        return pattern == null ? null : SqlNames.text(pattern);
    }

    @Override
    public List<SqlNode> getOperandList() {
        return pattern == null ? List.of() : List.of(pattern);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword("SHOW");
        writer.keyword(kind.name());
        if (pattern != null) {
            writer.keyword("LIKE");
            pattern.unparse(writer, 0, 0);
        }
    }
}
