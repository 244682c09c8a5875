package io.millrace.query.parser.node;

import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

/// Names as Millrace knows them: one text, in which an unquoted dot is just a dot (`kv.users` is the topic
/// `kv.users`).
public final class SqlNames {
    private SqlNames() {}

    /// The parts of a name joined with dots.
    public static String text(SqlIdentifier name) {
        return String.join(".", name.names);
    }

    /// The characters of a string literal.
    public static String text(SqlLiteral literal) {
        String text = literal.getValueAs(String.class);
        if (text == null) {
            throw new IllegalArgumentException("not a string literal: " + literal);
        }
        return text;
    }

    static void write(SqlWriter writer, String name) {
        new SqlIdentifier(name, SqlParserPos.ZERO).unparse(writer, 0, 0);
    }
}
