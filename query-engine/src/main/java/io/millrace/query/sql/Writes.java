package io.millrace.query.sql;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.sql.SqlBasicTypeNameSpec;
import org.apache.calcite.sql.SqlDataTypeSpec;
import org.apache.calcite.sql.SqlDelete;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlInsert;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlUpdate;
import org.apache.calcite.sql.SqlUserDefinedTypeNameSpec;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.SqlTypeName;
import org.jspecify.annotations.Nullable;

/// INSERT, UPDATE and DELETE: each is a query that ends, whose rows become records.
final class Writes {
    private static final String UPDATE = "UPDATE";
    private static final String DELETE = "DELETE";

    private static final String ROWS = "inserted";

    private final Relations relations;
    private final Optimizer.Witness witness;

    Writes(Relations relations, Optimizer.Witness witness) {
        this.relations = relations;
        this.witness = witness;
    }

    PlannedStatement insert(SqlInsert insert) {
        Relation.Stored target = target((SqlIdentifier) insert.getTargetTable());
        List<Relation.Field> writable = writable(target);
        List<Relation.Field> columns = columns(insert.getTargetColumnList(), writable, target);
        SqlParserPos place = insert.getParserPosition();
        SqlNode source = insert.getSource();
        RelDataType row =
                new QueryCompiler(relations).check(Copies.deep(source)).row();
        if (row.getFieldCount() != columns.size()) {
            throw Problems.at(
                    "wrong_column_count",
                    "'" + target.name() + "' takes " + columns.size() + " values here, but " + row.getFieldCount()
                            + " are given.",
                    source,
                    "The columns are " + names(columns) + ".");
        }
        for (int i = 0; i < columns.size(); i++) {
            checkAssignable(columns.get(i), row.getFieldList().get(i).getType(), source);
        }
        requireKey(target, columns, insert);
        List<SqlNode> values = new ArrayList<>();
        SqlNodeList names = new SqlNodeList(place);
        for (int i = 0; i < columns.size(); i++) {
            names.add(new SqlIdentifier("c" + i, place));
        }
        for (Relation.Field field : writable) {
            int index = columns.indexOf(field);
            SqlNode value = index < 0 ? SqlLiteral.createNull(place) : new SqlIdentifier("c" + index, place);
            values.add(as(cast(value, field.type(), place), field.name(), place));
        }
        List<SqlNode> alias = new ArrayList<>();
        alias.add(source);
        alias.add(new SqlIdentifier(ROWS, place));
        names.forEach(alias::add);
        SqlNode from = SqlStdOperatorTable.AS.createCall(place, alias);
        return write(target, writable, select(values, from, null, place), "INSERT");
    }

    PlannedStatement delete(SqlDelete delete) {
        Relation.Stored target = target((SqlIdentifier) delete.getTargetTable());
        refuseStream(target, DELETE, delete.getTargetTable());
        SqlParserPos place = delete.getParserPosition();
        List<Relation.Field> key = key(target);
        List<SqlNode> values = new ArrayList<>();
        for (Relation.Field field : key) {
            values.add(as(new SqlIdentifier(field.name(), place), field.name(), place));
        }
        return write(
                target,
                key,
                select(values, from(target, delete.getTargetTable(), delete.getAlias()), delete.getCondition(), place),
                DELETE);
    }

    PlannedStatement update(SqlUpdate update) {
        Relation.Stored target = target((SqlIdentifier) update.getTargetTable());
        refuseStream(target, UPDATE, update.getTargetTable());
        SqlParserPos place = update.getParserPosition();
        List<Relation.Field> writable = writable(target);
        Map<String, SqlNode> changes = new HashMap<>();
        for (int i = 0; i < update.getTargetColumnList().size(); i++) {
            SqlIdentifier column = (SqlIdentifier) update.getTargetColumnList().get(i);
            Relation.Field field = field(column, writable);
            if (target.key().contains(field.name())) {
                throw Problems.unsupported(
                        "The primary key of a row cannot be changed",
                        column.getParserPosition(),
                        "DELETE the row and INSERT another one.");
            }
            if (changes.put(field.name(), update.getSourceExpressionList().get(i)) != null) {
                throw Problems.at("duplicate_column", "Column '" + field.name() + "' is set twice.", column, null);
            }
        }
        SqlNode from = from(target, update.getTargetTable(), update.getAlias());
        List<SqlNode> plain = new ArrayList<>();
        for (Relation.Field field : writable) {
            SqlNode change = changes.get(field.name());
            plain.add(as(change == null ? new SqlIdentifier(field.name(), place) : change, field.name(), place));
        }
        SqlNode checked = select(plain, from, update.getCondition(), place);
        RelDataType row =
                new QueryCompiler(relations).check(Copies.deep(checked)).row();
        for (int i = 0; i < writable.size(); i++) {
            checkAssignable(writable.get(i), row.getFieldList().get(i).getType(), update);
        }
        List<SqlNode> values = new ArrayList<>();
        for (Relation.Field field : writable) {
            SqlNode change = changes.get(field.name());
            SqlNode value = change == null ? new SqlIdentifier(field.name(), place) : cast(change, field.type(), place);
            values.add(as(value, field.name(), place));
        }
        return write(target, writable, select(values, from, update.getCondition(), place), UPDATE);
    }

    private PlannedStatement write(Relation.Stored target, List<Relation.Field> columns, SqlNode query, String word) {
        PlannedStatement.Query planned =
                new QueryPlanner(relations, witness).plan(query, PlannedStatement.Emit.ONCE, null, null);
        int[] key = new int[target.key().size()];
        for (int i = 0; i < key.length; i++) {
            for (int k = 0; k < columns.size(); k++) {
                if (columns.get(k).name().equals(target.key().get(i))) {
                    key[i] = k;
                }
            }
        }
        // the field of the record, which a declared alias may name differently
        Schema schema = new Schema(columns.stream()
                .map(field -> new ColumnInfo(field.path().getFirst(), field.type()))
                .toList());
        return new PlannedStatement.Insert(target.topic(), planned, schema, key, word.equals(DELETE), word);
    }

    private Relation.Stored target(SqlIdentifier table) {
        String name = String.join(".", table.names);
        Relation relation = relations
                .find(name)
                .orElseThrow(() -> Problems.unknownTable(
                        name,
                        table.getParserPosition().getLineNum(),
                        table.getParserPosition().getColumnNum(),
                        relations.names()));
        if (!(relation instanceof Relation.Stored stored)
                || stored.side() != io.millrace.query.plan.SourceSpec.Side.GOOD
                || stored.writer() != null) {
            throw Problems.at(
                    "not_writable",
                    "'" + name + "' is a " + relation.kind().word() + " that a query makes: nothing else may write it.",
                    table,
                    "Write to what its query reads.");
        }
        if (stored.format() != io.millrace.query.plan.SourceSpec.Format.JSON) {
            throw Problems.unsupported(
                    "INSERT writes JSON objects, but the records of '" + name + "' have format "
                            + stored.format().name().toLowerCase(java.util.Locale.ROOT),
                    table.getParserPosition(),
                    "Produce records over HTTP.");
        }
        return stored;
    }

    private static void refuseStream(Relation.Stored target, String statement, SqlNode place) {
        if (target.key().isEmpty()) {
            throw Problems.unsupported(
                    statement + " works on tables only: the records of a stream never change",
                    place.getParserPosition(),
                    "Declare a table over the topic: CREATE TABLE t (id BIGINT PRIMARY KEY, …) WITH (topic = '"
                            + target.topic() + "').");
        }
    }

    private static List<Relation.Field> writable(Relation.Stored target) {
        return target.fields().stream()
                .filter(field -> !field.isComputed()
                        && field.origin() == io.millrace.query.plan.SourceSpec.Origin.FIELD
                        && field.path().size() == 1)
                .toList();
    }

    private static List<Relation.Field> key(Relation.Stored target) {
        List<Relation.Field> key = new ArrayList<>();
        for (String name : target.key()) {
            target.field(name).ifPresent(key::add);
        }
        return key;
    }

    private static List<Relation.Field> columns(
            @Nullable SqlNodeList written, List<Relation.Field> writable, Relation.Stored target) {
        if (written == null || written.isEmpty()) {
            return writable;
        }
        List<Relation.Field> columns = new ArrayList<>();
        for (SqlNode node : written) {
            SqlIdentifier column = (SqlIdentifier) node;
            if (target.fields().stream()
                    .anyMatch(field -> field.isComputed() && field.name().equals(column.names.getLast()))) {
                throw Problems.at("not_writable", "Column '" + column.names.getLast() + "' is computed.", column, null);
            }
            Relation.Field field = field(column, writable);
            if (columns.contains(field)) {
                throw Problems.at("duplicate_column", "Column '" + field.name() + "' is given twice.", column, null);
            }
            columns.add(field);
        }
        return columns;
    }

    private static Relation.Field field(SqlIdentifier column, List<Relation.Field> writable) {
        String name = column.names.getLast();
        return writable.stream()
                .filter(field -> field.name().equals(name))
                .findFirst()
                .orElseThrow(() -> Problems.at(
                        "unknown_column",
                        "Column '" + name + "' does not exist.",
                        column,
                        Suggestions.hint(
                                name,
                                writable.stream().map(Relation.Field::name).toList())));
    }

    private static void requireKey(Relation.Stored target, List<Relation.Field> columns, SqlNode place) {
        for (String key : target.key()) {
            if (columns.stream().noneMatch(column -> column.name().equals(key))) {
                throw Problems.at(
                        "missing_key",
                        "Column '" + key + "' of the primary key has no value.",
                        place,
                        "A row of a table is found by its key: add the column.");
            }
        }
    }

    private static String names(List<Relation.Field> columns) {
        return String.join(", ", columns.stream().map(Relation.Field::name).toList());
    }

    /// Numbers become numbers, texts become times and documents; nothing else changes its kind silently.
    private static void checkAssignable(Relation.Field field, RelDataType given, SqlNode place) {
        ColumnType from = Types.of(given, "The value for '" + field.name() + "'");
        if (!isAssignable(from.type(), field.type().type())) {
            throw Problems.at(
                    "type_mismatch",
                    "Column '" + field.name() + "' has type " + field.type() + ", but the value has type " + from + ".",
                    place,
                    "Cast it: CAST(… AS " + field.type() + ").");
        }
    }

    private static boolean isAssignable(SqlType from, SqlType to) {
        if (from == to || from == SqlType.NULL) {
            return true;
        }
        return switch (to) {
            case SMALLINT, INTEGER, BIGINT, DECIMAL, REAL, DOUBLE -> isNumber(from);
            case DATE, TIME, UUID -> from == SqlType.VARCHAR;
            case TIMESTAMP, TIMESTAMPTZ ->
                from == SqlType.VARCHAR
                        || from == SqlType.DATE
                        || from == SqlType.TIMESTAMP
                        || from == SqlType.TIMESTAMPTZ;
            case JSON -> true;
            case BOOLEAN, VARCHAR, VARBINARY, INTERVAL_DAY, INTERVAL_MONTH, ARRAY, MAP, ROW, NULL -> false;
        };
    }

    private static boolean isNumber(SqlType type) {
        return switch (type) {
            case SMALLINT, INTEGER, BIGINT, DECIMAL, REAL, DOUBLE -> true;
            case BOOLEAN,
                    VARCHAR,
                    VARBINARY,
                    DATE,
                    TIME,
                    TIMESTAMP,
                    TIMESTAMPTZ,
                    INTERVAL_DAY,
                    INTERVAL_MONTH,
                    ARRAY,
                    MAP,
                    ROW,
                    JSON,
                    UUID,
                    NULL -> false;
        };
    }

    // ---- syntax

    private static SqlNode from(Relation.Stored target, SqlNode table, @Nullable SqlIdentifier alias) {
        SqlParserPos place = table.getParserPosition();
        SqlIdentifier name = new SqlIdentifier(target.name(), place);
        return alias == null ? name : SqlStdOperatorTable.AS.createCall(place, name, alias);
    }

    private static SqlNode as(SqlNode value, String name, SqlParserPos place) {
        return SqlStdOperatorTable.AS.createCall(place, value, new SqlIdentifier(name, place));
    }

    private static SqlSelect select(List<SqlNode> values, SqlNode from, @Nullable SqlNode where, SqlParserPos place) {
        return new SqlSelect(
                place,
                null,
                new SqlNodeList(values, place),
                from,
                where,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    /// A cast to the declared type; types that syntax cannot name are left as they are.
    private static SqlNode cast(SqlNode value, ColumnType type, SqlParserPos place) {
        SqlDataTypeSpec spec = spec(type, place);
        return spec == null ? value : SqlStdOperatorTable.CAST.createCall(place, value, spec);
    }

    private static @Nullable SqlDataTypeSpec spec(ColumnType type, SqlParserPos place) {
        return switch (type.type()) {
            case BOOLEAN -> basic(SqlTypeName.BOOLEAN, place);
            case SMALLINT -> basic(SqlTypeName.SMALLINT, place);
            case INTEGER -> basic(SqlTypeName.INTEGER, place);
            case BIGINT -> basic(SqlTypeName.BIGINT, place);
            case DECIMAL ->
                new SqlDataTypeSpec(
                        new SqlBasicTypeNameSpec(SqlTypeName.DECIMAL, type.precision(), type.scale(), place), place);
            case REAL -> basic(SqlTypeName.REAL, place);
            case DOUBLE -> basic(SqlTypeName.DOUBLE, place);
            case VARCHAR -> basic(SqlTypeName.VARCHAR, place);
            case VARBINARY -> basic(SqlTypeName.VARBINARY, place);
            case DATE -> basic(SqlTypeName.DATE, place);
            case TIME -> new SqlDataTypeSpec(new SqlBasicTypeNameSpec(SqlTypeName.TIME, 3, place), place);
            case TIMESTAMP -> new SqlDataTypeSpec(new SqlBasicTypeNameSpec(SqlTypeName.TIMESTAMP, 3, place), place);
            case TIMESTAMPTZ -> named("timestamptz", place);
            case JSON -> named("json", place);
            case UUID -> named("uuid", place);
            case INTERVAL_DAY, INTERVAL_MONTH, ARRAY, MAP, ROW, NULL -> null;
        };
    }

    private static SqlDataTypeSpec basic(SqlTypeName type, SqlParserPos place) {
        return new SqlDataTypeSpec(new SqlBasicTypeNameSpec(type, place), place);
    }

    private static SqlDataTypeSpec named(String name, SqlParserPos place) {
        return new SqlDataTypeSpec(new SqlUserDefinedTypeNameSpec(new SqlIdentifier(name, place), place), place);
    }
}
