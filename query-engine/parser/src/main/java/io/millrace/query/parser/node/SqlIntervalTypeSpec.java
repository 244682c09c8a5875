package io.millrace.query.parser.node;

import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlIntervalQualifier;
import org.apache.calcite.sql.SqlTypeNameSpec;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.validate.SqlValidator;
import org.apache.calcite.util.Litmus;

/// `INTERVAL DAY TO SECOND` where a type is written; Calcite knows intervals only in casts.
public final class SqlIntervalTypeSpec extends SqlTypeNameSpec {
    private final SqlIntervalQualifier qualifier;

    public SqlIntervalTypeSpec(SqlParserPos position, SqlIntervalQualifier qualifier) {
        super(new SqlIdentifier("INTERVAL", position), position);
        this.qualifier = qualifier;
    }

    public SqlIntervalQualifier qualifier() {
        return qualifier;
    }

    @Override
    public RelDataType deriveType(SqlValidator validator) {
        return validator.getTypeFactory().createSqlIntervalType(qualifier);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword("INTERVAL");
        qualifier.unparse(writer, 0, 0);
    }

    @Override
    public boolean equalsDeep(SqlTypeNameSpec other, Litmus litmus) {
        if (other instanceof SqlIntervalTypeSpec interval && qualifier.equalsDeep(interval.qualifier, litmus)) {
            return litmus.succeed();
        }
        return litmus.fail("{} != {}", this, other);
    }
}
