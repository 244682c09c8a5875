package io.millrace.query.parser.node;

import java.util.List;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.jspecify.annotations.Nullable;

/// What the `unparse` methods of several nodes share.
final class Writing {
    private Writing() {}

    static void parenthesized(SqlWriter writer, List<? extends SqlNode> nodes) {
        SqlWriter.Frame frame = writer.startList("(", ")");
        for (SqlNode node : nodes) {
            writer.sep(",");
            node.unparse(writer, 0, 0);
        }
        writer.endList(frame);
    }

    static void options(SqlWriter writer, List<SqlOption> options) {
        if (!options.isEmpty()) {
            writer.keyword("WITH");
            parenthesized(writer, options);
        }
    }

    static void queryAndEmit(SqlWriter writer, SqlNode query, @Nullable SqlEmit emit) {
        query.unparse(writer, 0, 0);
        if (emit != null) {
            emit.unparse(writer, 0, 0);
        }
    }

    static void ifNotExists(SqlWriter writer, boolean ifNotExists) {
        if (ifNotExists) {
            writer.keyword("IF NOT EXISTS");
        }
    }

    static void ifExists(SqlWriter writer, boolean ifExists) {
        if (ifExists) {
            writer.keyword("IF EXISTS");
        }
    }
}
