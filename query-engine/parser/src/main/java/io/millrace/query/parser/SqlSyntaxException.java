package io.millrace.query.parser;

import java.util.Optional;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// Text that is not SQL as Millrace speaks it.
///
/// The message says what was found and what was expected; the position says where. Lines and columns count from
/// 1, a column is a UTF-16 `char`, and the end is *inclusive*, so that one wrong character has `column ==
/// endColumn`.
public final class SqlSyntaxException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String problem;
    private final int line;
    private final int column;
    private final int endLine;
    private final int endColumn;
    private final @Nullable String hint;

    public SqlSyntaxException(String problem, int line, int column, int endLine, int endColumn, @Nullable String hint) {
        super(problem + " at line " + line + ", column " + column);
        this.problem = problem;
        this.line = line;
        this.column = column;
        this.endLine = endLine;
        this.endColumn = endColumn;
        this.hint = hint;
    }

    /// For productions of the grammar and nodes that refuse their parts.
    public static SqlSyntaxException at(SqlParserPos position, String problem, @Nullable String hint) {
        return new SqlSyntaxException(
                problem,
                position.getLineNum(),
                position.getColumnNum(),
                position.getEndLineNum(),
                position.getEndColumnNum(),
                hint);
    }

    /// What is wrong, without the place; [#getMessage] has both.
    public String problem() {
        return problem;
    }

    public int line() {
        return line;
    }

    public int column() {
        return column;
    }

    public int endLine() {
        return endLine;
    }

    public int endColumn() {
        return endColumn;
    }

    /// What the writer may have meant, as a sentence.
    public Optional<String> hint() {
        return Optional.ofNullable(hint);
    }
}
