package io.millrace.query.parser.node;

import java.util.List;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

/// `DROP STREAM|TABLE|VIEW|MATERIALIZED VIEW|TOPIC [IF EXISTS] name`; queries are dropped by [SqlQueryControl].
public final class SqlDropObject extends SqlStatement {
    private final ObjectKind kind;
    private final boolean ifExists;
    private final SqlIdentifier name;

    public SqlDropObject(SqlParserPos position, ObjectKind kind, boolean ifExists, SqlIdentifier name) {
        super(position, "DROP " + kind.sql(), SqlKind.OTHER_DDL);
        this.kind = kind;
        this.ifExists = ifExists;
        this.name = name;
    }

    public ObjectKind kind() {
        return kind;
    }

    public boolean ifExists() {
        return ifExists;
    }

    /// May have several parts; [SqlNames#text] joins them.
    public SqlIdentifier name() {
        return name;
    }

    @Override
    public List<SqlNode> getOperandList() {
        return List.of(name);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword("DROP");
        writer.keyword(kind.sql());
        Writing.ifExists(writer, ifExists);
        name.unparse(writer, 0, 0);
    }
}
