package io.millrace.query.parser.node;

import io.millrace.query.parser.SqlSyntaxException;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.sql.SqlDataTypeSpec;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// A column of a stream or table: `name type [NOT NULL] [PRIMARY KEY] [DEFAULT e]`, `name [type] AS e`, or only
/// its name where a query says the rest.
public final class SqlColumn extends SqlFragment {
    private final SqlIdentifier name;
    private final @Nullable SqlDataTypeSpec type;
    private final boolean nullable;
    private final boolean primaryKey;
    private final @Nullable SqlNode expression;
    private final @Nullable SqlNode defaultValue;

    private SqlColumn(SqlParserPos position, Builder builder) {
        super(position, "COLUMN");
        this.name = builder.name;
        this.nullable = builder.nullable;
        // the type says again whether NULL is allowed: that is where Calcite looks when it derives the type
        this.type = builder.type == null ? null : builder.type.withNullable(builder.nullable);
        this.primaryKey = builder.primaryKey;
        this.expression = builder.expression;
        this.defaultValue = builder.defaultValue;
    }

    /// A simple name.
    public SqlIdentifier name() {
        return name;
    }

    /// As written; absent for a computed column without one and where a query says it. A name that Calcite does
    /// not know (`text`, `json`, `bytea`, `timestamptz` …) is a user-defined type name. Its nullability is that
    /// of the column.
    public @Nullable SqlDataTypeSpec type() {
        return type;
    }

    /// Whether NULL is allowed; a column of a key written `PRIMARY KEY` here never allows it.
    public boolean nullable() {
        return nullable;
    }

    /// `PRIMARY KEY` stands behind this column; see [SqlCreateRelation#primaryKey] for both spellings.
    public boolean primaryKey() {
        return primaryKey;
    }

    /// The `e` of a computed column `name AS e`.
    public @Nullable SqlNode expression() {
        return expression;
    }

    /// The `e` of `DEFAULT e`.
    public @Nullable SqlNode defaultValue() {
        return defaultValue;
    }

    @Override
    public List<SqlNode> getOperandList() {
        List<SqlNode> operands = new ArrayList<>();
        operands.add(name);
        if (type != null) {
            operands.add(type);
        }
        if (expression != null) {
            operands.add(expression);
        }
        if (defaultValue != null) {
            operands.add(defaultValue);
        }
        return operands;
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        name.unparse(writer, 0, 0);
        if (type != null) {
            type.unparse(writer, 0, 0);
        }
        if (primaryKey) {
            writer.keyword("PRIMARY KEY");
        } else if (!nullable) {
            writer.keyword("NOT NULL");
        }
        if (defaultValue != null) {
            writer.keyword("DEFAULT");
            defaultValue.unparse(writer, 0, 0);
        }
        if (expression != null) {
            writer.keyword("AS");
            expression.unparse(writer, 0, 0);
        }
    }

    /// Takes the attributes in any order and refuses those that contradict an earlier one.
    public static final class Builder {
        private final SqlIdentifier name;
        private @Nullable SqlDataTypeSpec type;
        private @Nullable Boolean nullableAsWritten;
        private boolean nullable = true;
        private boolean primaryKey;
        private @Nullable SqlNode expression;
        private @Nullable SqlNode defaultValue;

        public Builder(SqlIdentifier name) {
            this.name = name;
        }

        public void type(SqlDataTypeSpec written) {
            type = written;
        }

        public void notNull(SqlParserPos position) {
            nullability(position, false);
        }

        public void nullable(SqlParserPos position) {
            nullability(position, true);
        }

        private void nullability(SqlParserPos position, boolean allowed) {
            if (nullableAsWritten != null) {
                throw refused(
                        position,
                        nullableAsWritten == allowed ? "says NULL or NOT NULL twice" : "says both NULL and NOT NULL");
            }
            if (allowed && primaryKey) {
                throw refused(position, "is a primary key and cannot be NULL");
            }
            nullableAsWritten = allowed;
            nullable = allowed;
        }

        public void primaryKey(SqlParserPos position) {
            if (primaryKey) {
                throw refused(position, "says PRIMARY KEY twice");
            }
            if (nullableAsWritten != null && nullableAsWritten) {
                throw refused(position, "is a primary key and cannot be NULL");
            }
            primaryKey = true;
            nullable = false;
        }

        public void defaultValue(SqlNode value) {
            if (defaultValue != null) {
                throw refused(value.getParserPosition(), "says DEFAULT twice");
            }
            refuseDefaultOfComputed(value.getParserPosition(), expression);
            defaultValue = value;
        }

        public void computedAs(SqlNode value) {
            if (expression != null) {
                throw refused(value.getParserPosition(), "says AS twice");
            }
            refuseDefaultOfComputed(value.getParserPosition(), defaultValue);
            expression = value;
        }

        public SqlColumn build(SqlParserPos end) {
            return new SqlColumn(name.getParserPosition().plus(end), this);
        }

        private void refuseDefaultOfComputed(SqlParserPos position, @Nullable SqlNode other) {
            if (other != null) {
                throw refused(position, "is computed and cannot have a DEFAULT");
            }
        }

        private SqlSyntaxException refused(SqlParserPos position, String problem) {
            return SqlSyntaxException.at(position, "Column " + name.getSimple() + " " + problem, null);
        }
    }
}
