package io.millrace.query.parser.node;

import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// `CREATE [OR REPLACE] [MATERIALIZED] VIEW [IF NOT EXISTS] name [(columns)] [WITH (options)] AS query [EMIT …]`.
public final class SqlCreateView extends SqlStatement {
    private final boolean replace;
    private final boolean materialized;
    private final boolean ifNotExists;
    private final SqlIdentifier name;
    private final List<SqlIdentifier> columnNames;
    private final List<SqlOption> options;
    private final SqlNode query;
    private final @Nullable SqlEmit emit;

    private SqlCreateView(
            SqlParserPos position,
            boolean replace,
            boolean materialized,
            boolean ifNotExists,
            SqlIdentifier name,
            List<SqlIdentifier> columnNames,
            List<SqlOption> options,
            SqlNode query,
            @Nullable SqlEmit emit) {
        super(position, materialized ? "CREATE MATERIALIZED VIEW" : "CREATE VIEW", SqlKind.OTHER_DDL);
        this.replace = replace;
        this.materialized = materialized;
        this.ifNotExists = ifNotExists;
        this.name = name;
        this.columnNames = columnNames;
        this.options = options;
        this.query = query;
        this.emit = emit;
    }

    /// For the grammar. `SELECT STREAM` in the query becomes EMIT CHANGES.
    public static SqlCreateView of(
            SqlParserPos position,
            boolean replace,
            boolean materialized,
            boolean ifNotExists,
            SqlIdentifier name,
            @Nullable SqlNodeList columns,
            SqlNodeList options,
            SqlNode query,
            @Nullable SqlEmit emit) {
        SqlCreateRelation.refuseReplaceIfNotExists(name, replace, ifNotExists);
        List<SqlIdentifier> columnNames = columns == null
                ? List.of()
                : columns.stream().map(SqlIdentifier.class::cast).toList();
        return new SqlCreateView(
                position,
                replace,
                materialized,
                ifNotExists,
                name,
                columnNames,
                SqlOption.listOf(options),
                query,
                SelectStream.takeOut(query, emit));
    }

    public boolean replace() {
        return replace;
    }

    public boolean materialized() {
        return materialized;
    }

    public boolean ifNotExists() {
        return ifNotExists;
    }

    /// May have several parts; [SqlNames#text] joins them.
    public SqlIdentifier name() {
        return name;
    }

    /// Simple names; empty if the query's own names are to be used.
    public List<SqlIdentifier> columnNames() {
        return columnNames;
    }

    /// `WITH (…)`; keys are unique.
    public List<SqlOption> options() {
        return options;
    }

    public SqlNode query() {
        return query;
    }

    public @Nullable SqlEmit emit() {
        return emit;
    }

    @Override
    public List<SqlNode> getOperandList() {
        List<SqlNode> operands = new ArrayList<>();
        operands.add(name);
        operands.addAll(columnNames);
        operands.addAll(options);
        operands.add(query);
        if (emit != null) {
            operands.add(emit);
        }
        return operands;
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword(replace ? "CREATE OR REPLACE" : "CREATE");
        writer.keyword(materialized ? "MATERIALIZED VIEW" : "VIEW");
        Writing.ifNotExists(writer, ifNotExists);
        name.unparse(writer, 0, 0);
        if (!columnNames.isEmpty()) {
            Writing.parenthesized(writer, columnNames);
        }
        Writing.options(writer, options);
        writer.keyword("AS");
        Writing.queryAndEmit(writer, query, emit);
    }
}
