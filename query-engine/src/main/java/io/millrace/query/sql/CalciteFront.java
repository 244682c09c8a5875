package io.millrace.query.sql;

import io.millrace.query.CatalogEntry;
import io.millrace.query.QueryEngine.ParsedStatement;
import io.millrace.query.Session;
import io.millrace.query.SqlException;
import io.millrace.query.parser.SqlStatements;
import io.millrace.query.parser.SqlSyntaxException;
import io.millrace.query.parser.StatementSplitter;
import io.millrace.query.parser.node.SqlAlterObject;
import io.millrace.query.parser.node.SqlCreateRelation;
import io.millrace.query.parser.node.SqlCreateView;
import io.millrace.query.parser.node.SqlDescribe;
import io.millrace.query.parser.node.SqlDropObject;
import io.millrace.query.parser.node.SqlExplainStatement;
import io.millrace.query.parser.node.SqlNames;
import io.millrace.query.parser.node.SqlQueryControl;
import io.millrace.query.parser.node.SqlQueryWithEmit;
import io.millrace.query.parser.node.SqlSetSession;
import io.millrace.query.parser.node.SqlShow;
import io.millrace.query.parser.node.SqlStatement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.apache.calcite.sql.SqlDelete;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlInsert;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlUpdate;
import org.apache.calcite.sql.parser.SqlParserPos;

/// The front on top of Calcite: one statement, one pass, nothing kept.
///
/// A statement is parsed again when it is planned, because validation changes the tree; text in front of it is
/// replaced by blanks, so that places in errors are those in the whole text.
final class CalciteFront implements SqlFront {
    private final ColumnInference inference;
    private final Optimizer.Witness witness;
    private final LongSupplier clock;

    CalciteFront(ColumnInference inference, Optimizer.Witness witness, LongSupplier clock) {
        this.inference = inference;
        this.witness = witness;
        this.clock = clock;
    }

    @Override
    public List<ParsedStatement> parse(String sql) {
        List<SqlNode> nodes;
        try {
            nodes = SqlStatements.parse(sql);
        } catch (SqlSyntaxException syntax) {
            throw Problems.of(syntax);
        }
        List<StatementSplitter.Statement> texts = StatementSplitter.split(sql).statements();
        if (texts.size() != nodes.size()) {
            throw new IllegalStateException(
                    "the text splits into " + texts.size() + " statements, but " + nodes.size() + " were parsed");
        }
        List<ParsedStatement> statements = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            SqlNode node = nodes.get(i);
            int start = texts.get(i).start();
            int line = 1;
            int lineStart = 0;
            for (int at = 0; at < start; at++) {
                if (sql.charAt(at) == '\n') {
                    line++;
                    lineStart = at + 1;
                }
            }
            boolean continuous = node instanceof SqlQueryWithEmit query && query.emit() != null;
            statements.add(new ParsedStatement(
                    texts.get(i).text(), line, start - lineStart + 1, continuous, writes(node), node));
        }
        return List.copyOf(statements);
    }

    /// Whether others must agree on what it does. Pausing or ending a query concerns the node that runs it.
    private static boolean writes(SqlNode node) {
        return !(node instanceof SqlQueryWithEmit
                || node instanceof SqlShow
                || node instanceof SqlDescribe
                || node instanceof SqlExplainStatement
                || node instanceof SqlSetSession
                || node instanceof SqlQueryControl);
    }

    @Override
    public PlannedStatement plan(ParsedStatement statement, Session session, Catalog catalog) {
        Planning planning = new Planning(session, inference, clock.getAsLong());
        Relations relations = new Relations(planning, catalog);
        SqlParserPos place = new SqlParserPos(statement.line(), statement.column());
        session.settings().forEach((name, value) -> SessionSettings.check(name, value, SqlParserPos.ZERO));
        try {
            String padded = "\n".repeat(statement.line() - 1) + " ".repeat(statement.column() - 1) + statement.text();
            SqlNode node = SqlStatements.parse(padded).getFirst();
            return plan(node, relations);
        } catch (RuntimeException | AssertionError | StackOverflowError failure) {
            SqlException problem = Problems.of(failure, place, new QueryCompiler(relations).known());
            throw problem.line() > 0
                    ? problem
                    : new SqlException(
                            problem.code(),
                            problem.getMessage() == null ? "" : problem.getMessage(),
                            statement.line(),
                            statement.column(),
                            problem.hint());
        }
    }

    @Override
    public Optional<String> writtenTopic(String key, String text) {
        return Drops.writtenTopic(key, text);
    }

    @Override
    public List<CatalogEntry> describeAll(Catalog catalog) {
        return new Listings(new Relations(new Planning(Session.create(), inference, clock.getAsLong()), catalog))
                .entries();
    }

    @Override
    public Optional<CatalogEntry> describe(String name, Catalog catalog) {
        return new Listings(new Relations(new Planning(Session.create(), inference, clock.getAsLong()), catalog))
                .find(name);
    }

    @Override
    public void warmUp() {
        WarmUp.run(this);
    }

    private PlannedStatement plan(SqlNode node, Relations relations) {
        return switch (node) {
            case SqlStatement statement -> plan(statement, relations);
            case SqlInsert insert -> new Writes(relations, witness).insert(insert);
            case SqlDelete delete -> new Writes(relations, witness).delete(delete);
            case SqlUpdate update -> new Writes(relations, witness).update(update);
            default ->
                throw Problems.unsupported("This kind of statement is not supported", node.getParserPosition(), null);
        };
    }

    private PlannedStatement plan(SqlStatement node, Relations relations) {
        return switch (node) {
            case SqlQueryWithEmit query -> new QueryPlanner(relations, witness).plan(query);
            case SqlCreateRelation create -> new Creations(relations, witness).relation(create);
            case SqlCreateView create -> new Creations(relations, witness).view(create);
            case SqlDropObject drop -> new Drops(relations).drop(drop);
            case SqlExplainStatement explain -> explain(explain, relations);
            case SqlShow show -> new Listings(relations).show(show);
            case SqlDescribe describe -> new Listings(relations).describe(describe);
            case SqlSetSession set -> set(set);
            case SqlQueryControl control ->
                new PlannedStatement.Control(
                        switch (control.action()) {
                            case PAUSE -> PlannedStatement.Action.PAUSE;
                            case RESUME -> PlannedStatement.Action.RESUME;
                            case VERIFY -> PlannedStatement.Action.VERIFY;
                            case DROP -> PlannedStatement.Action.CANCEL;
                        },
                        control.id());
            case SqlAlterObject alter ->
                throw Problems.unsupported(
                        "ALTER is not supported yet",
                        alter.getParserPosition(),
                        "CREATE OR REPLACE changes a definition; topics are changed over HTTP.");
        };
    }

    private PlannedStatement explain(SqlExplainStatement explain, Relations relations) {
        PlannedStatement planned = plan(explain.statement(), relations);
        PlannedStatement.Query query = switch (planned) {
            case PlannedStatement.Query select -> select;
            case PlannedStatement.CreateQuery create -> create.query();
            case PlannedStatement.Insert insert -> insert.query();
            default ->
                throw Problems.unsupported(
                        "There is nothing to explain: the statement runs no query", explain.getParserPosition(), null);
        };
        return switch (explain.mode()) {
            case PLAN -> Listings.text("plan", Explain.plan(query), query.notices());
            case STATE ->
                Listings.rows(List.of("operator", "bound", "bounded"), Explain.state(query.plan()), query.notices());
            case ANALYZE -> new PlannedStatement.Analyze(query);
        };
    }

    private static PlannedStatement set(SqlSetSession set) {
        SqlIdentifier name = set.name();
        if (name == null) {
            return new PlannedStatement.SetOption("all", "");
        }
        String text = SqlNames.text(name);
        String value = set.valueText();
        if (value == null) {
            SessionSettings.checkName(text, name.getParserPosition());
        } else {
            SessionSettings.check(text, value, name.getParserPosition());
        }
        return new PlannedStatement.SetOption(text, value == null ? "" : value);
    }
}
