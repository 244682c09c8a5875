package io.millrace.query.sql;

import io.millrace.query.InputPort;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import io.millrace.query.parser.SqlStatements;
import io.millrace.query.parser.node.SqlCreateRelation;
import io.millrace.query.parser.node.SqlCreateTable;
import io.millrace.query.parser.node.SqlCreateView;
import io.millrace.query.parser.node.SqlNames;
import io.millrace.query.plan.SourceSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.calcite.sql.SqlNode;
import org.jspecify.annotations.Nullable;

/// Names to relations, for one statement: definitions are read back and topics looked at when they are first
/// named.
///
/// A definition's text may be several statements. The last one is the definition; those before it pin what it
/// reads and nobody declared, as it was when the definition was made, and hold for it alone.
final class Relations {
    private static final String LATE = "$late";
    private static final String BAD = "$bad";

    private final Planning planning;
    private final Catalog catalog;
    private final Map<String, SqlCreateRelation> pins;
    private final Map<String, Optional<Relation>> found = new HashMap<>();

    Relations(Planning planning, Catalog catalog) {
        this(planning, catalog, Map.of());
    }

    private Relations(Planning planning, Catalog catalog, Map<String, SqlCreateRelation> pins) {
        this.planning = planning;
        this.catalog = catalog;
        this.pins = pins;
    }

    Catalog catalog() {
        return catalog;
    }

    Planning planning() {
        return planning;
    }

    Optional<Relation> find(String name) {
        Optional<Relation> known = found.get(name);
        if (known == null) {
            known = Optional.ofNullable(look(name));
            found.put(name, known);
        }
        return known;
    }

    /// Whether the name is taken by a definition.
    boolean isDefined(String name) {
        return catalog.definitions().containsKey(name);
    }

    /// Every name that could stand in FROM.
    Collection<String> names() {
        TreeSet<String> names = new TreeSet<>(catalog.definitions().keySet());
        for (InputPort.InputTopic topic : catalog.inputs().topics()) {
            if (!topic.name().startsWith("_")) {
                names.add(topic.name());
            }
        }
        names.addAll(pins.keySet());
        return names;
    }

    /// Bare topics that were looked at, with what was inferred.
    List<Relation.Stored> inferred() {
        List<Relation.Stored> list = new ArrayList<>();
        for (Optional<Relation> relation : found.values()) {
            if (relation.orElse(null) instanceof Relation.Stored stored
                    && stored.kind() == Relation.Kind.TOPIC
                    && stored.side() == SourceSpec.Side.GOOD) {
                list.add(stored);
            }
        }
        list.sort(java.util.Comparator.comparing(Relation.Stored::name));
        return list;
    }

    /// Names of columns of everything that was looked up, for "did you mean".
    Collection<String> columnNames() {
        TreeSet<String> names = new TreeSet<>();
        for (Optional<Relation> relation : found.values()) {
            relation.ifPresent(present -> present.fields().forEach(field -> names.add(field.name())));
        }
        return names;
    }

    private @Nullable Relation look(String name) {
        SqlCreateRelation pin = pins.get(name);
        if (pin != null) {
            return Declarations.stored(pin, this, Definitions.text(pin), Relation.Kind.TOPIC);
        }
        if (name.endsWith(LATE) || name.endsWith(BAD)) {
            return aside(name);
        }
        String text = catalog.definitions().get(name);
        if (text != null) {
            return defined(name, text);
        }
        return catalog.inputs().topic(name).map(this::bare).orElse(null);
    }

    /// The rows of a stream that were set aside, as a stream; of a query, those that it could not evaluate.
    private @Nullable Relation aside(String name) {
        boolean late = name.endsWith(LATE);
        String base = name.substring(0, name.length() - (late ? LATE : BAD).length());
        Relation known = find(base).orElse(null);
        if (!late && known instanceof Relation.View view) {
            return new Relation.Failing(name, view.scope(), view.definition());
        }
        if (!late && known instanceof Relation.Stored written && written.writer() != null) {
            return new Relation.Failing(name, scopeOf(SqlStatements.parse(written.definition())), written.definition());
        }
        if (!(known instanceof Relation.Stored stored)
                || (late && stored.watermark() == null)
                || stored.side() != SourceSpec.Side.GOOD) {
            return null;
        }
        List<Relation.Field> fields = new ArrayList<>();
        List<Relation.Field> hidden = new ArrayList<>();
        if (late) {
            stored.fields().stream().filter(field -> !field.isComputed()).forEach(fields::add);
            fields.addAll(List.of(
                    PseudoColumns.REASON, PseudoColumns.WATERMARK, PseudoColumns.PARTITION, PseudoColumns.OFFSET));
            hidden.addAll(PseudoColumns.ALL);
            hidden.removeAll(fields);
        } else {
            fields.addAll(List.of(PseudoColumns.REASON, PseudoColumns.PARTITION, PseudoColumns.OFFSET));
            fields.addAll(List.of(PseudoColumns.TIMESTAMP, PseudoColumns.KEY, PseudoColumns.VALUE));
            hidden.addAll(PseudoColumns.ALL);
            hidden.removeAll(fields);
        }
        return new Relation.Stored(
                name,
                Relation.Kind.STREAM,
                List.copyOf(fields),
                List.copyOf(hidden),
                stored.topic(),
                stored.format(),
                stored.options(),
                late ? stored.watermark() : null,
                late ? SourceSpec.Side.LATE : SourceSpec.Side.BAD,
                List.of(),
                stored.inferred(),
                stored.declared(),
                true,
                null,
                "");
    }

    private Relation defined(String name, String text) {
        List<SqlNode> statements = SqlStatements.parse(text);
        SqlNode last = statements.getLast();
        Relations scope = scopeOf(statements);
        return switch (last) {
            case SqlCreateRelation create -> {
                SqlNode query = create.query();
                Relation.Kind kind = create instanceof SqlCreateTable ? Relation.Kind.TABLE : Relation.Kind.STREAM;
                yield query == null
                        ? Declarations.stored(create, scope, text, kind)
                        : planning.guarded(name, query, () -> Declarations.written(create, query, scope, text, kind));
            }
            case SqlCreateView view
            when view.materialized() ->
                planning.guarded(name, view.query(), () -> Declarations.materialized(view, scope, text));
            case SqlCreateView view -> planning.guarded(name, view.query(), () -> Declarations.view(view, scope, text));
            default ->
                throw new io.millrace.query.SqlException(
                        "corrupt_catalog", "The definition of '" + name + "' cannot be read: " + text);
        };
    }

    /// Where the names in the last of the statements are looked up.
    Relations scopeOf(List<SqlNode> statements) {
        if (statements.size() == 1) {
            return this;
        }
        Map<String, SqlCreateRelation> local = new LinkedHashMap<>(pins);
        for (SqlNode statement : statements.subList(0, statements.size() - 1)) {
            SqlCreateRelation pin = (SqlCreateRelation) statement;
            local.put(SqlNames.text(pin.name()), pin);
        }
        return new Relations(planning, catalog, local);
    }

    private Relation bare(InputPort.InputTopic topic) {
        List<ColumnInfo> columns = planning.inference().infer(catalog.inputs(), topic);
        boolean table = topic.name().startsWith("kv.");
        List<Relation.Field> fields = new ArrayList<>();
        List<Relation.Field> hidden = new ArrayList<>(PseudoColumns.ALL);
        if (table) {
            fields.add(PseudoColumns.KEY);
            hidden.remove(PseudoColumns.KEY);
        }
        SourceSpec.Format format = SourceSpec.Format.JSON;
        if (columns.isEmpty()) {
            format = SourceSpec.Format.TEXT;
            fields.add(new Relation.Field(
                    "value", ColumnType.of(SqlType.VARCHAR), SourceSpec.Origin.FIELD, List.of("value"), null));
            planning.notice("Topic '" + topic.name()
                    + "' holds no JSON objects that columns could be inferred from: its records are shown as text in"
                    + " column 'value'.");
        } else {
            for (ColumnInfo column : columns) {
                if (PseudoColumns.NAMES.contains(column.name())) {
                    continue; // reachable as _value; the record's own fields must not shadow the log's
                }
                fields.add(new Relation.Field(
                        column.name(),
                        column.type().withNullable(true),
                        SourceSpec.Origin.FIELD,
                        List.of(column.name()),
                        null));
            }
            planning.notice("Columns of topic '" + topic.name()
                    + "' were inferred from its newest records; CREATE STREAM pins them.");
        }
        return new Relation.Stored(
                topic.name(),
                Relation.Kind.TOPIC,
                List.copyOf(fields),
                List.copyOf(hidden),
                topic.name(),
                format,
                Map.of(),
                null,
                SourceSpec.Side.GOOD,
                table ? List.of("_key") : List.of(),
                !columns.isEmpty(),
                fields.stream()
                        .filter(field -> field.origin() == SourceSpec.Origin.FIELD)
                        .toList(),
                !table,
                null,
                "");
    }
}
