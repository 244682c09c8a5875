package io.millrace.query.sql;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.parser.node.SqlColumn;
import io.millrace.query.parser.node.SqlCreateRelation;
import io.millrace.query.parser.node.SqlCreateTable;
import io.millrace.query.parser.node.SqlCreateView;
import io.millrace.query.parser.node.SqlNames;
import io.millrace.query.parser.node.SqlOption;
import io.millrace.query.parser.node.SqlWatermark;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.plan.SourceSpec.Format;
import io.millrace.query.plan.SourceSpec.Origin;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlIntervalLiteral;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.parser.SqlParserUtil;
import org.jspecify.annotations.Nullable;

/// Reads declarations: what a CREATE statement says, checked, as a [Relation].
final class Declarations {
    static final String KEY_OPTION = "key";
    static final String APPEND_OPTION = "append_only";
    static final String ON_ERROR = "on_error";
    private static final List<String> OPTIONS = List.of(
            "topic", "format", "partitions", "unbounded", "delimiter", "null", ON_ERROR, KEY_OPTION, APPEND_OPTION);
    private static final List<String> FORMATS = List.of("json", "csv", "text", "bytes");
    private static final int PARTITIONS_MAX = 100_000;

    private Declarations() {}

    /// A stream or table that others write.
    static Relation.Stored stored(SqlCreateRelation create, Relations scope, String text, Relation.Kind kind) {
        String name = SqlNames.text(create.name());
        Map<String, String> options = options(create.options());
        Format format = format(create.options());
        List<Relation.Field> fields = new ArrayList<>();
        List<SqlColumn> computed = new ArrayList<>();
        int place = 0;
        for (SqlColumn column : create.columns()) {
            String columnName = column.name().getSimple();
            refuseReserved(column.name());
            for (Relation.Field other : fields) {
                if (other.name().equals(columnName)) {
                    throw Problems.at(
                            "duplicate_column", "Column '" + columnName + "' is declared twice.", column.name(), null);
                }
            }
            SqlNode expression = column.expression();
            if (column.defaultValue() != null) {
                throw Problems.unsupported(
                        "DEFAULT is not supported yet",
                        column.defaultValue().getParserPosition(),
                        "A field that is missing in a record is NULL; use COALESCE in the query.");
            }
            if (expression != null) {
                fields.add(new Relation.Field(
                        columnName, ColumnType.of(SqlType.NULL), Origin.FIELD, List.of(), expression));
                computed.add(column);
                continue;
            }
            var spec = column.type();
            if (spec == null) {
                throw Problems.at(
                        "missing_type",
                        "Column '" + columnName + "' has no type.",
                        column.name(),
                        "For instance: " + columnName + " VARCHAR.");
            }
            ColumnType type = new QueryCompiler(scope).type(spec);
            fields.add(new Relation.Field(
                    columnName,
                    type.withNullable(true),
                    Origin.FIELD,
                    List.of(format == Format.CSV ? Integer.toString(place) : columnName),
                    null));
            place++;
        }
        fields = formatFields(create, format, fields);
        String topic = options.getOrDefault("topic", name);
        if (fields.isEmpty()) {
            throw Problems.at(
                    "missing_columns",
                    "'" + name + "' has no columns, and none could be inferred from topic '" + topic + "'.",
                    create.name(),
                    "Declare them: CREATE STREAM " + name + " (id BIGINT, name VARCHAR) WITH (topic = '" + topic
                            + "').");
        }
        List<String> key = key(create, fields);
        boolean table = create instanceof SqlCreateTable || !key.isEmpty();
        if (create instanceof SqlCreateTable && key.isEmpty()) {
            throw Problems.at(
                    "missing_primary_key",
                    "A table needs a primary key: a record replaces the row with the same key.",
                    create.name(),
                    "Write PRIMARY KEY behind a column, or CREATE STREAM for rows that only grow.");
        }
        if (!(create instanceof SqlCreateTable) && !key.isEmpty()) {
            throw Problems.at(
                    "unexpected_primary_key",
                    "A stream has no primary key: its rows only grow.",
                    create.primaryKey().getFirst(),
                    "Write CREATE TABLE for rows that replace each other by key.");
        }
        Relation.Watermark watermark = watermark(create, fields);
        Relation.Stored raw = new Relation.Stored(
                name,
                kind,
                List.copyOf(fields),
                hidden(fields),
                topic,
                format,
                formatOptions(options),
                null,
                SourceSpec.Side.GOOD,
                key,
                false,
                fromRecords(fields),
                !table,
                null,
                text);
        fields = typed(raw, fields, computed, scope);
        if (watermark != null) {
            checkTime(create, fields, watermark);
        }
        return new Relation.Stored(
                name,
                kind,
                List.copyOf(fields),
                hidden(fields),
                topic,
                format,
                formatOptions(options),
                watermark,
                SourceSpec.Side.GOOD,
                key,
                false,
                fromRecords(fields),
                !table,
                null,
                text);
    }

    private static List<Relation.Field> hidden(List<Relation.Field> fields) {
        return PseudoColumns.ALL.stream()
                .filter(pseudo ->
                        fields.stream().noneMatch(field -> field.name().equals(pseudo.name())))
                .toList();
    }

    private static List<Relation.Field> fromRecords(List<Relation.Field> fields) {
        return fields.stream()
                .filter(field -> !field.isComputed() && field.origin() == Origin.FIELD)
                .toList();
    }

    private static void refuseReserved(SqlIdentifier name) {
        if (PseudoColumns.NAMES.contains(name.getSimple())) {
            throw Problems.at(
                    "reserved_column",
                    "Every stream has a column '" + name.getSimple() + "' already.",
                    name,
                    "Give the column another name, or leave it out and use '" + name.getSimple() + "'.");
        }
    }

    private static List<Relation.Field> formatFields(
            SqlCreateRelation create, Format format, List<Relation.Field> fields) {
        if (format != Format.TEXT && format != Format.BYTES) {
            return fields;
        }
        SqlType wanted = format == Format.TEXT ? SqlType.VARCHAR : SqlType.VARBINARY;
        List<Relation.Field> decoded =
                fields.stream().filter(field -> !field.isComputed()).toList();
        if (decoded.isEmpty()) {
            List<Relation.Field> all = new ArrayList<>();
            all.add(new Relation.Field("value", ColumnType.of(wanted), Origin.FIELD, List.of("value"), null));
            all.addAll(fields);
            return all;
        }
        if (decoded.size() != 1 || decoded.getFirst().type().type() != wanted) {
            throw Problems.at(
                    "invalid_columns",
                    "Format " + format.name().toLowerCase(Locale.ROOT) + " gives exactly one column of type " + wanted
                            + ".",
                    create.name(),
                    "Declare one column, or none to have it called 'value'.");
        }
        return fields;
    }

    /// Types and aliases of computed columns. One that only renames a field is read like a field, so that it
    /// can carry the watermark.
    private static List<Relation.Field> typed(
            Relation.Stored raw, List<Relation.Field> fields, List<SqlColumn> computed, Relations scope) {
        if (computed.isEmpty()) {
            return fields;
        }
        List<Relation.Field> pending = fields.stream()
                .filter(Relation.Field::isComputed)
                .map(field -> new Relation.Field(
                        field.name(),
                        field.type(),
                        field.origin(),
                        field.path(),
                        QueryCompiler.appendTime(java.util.Objects.requireNonNull(field.computed()), scope.planning())))
                .toList();
        List<ColumnType> types = new QueryCompiler(scope).typesOfComputed(raw, pending);
        List<Relation.Field> typed = new ArrayList<>();
        int next = 0;
        for (Relation.Field field : fields) {
            if (!field.isComputed()) {
                typed.add(field);
                continue;
            }
            ColumnType type = types.get(next);
            SqlNode expression = pending.get(next).computed();
            next++;
            Relation.Field alias = alias(raw, expression, field.name(), type);
            typed.add(
                    alias != null
                            ? alias
                            : new Relation.Field(field.name(), type, Origin.FIELD, List.of(), expression));
        }
        return typed;
    }

    private static Relation.@Nullable Field alias(
            Relation.Stored raw, @Nullable SqlNode expression, String name, ColumnType type) {
        if (!(expression instanceof SqlIdentifier reference)) {
            return null;
        }
        Optional<Relation.Field> root = raw.field(reference.names.getFirst());
        if (root.isEmpty() || root.get().isComputed()) {
            return null;
        }
        List<String> path = new ArrayList<>(root.get().path());
        path.addAll(reference.names.subList(1, reference.names.size()));
        return new Relation.Field(name, type.withNullable(true), root.get().origin(), path, null);
    }

    private static List<String> key(SqlCreateRelation create, List<Relation.Field> fields) {
        List<String> key = new ArrayList<>();
        for (SqlIdentifier column : create.primaryKey()) {
            String name = column.getSimple();
            Relation.Field field = fields.stream()
                    .filter(candidate -> candidate.name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> unknownColumn(column, fields));
            if (field.isComputed()) {
                throw Problems.unsupported(
                        "A computed column cannot be part of the primary key", column.getParserPosition(), null);
            }
            if (key.contains(name)) {
                throw Problems.at(
                        "duplicate_column", "Column '" + name + "' stands twice in the primary key.", column, null);
            }
            key.add(name);
        }
        return List.copyOf(key);
    }

    private static RuntimeException unknownColumn(SqlIdentifier column, List<Relation.Field> fields) {
        return Problems.at(
                "unknown_column",
                "Column '" + column.getSimple() + "' does not exist.",
                column,
                Suggestions.hint(
                        column.getSimple(),
                        fields.stream().map(Relation.Field::name).toList()));
    }

    private static Relation.@Nullable Watermark watermark(SqlCreateRelation create, List<Relation.Field> fields) {
        List<SqlWatermark> watermarks = create.watermarks();
        if (watermarks.isEmpty()) {
            return null;
        }
        if (watermarks.size() > 1) {
            throw Problems.at(
                    "duplicate_watermark",
                    "A stream has one watermark only.",
                    watermarks.get(1).column(),
                    null);
        }
        SqlWatermark watermark = watermarks.getFirst();
        SqlIdentifier column = watermark.column();
        if (fields.stream().noneMatch(field -> field.name().equals(column.getSimple()))) {
            throw unknownColumn(column, fields);
        }
        return new Relation.Watermark(column.getSimple(), delayMs(watermark));
    }

    private static long delayMs(SqlWatermark watermark) {
        String column = watermark.column().getSimple();
        SqlNode expression = watermark.expression();
        if (expression instanceof SqlIdentifier same
                && same.isSimple()
                && same.getSimple().equals(column)) {
            return 0;
        }
        if (expression instanceof SqlCall minus
                && minus.getKind() == SqlKind.MINUS
                && minus.operandCount() == 2
                && minus.operand(0) instanceof SqlIdentifier same
                && same.isSimple()
                && same.getSimple().equals(column)
                && minus.operand(1) instanceof SqlIntervalLiteral interval) {
            SqlIntervalLiteral.IntervalValue value =
                    (SqlIntervalLiteral.IntervalValue) java.util.Objects.requireNonNull(interval.getValue());
            if (!value.getIntervalQualifier().isYearMonth()) {
                long delay = SqlParserUtil.intervalToMillis(value);
                if (delay >= 0) {
                    return delay;
                }
            }
        }
        throw Problems.at(
                "invalid_watermark",
                "The watermark of '" + column + "' must be '" + column + "', or '" + column
                        + "' minus an interval of days or less.",
                expression,
                "For instance: WATERMARK FOR " + column + " AS " + column + " - INTERVAL '5' SECOND.");
    }

    private static void checkTime(SqlCreateRelation create, List<Relation.Field> fields, Relation.Watermark watermark) {
        SqlIdentifier place = create.watermarks().getFirst().column();
        for (Relation.Field field : fields) {
            if (!field.name().equals(watermark.column())) {
                continue;
            }
            if (!Types.isTime(field.type())) {
                throw Problems.at(
                        "invalid_watermark",
                        "A watermark needs a time column, but '" + field.name() + "' has type " + field.type() + ".",
                        place,
                        "Declare it as TIMESTAMP(3): texts such as 2001-01-01 00:47:00 and numbers (milliseconds"
                                + " since 1970) are understood.");
            }
            if (field.isComputed()) {
                throw Problems.unsupported(
                        "A watermark on a column that is computed is not supported yet",
                        place.getParserPosition(),
                        "Declare the field itself as TIMESTAMP(3), or use a plain alias such as '" + field.name()
                                + " AS _timestamp'.");
            }
        }
    }

    static Map<String, String> options(List<SqlOption> written) {
        Map<String, String> options = new LinkedHashMap<>();
        for (SqlOption option : written) {
            if (!OPTIONS.contains(option.key())) {
                throw Problems.at(
                        "unknown_option",
                        "Option '" + option.key() + "' does not exist.",
                        option.keyPosition(),
                        Suggestions.nearest(option.key(), OPTIONS)
                                .map(name -> "Did you mean '" + name + "'?")
                                .orElse("Known are " + String.join(", ", OPTIONS.subList(0, 7)) + "."));
            }
            options.put(option.key(), option.valueText());
            if (option.key().equals("partitions")) {
                partitions(option);
            }
            if (option.key().equals("unbounded") && !option.valueText().equals("allow")) {
                throw Problems.at("invalid_option", "Option 'unbounded' can only be 'allow'.", option.value(), null);
            }
            if (option.key().equals(ON_ERROR)) {
                SessionSettings.check(
                        ON_ERROR, option.valueText(), option.value().getParserPosition());
            }
            if (option.key().equals("topic") && !option.valueText().matches("[A-Za-z0-9._-]{1,249}")) {
                throw Problems.at(
                        "invalid_name",
                        "'" + option.valueText() + "' cannot be the name of a topic.",
                        option.value(),
                        "Letters, digits, '.', '_' and '-', at most 249 of them.");
            }
        }
        return options;
    }

    private static int partitions(SqlOption option) {
        int count = 0;
        try {
            count = new BigDecimal(option.valueText()).intValueExact();
        } catch (ArithmeticException | NumberFormatException notWhole) {
            // said below, with the range
        }
        if (count < 1 || count > PARTITIONS_MAX) {
            throw Problems.at(
                    "invalid_option",
                    "Option 'partitions' must be a whole number from 1 to " + PARTITIONS_MAX + ", not '"
                            + option.valueText() + "'.",
                    option.value(),
                    null);
        }
        return count;
    }

    private static Format format(List<SqlOption> options) {
        for (SqlOption option : options) {
            if (option.key().equals("format")) {
                String wanted = option.valueText().toLowerCase(Locale.ROOT);
                if (!FORMATS.contains(wanted)) {
                    throw Problems.at(
                            "unknown_format",
                            "Format '" + option.valueText() + "' does not exist.",
                            option.value(),
                            Suggestions.nearest(wanted, FORMATS)
                                    .map(name -> "Did you mean '" + name + "'?")
                                    .orElse("Known are " + String.join(", ", FORMATS) + "."));
                }
                return Format.valueOf(wanted.toUpperCase(Locale.ROOT));
            }
        }
        return Format.JSON;
    }

    private static Map<String, String> formatOptions(Map<String, String> options) {
        Map<String, String> format = new LinkedHashMap<>();
        for (String name : List.of("delimiter", "null")) {
            String value = options.get(name);
            if (value != null) {
                format.put(name, value);
            }
        }
        return format;
    }

    /// CREATE STREAM/TABLE … AS: the topic that its query writes.
    static Relation.Stored written(
            SqlCreateRelation create, SqlNode query, Relations scope, String text, Relation.Kind kind) {
        Map<String, String> options = options(create.options());
        Schema schema = schema(query, scope);
        String name = SqlNames.text(create.name());
        List<Relation.Field> fields = fields(schema, List.of());
        Relation.Watermark watermark = watermark(create, fields);
        if (watermark != null) {
            checkTime(create, fields, watermark);
        }
        return writtenBy(name, kind, fields, options, watermark, query, text);
    }

    static Relation.Stored materialized(SqlCreateView view, Relations scope, String text) {
        Map<String, String> options = options(view.options());
        List<Relation.Field> fields = fields(schema(view.query(), scope), names(view));
        return writtenBy(
                SqlNames.text(view.name()), Relation.Kind.MATERIALIZED_VIEW, fields, options, null, view.query(), text);
    }

    private static Relation.Stored writtenBy(
            String name,
            Relation.Kind kind,
            List<Relation.Field> fields,
            Map<String, String> options,
            Relation.@Nullable Watermark watermark,
            SqlNode query,
            String text) {
        String key = options.getOrDefault(KEY_OPTION, "");
        boolean appendOnly = options.getOrDefault(APPEND_OPTION, "false").equals("true");
        return new Relation.Stored(
                name,
                kind,
                fields,
                hidden(fields),
                options.getOrDefault("topic", name),
                Format.CHANGES,
                appendOnly ? Map.of(APPEND_OPTION, "true") : Map.of(),
                watermark,
                SourceSpec.Side.GOOD,
                key.isEmpty() ? List.of() : KeyNames.parse(key),
                false,
                fromRecords(fields),
                appendOnly,
                query,
                text);
    }

    static Relation.View view(SqlCreateView view, Relations scope, String text) {
        return new Relation.View(
                SqlNames.text(view.name()),
                fields(schema(view.query(), scope), names(view)),
                view.query(),
                scope,
                text);
    }

    static List<SqlIdentifier> names(SqlCreateView view) {
        return view.columnNames();
    }

    private static Schema schema(SqlNode query, Relations scope) {
        RelDataType row = new QueryCompiler(scope).check(Copies.deep(query)).row();
        Schema schema = Types.schema(row);
        List<String> names = OutputNames.of(query, row.getFieldNames());
        List<ColumnInfo> columns = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            columns.add(new ColumnInfo(names.get(i), schema.type(i)));
        }
        return new Schema(columns);
    }

    static List<Relation.Field> fields(Schema schema, List<SqlIdentifier> names) {
        if (!names.isEmpty() && names.size() != schema.size()) {
            throw Problems.at(
                    "wrong_column_count",
                    "The query has " + schema.size() + " columns, but " + names.size() + " names are given.",
                    names.getFirst(),
                    null);
        }
        List<Relation.Field> fields = new ArrayList<>();
        for (int i = 0; i < schema.size(); i++) {
            ColumnInfo column = schema.columns().get(i);
            String name = names.isEmpty() ? column.name() : names.get(i).getSimple();
            for (Relation.Field other : fields) {
                if (other.name().equals(name)) {
                    throw Problems.at(
                            "duplicate_column",
                            "The query has two columns called '" + name + "'.",
                            names.isEmpty() ? null : names.get(i).getParserPosition(),
                            "Give one of them another name with AS.");
                }
            }
            fields.add(new Relation.Field(name, column.type().withNullable(true), Origin.FIELD, List.of(name), null));
        }
        return List.copyOf(fields);
    }
}
