package io.millrace.query.parser.node;

import org.apache.calcite.sql.parser.SqlParserPos;

/// `CREATE STREAM …`: see [SqlCreateRelation], which has all of its parts.
public final class SqlCreateStream extends SqlCreateRelation {
    SqlCreateStream(SqlParserPos position, Parts parts) {
        super(position, ObjectKind.STREAM, parts);
    }
}
