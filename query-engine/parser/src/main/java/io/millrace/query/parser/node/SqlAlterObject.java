package io.millrace.query.parser.node;

import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

/// `ALTER STREAM|TABLE|VIEW|MATERIALIZED VIEW|TOPIC [IF EXISTS] name SET (key = literal, …)`.
public final class SqlAlterObject extends SqlStatement {
    private final ObjectKind kind;
    private final boolean ifExists;
    private final SqlIdentifier name;
    private final List<SqlOption> options;

    public SqlAlterObject(
            SqlParserPos position, ObjectKind kind, boolean ifExists, SqlIdentifier name, SqlNodeList options) {
        super(position, "ALTER " + kind.sql(), SqlKind.OTHER_DDL);
        this.kind = kind;
        this.ifExists = ifExists;
        this.name = name;
        this.options = SqlOption.listOf(options);
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

    /// At least one; keys are unique.
    public List<SqlOption> options() {
        return options;
    }

    @Override
    public List<SqlNode> getOperandList() {
        List<SqlNode> operands = new ArrayList<>();
        operands.add(name);
        operands.addAll(options);
        return operands;
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword("ALTER");
        writer.keyword(kind.sql());
        Writing.ifExists(writer, ifExists);
        name.unparse(writer, 0, 0);
        writer.keyword("SET");
        Writing.parenthesized(writer, options);
    }
}
