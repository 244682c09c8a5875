package io.millrace.query.sql;

import io.millrace.query.CatalogEntry;
import io.millrace.query.InputPort;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.parser.node.SqlDescribe;
import io.millrace.query.parser.node.SqlNames;
import io.millrace.query.parser.node.SqlShow;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// SHOW and DESCRIBE.
final class Listings {
    private final Relations relations;

    Listings(Relations relations) {
        this.relations = relations;
    }

    static PlannedStatement.Rows text(String column, List<String> lines, List<String> notices) {
        return rows(List.of(column), lines.stream().map(List::of).toList(), notices);
    }

    /// Rows of texts; a null is NULL.
    static PlannedStatement.Rows rows(
            List<String> columns, List<? extends List<? extends @Nullable String>> rows, List<String> notices) {
        return typed(
                columns.stream()
                        .map(name -> new ColumnInfo(name, ColumnType.of(SqlType.VARCHAR)))
                        .toList(),
                rows,
                notices);
    }

    /// Rows of texts and longs.
    static PlannedStatement.Rows typed(
            List<ColumnInfo> columns, List<? extends List<? extends @Nullable Object>> rows, List<String> notices) {
        Batch batch = new Batch(new Schema(columns));
        for (List<? extends @Nullable Object> row : rows) {
            List<@Nullable Object> values = new ArrayList<>();
            for (Object value : row) {
                values.add(value instanceof String text ? text.getBytes(StandardCharsets.UTF_8) : value);
            }
            batch.appendValues(values, 1);
        }
        return new PlannedStatement.Rows(batch, notices);
    }

    PlannedStatement show(SqlShow show) {
        Pattern pattern = like(show.pattern());
        return switch (show.kind()) {
            case STREAMS -> definitions(pattern, List.of(Relation.Kind.STREAM));
            case TABLES -> definitions(pattern, List.of(Relation.Kind.TABLE));
            case VIEWS -> definitions(pattern, List.of(Relation.Kind.VIEW, Relation.Kind.MATERIALIZED_VIEW));
            case TOPICS -> topics(pattern);
            case QUERIES -> new PlannedStatement.ShowQueries();
            case FUNCTIONS ->
                rows(
                        List.of("name"),
                        matching(Dialect.functionNames(), pattern).stream()
                                .map(List::of)
                                .toList(),
                        List.of());
            case ALL -> {
                List<List<String>> settings = new ArrayList<>();
                for (Map.Entry<String, String> entry : SessionSettings.effective(
                                relations.planning().session().settings())
                        .entrySet()) {
                    if (pattern.matcher(entry.getKey()).matches()) {
                        settings.add(List.of(entry.getKey(), entry.getValue()));
                    }
                }
                yield rows(List.of("name", "value"), settings, List.of());
            }
        };
    }

    private static List<String> matching(Collection<String> names, Pattern pattern) {
        return names.stream().filter(name -> pattern.matcher(name).matches()).toList();
    }

    /// Everything that can stand in FROM. What cannot be read (its topic is gone, what it reads was dropped) is
    /// listed without columns.
    List<CatalogEntry> entries() {
        List<CatalogEntry> entries = new ArrayList<>();
        for (String name : relations.names()) {
            try {
                relations.find(name).ifPresent(relation -> entries.add(entry(relation)));
            } catch (SqlException unreadable) {
                entries.add(new CatalogEntry(
                        name,
                        "unreadable",
                        "",
                        List.of(),
                        relations.catalog().definitions().getOrDefault(name, "")));
            }
        }
        return entries;
    }

    Optional<CatalogEntry> find(String name) {
        return relations.find(name).map(Listings::entry);
    }

    private static CatalogEntry entry(Relation relation) {
        return new CatalogEntry(
                relation.name(),
                relation.kind().word(),
                relation instanceof Relation.Stored stored ? stored.topic() : "",
                relation.fields().stream()
                        .map(field -> new ColumnInfo(field.name(), field.type()))
                        .toList(),
                relation.definition());
    }

    private static Pattern like(@Nullable String pattern) {
        if (pattern == null) {
            return Pattern.compile(".*", Pattern.DOTALL);
        }
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            switch (c) {
                case '%' -> regex.append(".*");
                case '_' -> regex.append('.');
                default -> regex.append(Pattern.quote(Character.toString(c)));
            }
        }
        return Pattern.compile(regex.toString(), Pattern.DOTALL | Pattern.CASE_INSENSITIVE);
    }

    private PlannedStatement definitions(Pattern pattern, List<Relation.Kind> kinds) {
        List<List<String>> rows = new ArrayList<>();
        for (String name : matching(
                new java.util.TreeSet<>(relations.catalog().definitions().keySet()), pattern)) {
            Relation relation = relations.find(name).orElse(null);
            if (relation == null || !kinds.contains(relation.kind())) {
                continue;
            }
            rows.add(List.of(
                    name,
                    relation.kind().word(),
                    relation instanceof Relation.Stored stored ? stored.topic() : "",
                    relation.definition()));
        }
        return rows(List.of("name", "kind", "topic", "definition"), rows, List.of());
    }

    private PlannedStatement topics(Pattern pattern) {
        List<List<Object>> rows = new ArrayList<>();
        List<InputPort.InputTopic> topics =
                new ArrayList<>(relations.catalog().inputs().topics());
        topics.sort(Comparator.comparing(InputPort.InputTopic::name));
        for (InputPort.InputTopic topic : topics) {
            if (!topic.name().startsWith("_") && pattern.matcher(topic.name()).matches()) {
                long offsets = 0; // markers of idle partitions take one too, and compaction leaves gaps
                for (int partition = 0; partition < topic.partitions(); partition++) {
                    offsets += relations.catalog().inputs().endOffset(topic.name(), partition)
                            - relations.catalog().inputs().earliestOffset(topic.name(), partition);
                }
                rows.add(List.of(topic.name(), (long) topic.partitions(), offsets));
            }
        }
        return typed(
                List.of(
                        new ColumnInfo("name", ColumnType.of(SqlType.VARCHAR)),
                        new ColumnInfo("partitions", ColumnType.of(SqlType.INTEGER)),
                        new ColumnInfo("offsets", ColumnType.of(SqlType.BIGINT))),
                rows,
                List.of());
    }

    /// One row for each column: its name, type, and what is to be said of it.
    PlannedStatement describe(SqlDescribe describe) {
        String name = SqlNames.text(describe.name());
        Relation relation = relations
                .find(name)
                .orElseThrow(() -> Problems.unknownTable(
                        name,
                        describe.name().getParserPosition().getLineNum(),
                        describe.name().getParserPosition().getColumnNum(),
                        relations.names()));
        List<List<@Nullable String>> rows = new ArrayList<>();
        for (Relation.Field field : relation.fields()) {
            rows.add(row(relation, field, false));
        }
        if (relation instanceof Relation.Stored stored) {
            for (Relation.Field field : stored.hidden()) {
                rows.add(row(relation, field, true));
            }
        }
        List<String> notices = new ArrayList<>(relations.planning().notices());
        notices.add(summary(relation));
        return rows(List.of("column", "type", "notes"), rows, notices);
    }

    private static List<@Nullable String> row(Relation relation, Relation.Field field, boolean hidden) {
        List<String> notes = new ArrayList<>();
        if (relation instanceof Relation.Stored stored) {
            if (stored.key().contains(field.name())) {
                notes.add("primary key");
            }
            Relation.Watermark watermark = stored.watermark();
            if (watermark != null && watermark.column().equals(field.name())) {
                notes.add("watermark - " + Explain.duration(watermark.delayMs()));
            }
            if (stored.inferred() && !hidden && field.origin() == io.millrace.query.plan.SourceSpec.Origin.FIELD) {
                notes.add("inferred");
            }
        }
        var computed = field.computed();
        if (computed != null) {
            notes.add("computed: " + Definitions.text(computed));
        }
        if (hidden) {
            notes.add("not in SELECT *");
        }
        return List.of(field.name(), field.type().toString(), String.join(", ", notes));
    }

    private static String summary(Relation relation) {
        return switch (relation) {
            case Relation.Failing failing ->
                "Rows that cannot be evaluated, computed from the log: " + failing.definition();
            case Relation.View view -> "View '" + view.name() + "': " + view.definition();
            case Relation.Stored stored -> {
                String kind = stored.kind().word();
                yield Character.toUpperCase(kind.charAt(0)) + kind.substring(1) + " '" + stored.name()
                        + "' over topic '" + stored.topic() + "', format "
                        + stored.format().name().toLowerCase(Locale.ROOT) + ".";
            }
        };
    }
}
