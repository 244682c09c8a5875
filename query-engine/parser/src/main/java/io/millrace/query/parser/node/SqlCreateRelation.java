package io.millrace.query.parser.node;

import io.millrace.query.parser.SqlSyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// `CREATE [OR REPLACE] STREAM|TABLE [IF NOT EXISTS] name [(elements)] [WITH (options)] [AS query [EMIT …]]`.
///
/// At least one of elements, options and query may be expected by whoever carries it out; the grammar demands
/// none of them.
public abstract sealed class SqlCreateRelation extends SqlStatement permits SqlCreateStream, SqlCreateTable {
    private final ObjectKind kind;
    private final boolean replace;
    private final boolean ifNotExists;
    private final SqlIdentifier name;
    private final List<SqlFragment> elements;
    private final List<SqlOption> options;
    private final @Nullable SqlNode query;
    private final @Nullable SqlEmit emit;

    /// The parts, so that two subclasses need not list them.
    record Parts(
            boolean replace,
            boolean ifNotExists,
            SqlIdentifier name,
            List<SqlFragment> elements,
            List<SqlOption> options,
            @Nullable SqlNode query,
            @Nullable SqlEmit emit) {}

    SqlCreateRelation(SqlParserPos position, ObjectKind kind, Parts parts) {
        super(position, "CREATE " + kind.sql(), SqlKind.OTHER_DDL);
        this.kind = kind;
        this.replace = parts.replace;
        this.ifNotExists = parts.ifNotExists;
        this.name = parts.name;
        this.elements = parts.elements;
        this.options = parts.options;
        this.query = parts.query;
        this.emit = parts.emit;
    }

    /// For the grammar. `SELECT STREAM` in the query becomes EMIT CHANGES.
    public static SqlCreateRelation of(
            SqlParserPos position,
            ObjectKind kind,
            boolean replace,
            boolean ifNotExists,
            SqlIdentifier name,
            SqlNodeList elements,
            SqlNodeList options,
            @Nullable SqlNode query,
            @Nullable SqlEmit emit) {
        refuseReplaceIfNotExists(name, replace, ifNotExists);
        List<SqlFragment> fragments =
                elements.stream().map(SqlFragment.class::cast).toList();
        for (SqlFragment fragment : fragments) {
            if (fragment instanceof SqlColumn column && query == null) {
                requireType(column);
            }
        }
        @Nullable SqlEmit allEmit = query == null ? null : SelectStream.takeOut(query, emit);
        Parts parts = new Parts(replace, ifNotExists, name, fragments, SqlOption.listOf(options), query, allEmit);
        return switch (kind) {
            case STREAM -> new SqlCreateStream(position, parts);
            case TABLE -> new SqlCreateTable(position, parts);
            case VIEW, MATERIALIZED_VIEW, TOPIC -> throw new IllegalArgumentException("no relation: " + kind);
        };
    }

    static void refuseReplaceIfNotExists(SqlIdentifier name, boolean replace, boolean ifNotExists) {
        if (replace && ifNotExists) {
            throw SqlSyntaxException.at(
                    name.getParserPosition(),
                    "OR REPLACE and IF NOT EXISTS contradict each other",
                    "OR REPLACE changes what exists, IF NOT EXISTS keeps it. Keep one of them.");
        }
    }

    private static void requireType(SqlColumn column) {
        if (column.type() == null && column.expression() == null) {
            throw SqlSyntaxException.at(
                    column.name().getParserPosition(),
                    "Column " + column.name().getSimple() + " needs a type",
                    "For instance: " + column.name().getSimple() + " VARCHAR");
        }
    }

    public boolean replace() {
        return replace;
    }

    public boolean ifNotExists() {
        return ifNotExists;
    }

    /// May have several parts; [SqlNames#text] joins them.
    public SqlIdentifier name() {
        return name;
    }

    /// [SqlColumn], [SqlPrimaryKey] and [SqlWatermark] in the order written; empty if there were no
    /// parentheses.
    public List<SqlFragment> elements() {
        return elements;
    }

    public List<SqlColumn> columns() {
        return elementsOf(SqlColumn.class);
    }

    /// The watermarks; more than one is for the catalogue to refuse.
    public List<SqlWatermark> watermarks() {
        return elementsOf(SqlWatermark.class);
    }

    /// The names of all columns that are called a primary key, in the order written, whichever spelling was
    /// used.
    public List<SqlIdentifier> primaryKey() {
        List<SqlIdentifier> key = new ArrayList<>();
        for (SqlFragment element : elements) {
            if (element instanceof SqlColumn column && column.primaryKey()) {
                key.add(column.name());
            } else if (element instanceof SqlPrimaryKey primaryKey) {
                key.addAll(primaryKey.columns());
            }
        }
        return List.copyOf(key);
    }

    /// `WITH (…)`; keys are unique.
    public List<SqlOption> options() {
        return options;
    }

    public @Nullable SqlNode query() {
        return query;
    }

    /// Only with a query.
    public @Nullable SqlEmit emit() {
        return emit;
    }

    private <T extends SqlFragment> List<T> elementsOf(Class<T> type) {
        Function<SqlFragment, Stream<T>> select =
                element -> type.isInstance(element) ? Stream.of(type.cast(element)) : Stream.empty();
        return elements.stream().flatMap(select).toList();
    }

    @Override
    public List<SqlNode> getOperandList() {
        List<SqlNode> operands = new ArrayList<>();
        operands.add(name);
        operands.addAll(elements);
        operands.addAll(options);
        if (query != null) {
            operands.add(query);
        }
        if (emit != null) {
            operands.add(emit);
        }
        return operands;
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword(replace ? "CREATE OR REPLACE" : "CREATE");
        writer.keyword(kind.sql());
        Writing.ifNotExists(writer, ifNotExists);
        name.unparse(writer, 0, 0);
        if (!elements.isEmpty()) {
            Writing.parenthesized(writer, elements);
        }
        Writing.options(writer, options);
        if (query != null) {
            writer.keyword("AS");
            Writing.queryAndEmit(writer, query, emit);
        }
    }
}
