package io.millrace.query.parser.node;

import io.millrace.query.parser.SqlSyntaxException;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

/// PostgreSQL's parameter `$n`. Its index counts from 0 as for `?`, so `$1` has index 0; the same number may
/// stand twice.
public final class SqlNumberedParameter extends SqlDynamicParam {
    /// `$1` to `$1000`: whoever binds values makes an array of this size.
    static final int NUMBER_MAX = 1000;

    private SqlNumberedParameter(int index, SqlParserPos position) {
        super(index, position);
    }

    /// For the grammar; the image is the dollar and digits.
    public static SqlNumberedParameter of(String image, SqlParserPos position) {
        String digits = image.substring(1);
        int number = digits.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(digits);
        if (number < 1 || number > NUMBER_MAX) {
            throw SqlSyntaxException.at(
                    position, "Parameters are numbered from $1 to $" + NUMBER_MAX + ", found " + image, null);
        }
        return new SqlNumberedParameter(number - 1, position);
    }

    @Override
    public SqlNumberedParameter clone(SqlParserPos position) {
        return new SqlNumberedParameter(getIndex(), position);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.print("$" + (getIndex() + 1));
        writer.setNeedWhitespace(true);
    }
}
