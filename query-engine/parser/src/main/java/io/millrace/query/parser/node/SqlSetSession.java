package io.millrace.query.parser.node;

import java.util.List;
import java.util.Locale;
import org.apache.calcite.sql.SqlCharStringLiteral;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// A setting of the session: `SET name = value`, `SET name TO value`, `SET name = DEFAULT`, `RESET name`,
/// `RESET ALL`.
///
/// A bare word is a string: `SET changelog = upsert` is `SET changelog = 'upsert'`, and ON is `'on'`.
public final class SqlSetSession extends SqlStatement {
    private final @Nullable SqlIdentifier name;
    private final @Nullable SqlLiteral value;

    private SqlSetSession(SqlParserPos position, @Nullable SqlIdentifier name, @Nullable SqlLiteral value) {
        super(position, "SET", SqlKind.OTHER);
        this.name = name;
        this.value = value;
    }

    /// For the grammar: a value of null goes back to the default.
    public static SqlSetSession of(SqlParserPos position, SqlIdentifier name, @Nullable SqlNode value) {
        SqlLiteral literal = value instanceof SqlIdentifier word
                ? SqlLiteral.createCharString(word.getSimple(), word.getParserPosition())
                : (SqlLiteral) value;
        return new SqlSetSession(position, name, literal);
    }

    /// For the grammar.
    public static SqlSetSession resetAll(SqlParserPos position) {
        return new SqlSetSession(position, null, null);
    }

    /// Null for `RESET ALL`. May have several parts; [SqlNames#text] joins them.
    public @Nullable SqlIdentifier name() {
        return name;
    }

    /// Null goes back to the default.
    public @Nullable SqlLiteral value() {
        return value;
    }

    /// The value without quotes, as [SqlOption#valueText]; null goes back to the default.
    public @Nullable String valueText() {
        if (value == null) {
            return null;
        }
        if (value instanceof SqlCharStringLiteral) {
            return SqlNames.text(value);
        }
        String text = value.toValue();
        return text == null ? "null" : text.toLowerCase(Locale.ROOT);
    }

    @Override
    public List<SqlNode> getOperandList() {
        if (name == null) {
            return List.of();
        }
        return value == null ? List.of(name) : List.of(name, value);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        if (name == null) {
            writer.keyword("RESET ALL");
        } else if (value == null) {
            writer.keyword("RESET");
            name.unparse(writer, 0, 0);
        } else {
            writer.keyword("SET");
            name.unparse(writer, 0, 0);
            writer.keyword("=");
            value.unparse(writer, 0, 0);
        }
    }
}
