package io.millrace.query.parser.node;

import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.parser.SqlParserPos;

/// A statement of Millrace. The parser returns one of these, or Calcite's `SqlInsert`, `SqlDelete` or
/// `SqlUpdate`.
public abstract sealed class SqlStatement extends SqlFragment
        permits SqlAlterObject,
                SqlCreateRelation,
                SqlCreateView,
                SqlDescribe,
                SqlDropObject,
                SqlExplainStatement,
                SqlQueryControl,
                SqlQueryWithEmit,
                SqlSetSession,
                SqlShow {
    SqlStatement(SqlParserPos position, String name, SqlKind kind) {
        super(position, name, kind);
    }
}
