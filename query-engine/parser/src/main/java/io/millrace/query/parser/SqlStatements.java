package io.millrace.query.parser;

import io.millrace.query.parser.impl.MillraceParserImpl;
import io.millrace.query.parser.impl.MillraceParserImplConstants;
import io.millrace.query.parser.impl.ParseException;
import io.millrace.query.parser.impl.TokenMgrError;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.avatica.util.Casing;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.parser.SqlAbstractParserImpl.LexicalState;
import org.apache.calcite.sql.validate.SqlConformance;
import org.apache.calcite.util.SourceStringReader;

/// The entry: SQL text to statements, and back.
///
/// Threading: all methods may be called by any thread.
public final class SqlStatements {
    private SqlStatements() {}

    /// As [#parse(String, ParserSettings)] with the default limits.
    public static List<SqlNode> parse(String sql) {
        return parse(sql, ParserSettings.DEFAULT);
    }

    /// Reads statements separated by `;`. Empty ones are skipped, so text without a statement gives an empty
    /// list.
    ///
    /// Each is an [io.millrace.query.parser.node.SqlStatement] or Calcite's `SqlInsert`, `SqlDelete` or
    /// `SqlUpdate`. Unquoted names are in lower case, quoted ones as written.
    ///
    /// @throws SqlSyntaxException with the place of the first mistake in the whole text
    public static List<SqlNode> parse(String sql, ParserSettings settings) {
        MillraceParserImpl parser = parser(sql, settings);
        List<SqlNode> statements = new ArrayList<>();
        try {
            while (parser.getToken(1).kind != MillraceParserImplConstants.EOF) {
                if (parser.getToken(1).kind == MillraceParserImplConstants.SEMICOLON) {
                    parser.getNextToken();
                    continue;
                }
                statements.add(parser.MillraceStatement());
                parser.StatementEnd();
            }
        } catch (ParseException | TokenMgrError e) {
            throw new SqlSyntaxException(String.valueOf(e.getMessage()), 1, 1, 1, 1, null);
        }
        return List.copyOf(statements);
    }

    /// The freedoms of the dialect, for the validator: it must agree with the parser.
    public static SqlConformance conformance() {
        return MillraceConformance.INSTANCE;
    }

    private static MillraceParserImpl parser(String sql, ParserSettings settings) {
        MillraceParserImpl parser =
                (MillraceParserImpl) MillraceParserImpl.FACTORY.getParser(new SourceStringReader(sql));
        parser.setTabSize(1); // a tab is one character, like any other
        parser.setUnquotedCasing(Casing.TO_LOWER);
        parser.setQuotedCasing(Casing.UNCHANGED);
        parser.setIdentifierMaxLength(settings.identifierLengthMax());
        parser.setConformance(MillraceConformance.INSTANCE);
        parser.switchTo(LexicalState.DQID);
        return parser;
    }
}
