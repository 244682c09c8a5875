package io.millrace.query.parser.node;

import org.apache.calcite.sql.parser.SqlParserPos;

/// `CREATE TABLE …`: see [SqlCreateRelation], which has all of its parts.
public final class SqlCreateTable extends SqlCreateRelation {
    SqlCreateTable(SqlParserPos position, Parts parts) {
        super(position, ObjectKind.TABLE, parts);
    }
}
