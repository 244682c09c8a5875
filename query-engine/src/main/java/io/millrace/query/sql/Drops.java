package io.millrace.query.sql;

import io.millrace.query.parser.SqlStatements;
import io.millrace.query.parser.node.ObjectKind;
import io.millrace.query.parser.node.SqlCreateRelation;
import io.millrace.query.parser.node.SqlCreateView;
import io.millrace.query.parser.node.SqlDropObject;
import io.millrace.query.parser.node.SqlNames;
import io.millrace.query.parser.node.SqlOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.calcite.sql.SqlNode;
import org.jspecify.annotations.Nullable;

/// DROP.
final class Drops {
    private final Relations relations;

    Drops(Relations relations) {
        this.relations = relations;
    }

    PlannedStatement drop(SqlDropObject drop) {
        String name = SqlNames.text(drop.name());
        String message = "DROP " + drop.kind().sql();
        if (drop.kind() == ObjectKind.TOPIC) {
            return topic(drop, name, message);
        }
        String text = relations.catalog().definitions().get(name);
        if (text == null) {
            if (drop.ifExists()) {
                return new PlannedStatement.Drop(name, null, null, true, message);
            }
            throw Problems.unknownTable(
                    name,
                    drop.name().getParserPosition().getLineNum(),
                    drop.name().getParserPosition().getColumnNum(),
                    relations.catalog().definitions().keySet());
        }
        SqlNode definition = SqlStatements.parse(text).getLast();
        ObjectKind kind = kind(definition);
        if (kind != drop.kind()) {
            throw Problems.at(
                    "wrong_kind",
                    "'" + name + "' is a " + kind.sql().toLowerCase(java.util.Locale.ROOT) + ".",
                    drop.name(),
                    "Write DROP " + kind.sql() + " " + name + ".");
        }
        refuseDependents(drop.name(), name);
        boolean query = query(definition).isPresent() && kind != ObjectKind.VIEW;
        return new PlannedStatement.Drop(
                name, query ? name : null, query ? ownTopic(definition, name) : null, false, message);
    }

    private PlannedStatement topic(SqlDropObject drop, String name, String message) {
        if (relations.catalog().inputs().topic(name).isEmpty()) {
            if (drop.ifExists()) {
                return new PlannedStatement.Drop(null, null, name, true, message);
            }
            throw Problems.at(
                    "unknown_topic",
                    "Topic '" + name + "' does not exist.",
                    drop.name(),
                    Suggestions.hint(
                            name,
                            relations.catalog().inputs().topics().stream()
                                    .map(topic -> topic.name())
                                    .toList()));
        }
        for (Map.Entry<String, String> entry : new TreeMap<>(relations.catalog().definitions()).entrySet()) {
            SqlNode definition = SqlStatements.parse(entry.getValue()).getLast();
            if (readsTopic(definition, entry.getKey(), name)) {
                throw Problems.at(
                        "has_dependents",
                        "Topic '" + name + "' is used by '" + entry.getKey() + "'.",
                        drop.name(),
                        "Write DROP " + kind(definition).sql() + " " + entry.getKey() + " first.");
            }
        }
        refuseDependents(drop.name(), name);
        return new PlannedStatement.Drop(null, null, name, false, message);
    }

    private static boolean readsTopic(SqlNode definition, String name, String topic) {
        return kind(definition) != ObjectKind.VIEW && topicOf(definition, name).equals(topic);
    }

    private static String topicOf(SqlNode definition, String name) {
        List<SqlOption> options = switch (definition) {
            case SqlCreateRelation relation -> relation.options();
            case SqlCreateView view -> view.options();
            default -> List.of(); // SqlNode is not sealed
        };
        for (SqlOption option : options) {
            if (option.key().equals("topic")) {
                return option.valueText();
            }
        }
        return name;
    }

    /// The topic of a query's results goes with the query, unless it was given a topic by name.
    private static @Nullable String ownTopic(SqlNode definition, String name) {
        return topicOf(definition, name).equals(name) ? name : null;
    }

    void refuseDependents(SqlNode place, String name) {
        List<String> dependents = new ArrayList<>();
        for (Map.Entry<String, String> entry : new TreeMap<>(relations.catalog().definitions()).entrySet()) {
            if (!entry.getKey().equals(name)
                    && query(SqlStatements.parse(entry.getValue()).getLast())
                            .map(query -> names(query).contains(name))
                            .orElse(false)) {
                dependents.add("'" + entry.getKey() + "'");
            }
        }
        if (!dependents.isEmpty()) {
            throw Problems.at(
                    "has_dependents",
                    "'" + name + "' is used by " + String.join(", ", dependents) + ".",
                    place,
                    "Drop what uses it first.");
        }
    }

    private static java.util.Set<String> names(SqlNode query) {
        QueryRewriter rewriter = QueryRewriter.overOneRelation(0);
        rewriter.rewrite(query);
        java.util.Set<String> names = new java.util.HashSet<>();
        for (String table : rewriter.tables().keySet()) {
            names.add(table.replaceFirst("\\$(late|bad)$", ""));
        }
        return names;
    }

    private static Optional<SqlNode> query(SqlNode definition) {
        return switch (definition) {
            case SqlCreateRelation relation -> Optional.ofNullable(relation.query());
            case SqlCreateView view -> Optional.of(view.query());
            default -> Optional.empty(); // SqlNode is not sealed
        };
    }

    /// What a definition is, if a query is kept running for it.
    static Optional<ObjectKind> persistentKind(String text) {
        SqlNode definition = SqlStatements.parse(text).getLast();
        ObjectKind kind = kind(definition);
        return query(definition).isPresent() && kind != ObjectKind.VIEW ? Optional.of(kind) : Optional.empty();
    }

    static Optional<String> writtenTopic(String name, String text) {
        SqlNode definition = SqlStatements.parse(text).getLast();
        return query(definition).isPresent() && kind(definition) != ObjectKind.VIEW
                ? Optional.of(topicOf(definition, name))
                : Optional.empty();
    }

    private static ObjectKind kind(SqlNode definition) {
        return switch (definition) {
            case SqlCreateView view -> view.materialized() ? ObjectKind.MATERIALIZED_VIEW : ObjectKind.VIEW;
            case io.millrace.query.parser.node.SqlCreateTable table -> ObjectKind.TABLE;
            default -> ObjectKind.STREAM; // the catalogue holds nothing else
        };
    }
}
