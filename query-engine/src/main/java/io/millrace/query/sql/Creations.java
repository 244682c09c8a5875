package io.millrace.query.sql;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.parser.node.ObjectKind;
import io.millrace.query.parser.node.SqlCreateRelation;
import io.millrace.query.parser.node.SqlCreateTable;
import io.millrace.query.parser.node.SqlCreateView;
import io.millrace.query.parser.node.SqlEmit;
import io.millrace.query.parser.node.SqlFragment;
import io.millrace.query.parser.node.SqlNames;
import io.millrace.query.parser.node.SqlOption;
import io.millrace.query.parser.node.SqlWatermark;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.util.SqlBasicVisitor;
import org.jspecify.annotations.Nullable;

/// CREATE statements.
final class Creations {
    private static final int PARTITIONS_DEFAULT = 8;

    private final Relations relations;
    private final Planning planning;
    private final Optimizer.Witness witness;

    Creations(Relations relations, Optimizer.Witness witness) {
        this.relations = relations;
        this.planning = relations.planning();
        this.witness = witness;
    }

    PlannedStatement relation(SqlCreateRelation create) {
        boolean table = create instanceof SqlCreateTable;
        String word = table ? "TABLE" : "STREAM";
        String name = checkedName(create.name(), word);
        SqlNode query = create.query();
        boolean exists = exists(
                create.name(),
                create.replace(),
                create.ifNotExists(),
                query == null ? null : table ? ObjectKind.TABLE : ObjectKind.STREAM);
        refuseParameters(query);
        if (query != null) {
            return written(create, query, name, word, exists);
        }
        Relation.Kind kind = table ? Relation.Kind.TABLE : Relation.Kind.STREAM;
        SqlCreateRelation pinned = withColumns(create, kind);
        Relation.Stored stored = Declarations.stored(pinned, relations, "", kind);
        Map<String, String> options = Declarations.options(create.options());
        String text = Definitions.text(canonical(pinned, pinned.options(), null, null));
        return new PlannedStatement.Create(
                name, text, stored.topic(), partitions(options), table, exists, "CREATE " + word);
    }

    /// `CREATE STREAM s WITH (topic = 't')` takes over the columns that are inferred now.
    private SqlCreateRelation withColumns(SqlCreateRelation create, Relation.Kind kind) {
        Map<String, String> options = Declarations.options(create.options());
        if (!create.columns().isEmpty()
                || !options.getOrDefault("format", "json").equals("json")) {
            return create;
        }
        String topic = options.getOrDefault("topic", SqlNames.text(create.name()));
        var present = relations.catalog().inputs().topic(topic);
        List<ColumnInfo> columns = present.isEmpty()
                ? List.of()
                : planning.inference().infer(relations.catalog().inputs(), present.get());
        if (columns.isEmpty()) {
            return create;
        }
        planning.notice("Columns were taken from the newest records of topic '" + topic + "'.");
        StringBuilder declaration = new StringBuilder("CREATE ")
                .append(kind == Relation.Kind.TABLE ? "TABLE" : "STREAM")
                .append(" x (");
        declaration.append(columns.stream()
                .map(column -> Types.quoted(column.name()) + " " + Types.sql(column.type()))
                .collect(Collectors.joining(", ")));
        SqlCreateRelation inferred = (SqlCreateRelation) io.millrace.query.parser.SqlStatements.parse(
                        declaration.append(")").toString())
                .getFirst();
        List<SqlNode> elements = new ArrayList<>(inferred.elements());
        elements.addAll(create.elements());
        return rebuilt(create, elements, create.options(), null, null);
    }

    private String checkedName(SqlIdentifier name, String word) {
        String text = SqlNames.text(name);
        if (!text.matches("[A-Za-z0-9._-]{1,249}") || text.equals(".") || text.equals("..")) {
            throw Problems.at(
                    "invalid_name",
                    "'" + text + "' cannot be the name of a " + word.toLowerCase(java.util.Locale.ROOT) + ".",
                    name,
                    "Letters, digits, '.', '_' and '-', at most 249 of them.");
        }
        if (text.startsWith("_")) {
            throw Problems.at("invalid_name", "Names that start with '_' belong to the system.", name, null);
        }
        return text;
    }

    /// @param keptRunning what the statement makes, if a query is kept running for it
    /// @return whether the statement has nothing to do
    private boolean exists(SqlIdentifier name, boolean replace, boolean ifNotExists, @Nullable ObjectKind keptRunning) {
        String text = SqlNames.text(name);
        if (!relations.isDefined(text)) {
            return false;
        }
        if (replace) {
            refuseReplacingResults(name, text, keptRunning);
            return false;
        }
        if (ifNotExists) {
            return true;
        }
        throw Problems.at(
                "already_exists",
                "'" + text + "' exists already.",
                name,
                "Write CREATE OR REPLACE, or IF NOT EXISTS, or DROP it first.");
    }

    /// The results of the old query are in the topic, and what reads them has seen them: another query of the same
    /// kind may take over, nothing else.
    private void refuseReplacingResults(SqlIdentifier name, String text, @Nullable ObjectKind keptRunning) {
        Optional<ObjectKind> old =
                Drops.persistentKind(relations.catalog().definitions().getOrDefault(text, ""));
        if (old.isEmpty()) {
            return;
        }
        ObjectKind kind = old.get();
        if (kind != keptRunning) {
            throw Problems.at(
                    "wrong_kind",
                    "'" + text + "' is a " + kind.sql().toLowerCase(java.util.Locale.ROOT)
                            + " that a query keeps up to date; only another query can take its place.",
                    name,
                    "Write CREATE OR REPLACE " + kind.sql() + " " + text + " AS …, or DROP " + kind.sql() + " " + text
                            + " first; that deletes its results.");
        }
        if (kind != ObjectKind.STREAM) { // its topic is made again
            new Drops(relations).refuseDependents(name, text);
        }
    }

    /// A stream that is replaced keeps its records, so they must still be readable.
    private void refuseOtherColumns(SqlCreateRelation create, String name, Schema columns, String topic) {
        if (!create.replace() || !(relations.find(name).orElse(null) instanceof Relation.Stored old)) {
            return;
        }
        for (Relation.Field field : old.fields()) {
            int index = columns.indexOf(field.name());
            ColumnType type = index < 0 ? null : columns.type(index);
            boolean fits = type != null
                    && type.toString().equals(field.type().toString())
                    && (type.nullable() || !field.type().nullable());
            if (!fits) {
                throw Problems.at(
                        "incompatible_columns",
                        "The stream '%s' has a column '%s' of type %s, and its records stay; the new query %s."
                                .formatted(
                                        name,
                                        field.name(),
                                        described(field.type()),
                                        type == null ? "has no such column" : "makes it " + described(type)),
                        create.name(),
                        "Keep the column as it is (CAST it, or rename the new one), or DROP STREAM " + name
                                + " first.");
            }
        }
        for (ColumnInfo column : columns.columns()) {
            boolean known = old.fields().stream().anyMatch(field -> field.name().equals(column.name()));
            if (!known && !column.type().nullable()) {
                throw Problems.at(
                        "incompatible_columns",
                        "The records that stream '%s' holds have no column '%s', which is NOT NULL in the new query."
                                .formatted(name, column.name()),
                        create.name(),
                        "Make it nullable: NULLIF(…, NULL), or DROP STREAM " + name + " first.");
            }
        }
        if (!old.topic().equals(topic)) {
            throw Problems.at(
                    "incompatible_columns",
                    "The stream '%s' is in topic '%s'; it cannot move to '%s' with its records."
                            .formatted(name, old.topic(), topic),
                    create.name(),
                    "Keep the option topic, or DROP STREAM " + name + " first.");
        }
    }

    private static String described(ColumnType type) {
        return type + (type.nullable() ? "" : " NOT NULL");
    }

    private static void refuseParameters(@Nullable SqlNode query) {
        if (query == null) {
            return;
        }
        query.accept(new SqlBasicVisitor<Void>() {
            @Override
            public @Nullable Void visit(SqlDynamicParam parameter) {
                throw Problems.unsupported(
                        "A definition cannot have parameters: it is kept as text",
                        parameter.getParserPosition(),
                        "Write the value into the statement.");
            }
        });
    }

    private static int partitions(Map<String, String> options) {
        String value = options.get("partitions");
        return value == null ? PARTITIONS_DEFAULT : Integer.parseInt(value);
    }

    // ---- queries that are kept running

    private PlannedStatement written(
            SqlCreateRelation create, SqlNode query, String name, String word, boolean exists) {
        boolean table = create instanceof SqlCreateTable;
        if (!create.columns().isEmpty()) {
            throw Problems.at(
                    "unexpected_columns",
                    "The columns of a " + word + " AS come from its query.",
                    create.columns().getFirst(),
                    "Rename or cast them in the query; only WATERMARK and PRIMARY KEY may stand here.");
        }
        Map<String, String> options = Declarations.options(create.options());
        PlannedStatement.Query planned = keptRunning(name, query, create.emit());
        List<Relation.Field> fields = Declarations.fields(planned.schema(), List.of());
        boolean appendOnly = PlanShape.of(planned.plan()).appendOnly(planned.plan());
        int[] key = new int[0];
        if (table) {
            key = create.primaryKey().isEmpty()
                    ? derivedKey(planned).orElseThrow(() -> noKey(create))
                    : declaredKey(create, planned.schema());
        } else if (!appendOnly) {
            throw Problems.at(
                    "not_append_only",
                    "The result of the query does not only grow: rows would have to be taken back, which a stream"
                            + " cannot do.",
                    query,
                    "Add EMIT FINAL to get each window once, or CREATE MATERIALIZED VIEW " + name + " AS ….");
        }
        QueryPlanner.refuseUnbounded(planned, options.containsKey("unbounded"), table, query.getParserPosition());
        List<SqlOption> extended = pinned(create.options());
        if (table) {
            extended.add(option(Declarations.KEY_OPTION, keyText(key, planned.schema())));
        }
        if (appendOnly) {
            extended.add(option(Declarations.APPEND_OPTION, "true"));
        }
        List<SqlNode> watermarks = new ArrayList<>(create.watermarks());
        SqlCreateRelation whole = rebuilt(create, watermarks, extended, create.query(), create.emit());
        // refuses a watermark that the result does not have
        planning.continuous(true);
        Declarations.written(
                whole, Copies.deep(query), relations, "", table ? Relation.Kind.TABLE : Relation.Kind.STREAM);
        if (fields.isEmpty()) {
            throw new IllegalStateException("a query without columns: " + name);
        }
        String text = withPins(Definitions.text(whole));
        String topic = options.getOrDefault("topic", name);
        if (!table) {
            refuseOtherColumns(create, name, planned.schema(), topic);
        }
        PlannedStatement.Create definition =
                new PlannedStatement.Create(name, text, topic, partitions(options), table, exists, "CREATE " + word);
        return new PlannedStatement.CreateQuery(
                definition, name, planned, key, appendOnly, !table, failsOnError(extended));
    }

    private static RuntimeException noKey(SqlCreateRelation create) {
        return Problems.at(
                "missing_primary_key",
                "A table needs a primary key, and none follows from the query: its rows may repeat.",
                create.name(),
                "Group by the key, or name it: CREATE TABLE t (PRIMARY KEY (a)) AS ….");
    }

    private static Optional<int[]> derivedKey(PlannedStatement.Query query) {
        return UniqueKeys.of(query.plan())
                .filter(key -> Arrays.stream(key)
                        .allMatch(column -> column < query.schema().size()));
    }

    private static int[] declaredKey(SqlCreateRelation create, Schema schema) {
        List<SqlIdentifier> names = create.primaryKey();
        int[] key = new int[names.size()];
        for (int i = 0; i < key.length; i++) {
            key[i] = schema.indexOf(names.get(i).getSimple());
            if (key[i] < 0) {
                throw Problems.at(
                        "unknown_column",
                        "The query has no column '" + names.get(i).getSimple() + "'.",
                        names.get(i),
                        Suggestions.hint(
                                names.get(i).getSimple(),
                                schema.columns().stream().map(ColumnInfo::name).toList()));
            }
        }
        return key;
    }

    private static String keyText(int[] key, Schema schema) {
        return KeyNames.write(Arrays.stream(key).mapToObj(schema::name).toList());
    }

    private PlannedStatement.Query keptRunning(String name, SqlNode query, @Nullable SqlEmit emit) {
        planning.continuous(true);
        return planning.guarded(
                name,
                query,
                () -> new QueryPlanner(relations, witness)
                        .plan(Copies.deep(query), QueryPlanner.emit(emit, true), emit, null));
    }

    /// The definition behind declarations of everything that was inferred for it.
    private String withPins(String text) {
        StringBuilder all = new StringBuilder();
        for (Relation.Stored topic : relations.inferred()) {
            if (topic.key().isEmpty()) {
                all.append(Definitions.pin(topic)).append(";\n");
            }
        }
        return all.append(text).toString();
    }

    PlannedStatement view(SqlCreateView create) {
        String word = create.materialized() ? "MATERIALIZED VIEW" : "VIEW";
        String name = checkedName(create.name(), word);
        boolean exists = exists(
                create.name(),
                create.replace(),
                create.ifNotExists(),
                create.materialized() ? ObjectKind.MATERIALIZED_VIEW : null);
        refuseParameters(create.query());
        return create.materialized() ? materialized(create, name, exists) : view(create, name, exists);
    }

    private PlannedStatement view(SqlCreateView create, String name, boolean exists) {
        SqlEmit emit = create.emit();
        if (emit != null) {
            throw Problems.unsupported(
                    "A view is only a name for a query: EMIT belongs to the statement that reads it",
                    emit.getParserPosition(),
                    "Leave EMIT out, or CREATE MATERIALIZED VIEW.");
        }
        if (!create.options().isEmpty()) {
            throw Problems.at(
                    "unknown_option",
                    "A view has no options.",
                    create.options().getFirst().keyPosition(),
                    null);
        }
        Relation.View view = planning.guarded(name, create.query(), () -> Declarations.view(create, relations, ""));
        if (view.fields().isEmpty()) {
            throw new IllegalStateException("a view without columns: " + name);
        }
        String text = Definitions.text(rebuilt(create, List.of()));
        return new PlannedStatement.Create(name, text, null, 0, false, exists, "CREATE VIEW");
    }

    private PlannedStatement materialized(SqlCreateView create, String name, boolean exists) {
        Map<String, String> options = Declarations.options(create.options());
        PlannedStatement.Query planned = keptRunning(name, create.query(), create.emit());
        List<Relation.Field> fields = Declarations.fields(planned.schema(), create.columnNames());
        QueryPlanner.refuseUnbounded(
                planned, options.containsKey("unbounded"), true, create.query().getParserPosition());
        Schema named = new Schema(fields.stream()
                .map(field -> new ColumnInfo(field.name(), field.type()))
                .toList());
        planned = new PlannedStatement.Query(
                planned.plan(),
                named,
                planned.order(),
                planned.offset(),
                planned.fetch(),
                planned.emit(),
                planned.asOf(),
                planned.notices());
        Optional<int[]> unique = derivedKey(planned);
        int[] all = new int[named.size()];
        Arrays.setAll(all, i -> i);
        List<SqlOption> extended = pinned(create.options());
        unique.ifPresent(key -> extended.add(option(Declarations.KEY_OPTION, keyText(key, named))));
        String text = withPins(Definitions.text(rebuilt(create, extended)));
        PlannedStatement.Create definition = new PlannedStatement.Create(
                name,
                text,
                options.getOrDefault("topic", name),
                partitions(options),
                unique.isPresent(),
                exists,
                "CREATE MATERIALIZED VIEW");
        boolean appendOnly = PlanShape.of(planned.plan()).appendOnly(planned.plan());
        return new PlannedStatement.CreateQuery(
                definition, name, planned, unique.orElse(all), appendOnly, false, failsOnError(extended));
    }

    /// The options of a persistent query, with what the session says and they do not: the query outlives the
    /// session.
    private List<SqlOption> pinned(List<SqlOption> options) {
        List<SqlOption> extended = new ArrayList<>(options);
        if ("fail".equals(planning.session().settings().get(Declarations.ON_ERROR))
                && options.stream().noneMatch(option -> option.key().equals(Declarations.ON_ERROR))) {
            extended.add(option(Declarations.ON_ERROR, "fail"));
        }
        return extended;
    }

    private static boolean failsOnError(List<SqlOption> options) {
        return options.stream()
                .anyMatch(option -> option.key().equals(Declarations.ON_ERROR)
                        && option.valueText().equals("fail"));
    }

    // ---- canonical statements

    private static SqlOption option(String key, String value) {
        return SqlOption.of(
                SqlLiteral.createCharString(key, SqlParserPos.ZERO),
                SqlLiteral.createCharString(value, SqlParserPos.ZERO));
    }

    private static SqlCreateRelation canonical(
            SqlCreateRelation create, List<SqlOption> options, @Nullable SqlNode query, @Nullable SqlEmit emit) {
        return rebuilt(create, List.copyOf(create.elements()), options, query, emit);
    }

    private static SqlCreateRelation rebuilt(
            SqlCreateRelation create,
            List<? extends SqlNode> elements,
            List<SqlOption> options,
            @Nullable SqlNode query,
            @Nullable SqlEmit emit) {
        return SqlCreateRelation.of(
                create.getParserPosition(),
                create instanceof SqlCreateTable ? ObjectKind.TABLE : ObjectKind.STREAM,
                false,
                false,
                create.name(),
                list(elements),
                list(options),
                query,
                emit);
    }

    private static SqlCreateView rebuilt(SqlCreateView create, List<SqlOption> options) {
        SqlNodeList names = create.columnNames().isEmpty() ? null : list(create.columnNames());
        return SqlCreateView.of(
                create.getParserPosition(),
                false,
                create.materialized(),
                false,
                create.name(),
                names,
                list(options),
                create.query(),
                create.emit());
    }

    private static SqlNodeList list(List<? extends SqlNode> nodes) {
        return new SqlNodeList(nodes, SqlParserPos.ZERO);
    }

    static boolean isWatermark(SqlFragment element) {
        return element instanceof SqlWatermark;
    }
}
