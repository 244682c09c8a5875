package io.millrace.query.parser;

import io.millrace.query.parser.impl.MillraceParserImpl;
import io.millrace.query.parser.impl.MillraceParserImplConstants;
import io.millrace.query.parser.impl.ParseException;
import io.millrace.query.parser.impl.Token;
import io.millrace.query.parser.impl.TokenMgrError;
import io.millrace.query.parser.node.SqlQueryWithEmit;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.avatica.util.Casing;
import org.apache.calcite.sql.SqlDialect;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriterConfig;
import org.apache.calcite.sql.dialect.AnsiSqlDialect;
import org.apache.calcite.sql.parser.SqlAbstractParserImpl.LexicalState;
import org.apache.calcite.sql.pretty.SqlPrettyWriter;
import org.apache.calcite.sql.validate.SqlConformance;
import org.apache.calcite.util.SourceStringReader;

/// The entry: SQL text to statements, and back.
///
/// Threading: all methods may be called by any thread.
public final class SqlStatements {
    private static final SqlDialect DIALECT = new AnsiSqlDialect(AnsiSqlDialect.DEFAULT_CONTEXT
            .withIdentifierQuoteString("\"")
            .withLiteralQuoteString("'")
            .withLiteralEscapedQuoteString("''"));

    private SqlStatements() {}

    /// As [#parse(String, ParserSettings)] with the default limits.
    public static List<SqlNode> parse(String sql) {
        return parse(sql, ParserSettings.DEFAULT);
    }

    /// Reads statements separated by `;`. Empty ones are skipped, so text without a statement gives an empty
    /// list.
    ///
    /// Each is an [io.millrace.query.parser.node.SqlStatement] or Calcite's `SqlInsert`, `SqlDelete` or
    /// `SqlUpdate`. Unquoted names are in lower case, quoted ones as written. Parameters are counted anew in
    /// each statement.
    ///
    /// @throws SqlSyntaxException with the place of the first mistake in the whole text
    public static List<SqlNode> parse(String sql, ParserSettings settings) {
        SyntaxErrors errors = new SyntaxErrors(sql);
        Limits.check(sql, settings, errors);
        MillraceParserImpl parser = parser(sql, settings);
        List<SqlNode> statements = new ArrayList<>();
        try {
            for (Token first = parser.getToken(1); first.kind != MillraceParserImplConstants.EOF; ) {
                if (first.kind == MillraceParserImplConstants.SEMICOLON) {
                    parser.getNextToken();
                } else {
                    errors.requireStarter(first, parser);
                    SqlNode statement = parser.MillraceStatement();
                    parser.StatementEnd();
                    Limits.check(statement, settings);
                    statements.add(statement);
                }
                first = parser.getToken(1);
            }
        } catch (ParseException e) {
            throw errors.of(e);
        } catch (TokenMgrError e) {
            throw errors.of(e);
        } catch (SqlSyntaxException e) {
            throw e;
        } catch (RuntimeException e) {
            // Calcite's productions report some mistakes by other exceptions, for instance a bad literal's
            throw errors.of(e, parser.token);
        } catch (StackOverflowError e) {
            // the limits on depth leave few ways to get here, such as a thousand LIKEs in a row
            throw SyntaxErrors.at(parser.token, "Nested too deep to be read", "Write it with fewer levels.");
        }
        return List.copyOf(statements);
    }

    /// Reads one query without FRONTIER and EMIT, for instance the stored text of a view.
    ///
    /// @throws SqlSyntaxException also if it is anything else
    public static SqlNode parseQuery(String sql, ParserSettings settings) {
        List<SqlNode> statements = parse(sql, settings);
        if (statements.size() == 1
                && statements.getFirst() instanceof SqlQueryWithEmit statement
                && statement.emit() == null
                && statement.frontier() == null) {
            return statement.query();
        }
        throw new SyntaxErrors(sql).at(0, "Expected one query without AS OF FRONTIER and EMIT", null);
    }

    /// Writes a statement or a part of one on one line, so that reading it again gives the same node: all names
    /// are quoted.
    public static String unparse(SqlNode node) {
        SqlWriterConfig config = SqlPrettyWriter.config()
                .withDialect(DIALECT)
                .withQuoteAllIdentifiers(true)
                .withAlwaysUseParentheses(false)
                .withSelectListItemsOnSeparateLines(false)
                .withUpdateSetListNewline(false)
                .withClauseStartsLine(false)
                .withIndentation(0)
                .withLineLength(0);
        SqlPrettyWriter writer = new SqlPrettyWriter(config);
        node.unparse(writer, 0, 0);
        return writer.toString();
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
