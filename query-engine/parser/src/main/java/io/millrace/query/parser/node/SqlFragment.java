package io.millrace.query.parser.node;

import java.util.List;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlSpecialOperator;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.util.Litmus;
import org.jspecify.annotations.Nullable;

/// A node of Millrace: a statement or a part of one.
///
/// Visitors of Calcite see [#getOperandList]; a shuttle cannot rebuild these nodes, so rewrite the query inside
/// and not its statement.
public abstract sealed class SqlFragment extends SqlCall
        permits SqlStatement, SqlColumn, SqlEmit, SqlOption, SqlPrimaryKey, SqlWatermark {
    private final SqlOperator operator;

    SqlFragment(SqlParserPos position, String name) {
        this(position, name, SqlKind.OTHER);
    }

    SqlFragment(SqlParserPos position, String name, SqlKind kind) {
        super(position);
        this.operator = new SqlSpecialOperator(name, kind);
    }

    @Override
    public final SqlOperator getOperator() {
        return operator;
    }

    /// The nodes inside, in the order of the text; what is absent is left out.
    @Override
    public abstract List<SqlNode> getOperandList();

    /// Nodes are immutable but for Calcite's own parts, so a clone would differ in nothing but its position.
    @Override
    public final SqlNode clone(SqlParserPos position) {
        return this;
    }

    /// Two nodes are the same if they write the same SQL: flags such as IF EXISTS are no operands.
    @Override
    public final boolean equalsDeep(@Nullable SqlNode node, Litmus litmus) {
        if (node != null && getClass() == node.getClass() && toString().equals(node.toString())) {
            return litmus.succeed();
        }
        return litmus.fail("{} != {}", this, node);
    }
}
