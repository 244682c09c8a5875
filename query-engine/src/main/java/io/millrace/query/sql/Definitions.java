package io.millrace.query.sql;

import io.millrace.query.parser.SqlStatements;
import io.millrace.query.parser.node.SqlCreateRelation;
import io.millrace.query.parser.node.SqlCreateView;
import java.util.List;
import org.apache.calcite.sql.SqlNode;
import org.jspecify.annotations.Nullable;

/// Canonical texts of definitions.
final class Definitions {
    private Definitions() {}

    static String text(SqlNode statement) {
        return SqlStatements.unparse(statement);
    }

    /// The query of a definition, parsed anew: the tree is the caller's.
    static SqlNode query(String definition) {
        SqlNode last = SqlStatements.parse(definition).getLast();
        SqlNode query = switch (last) {
            case SqlCreateView view -> view.query();
            case SqlCreateRelation relation -> relation.query();
            default -> null; // SqlNode is not sealed
        };
        if (query == null) {
            throw new IllegalArgumentException("no query in " + definition);
        }
        return query;
    }

    /// A statement that declares what was inferred, to stand before a definition.
    static String pin(Relation.Stored topic) {
        StringBuilder text = new StringBuilder("CREATE ")
                .append(topic.key().isEmpty() ? "STREAM " : "TABLE ")
                .append(Types.quoted(topic.name()))
                .append(" (");
        String separator = "";
        for (Relation.Field field : topic.fields()) {
            if (field.name().startsWith("_") && PseudoColumns.NAMES.contains(field.name())) {
                continue;
            }
            text.append(separator)
                    .append(Types.quoted(field.name()))
                    .append(' ')
                    .append(Types.sql(field.type()));
            separator = ", ";
        }
        return text.append(") WITH ('topic' = '")
                .append(topic.topic())
                .append("', 'format' = '")
                .append(topic.format().name().toLowerCase(java.util.Locale.ROOT))
                .append("')")
                .toString();
    }

    static @Nullable SqlNode last(List<SqlNode> statements) {
        return statements.isEmpty() ? null : statements.getLast();
    }
}
