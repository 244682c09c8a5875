package io.millrace.query.parser.node;

import java.util.List;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

/// `WATERMARK FOR column AS expression` among the columns of a stream or table.
public final class SqlWatermark extends SqlFragment {
    private final SqlIdentifier column;
    private final SqlNode expression;

    public SqlWatermark(SqlParserPos position, SqlIdentifier column, SqlNode expression) {
        super(position, "WATERMARK");
        this.column = column;
        this.expression = expression;
    }

    /// The column that carries event time; a simple name.
    public SqlIdentifier column() {
        return column;
    }

    /// How far event time has come when a row is seen, for instance `ts - INTERVAL '5' SECOND`.
    public SqlNode expression() {
        return expression;
    }

    @Override
    public List<SqlNode> getOperandList() {
        return List.of(column, expression);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword("WATERMARK FOR");
        column.unparse(writer, 0, 0);
        writer.keyword("AS");
        expression.unparse(writer, 0, 0);
    }
}
