package io.millrace.query.parser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.millrace.query.parser.node.ObjectKind;
import io.millrace.query.parser.node.SqlAlterObject;
import io.millrace.query.parser.node.SqlColumn;
import io.millrace.query.parser.node.SqlCreateStream;
import io.millrace.query.parser.node.SqlCreateTable;
import io.millrace.query.parser.node.SqlCreateView;
import io.millrace.query.parser.node.SqlDescribe;
import io.millrace.query.parser.node.SqlDropObject;
import io.millrace.query.parser.node.SqlEmit;
import io.millrace.query.parser.node.SqlExplainStatement;
import io.millrace.query.parser.node.SqlNames;
import io.millrace.query.parser.node.SqlOption;
import io.millrace.query.parser.node.SqlQueryControl;
import io.millrace.query.parser.node.SqlQueryWithEmit;
import io.millrace.query.parser.node.SqlSetSession;
import io.millrace.query.parser.node.SqlShow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlSelectKeyword;
import org.apache.calcite.sql.util.SqlBasicVisitor;
import org.apache.calcite.util.Litmus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodesTest {
    @Test
    void aStreamHasAllItWasWrittenWith() {
        SqlCreateStream stream = parse(SqlCreateStream.class, """
                CREATE STREAM Orders (id BIGINT NOT NULL, "Item" TEXT DEFAULT 'x', total AS id * 2, ts TIMESTAMP(3),
                  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND, PRIMARY KEY (id, ts))
                WITH (topic = 'o', Partitions = 8, compacted = TRUE, ttl = INTERVAL '7' DAY)""");

        assertThat(stream.replace()).isFalse();
        assertThat(stream.ifNotExists()).isFalse();
        assertThat(SqlNames.text(stream.name())).isEqualTo("orders");
        assertThat(stream.columns()).extracting(c -> c.name().getSimple()).containsExactly("id", "Item", "total", "ts");
        assertThat(stream.columns()).extracting(SqlColumn::nullable).containsExactly(false, true, true, true);
        assertThat(stream.columns())
                .extracting(c -> String.valueOf(c.type()))
                .containsExactly("BIGINT", "`text`", "null", "TIMESTAMP(3)");
        assertThat(stream.columns())
                .extracting(c -> String.valueOf(c.expression()))
                .containsExactly("null", "null", "`id` * 2", "null");
        assertThat(stream.columns().get(1).defaultValue()).hasToString("'x'");
        assertThat(stream.watermarks()).singleElement().satisfies(watermark -> {
            assertThat(watermark.column().getSimple()).isEqualTo("ts");
            assertThat(watermark.expression()).hasToString("`ts` - INTERVAL '5' SECOND");
        });
        assertThat(stream.primaryKey()).extracting(SqlIdentifier::getSimple).containsExactly("id", "ts");
        assertThat(stream.options())
                .extracting(SqlOption::key)
                .containsExactly("topic", "partitions", "compacted", "ttl");
        assertThat(stream.options()).extracting(SqlOption::valueText).startsWith("o", "8", "true");
        assertThat(stream.options().getFirst().keyPosition().getLineNum()).isEqualTo(3);
        assertThat(stream.query()).isNull();
        assertThat(stream.emit()).isNull();
    }

    @Test
    void aKeyMayStandBehindItsColumn() {
        SqlCreateTable table =
                parse(SqlCreateTable.class, "CREATE OR REPLACE TABLE kv.users (id BIGINT PRIMARY KEY, name VARCHAR)");

        assertThat(table.replace()).isTrue();
        assertThat(SqlNames.text(table.name())).isEqualTo("kv.users");
        assertThat(table.primaryKey()).extracting(SqlIdentifier::getSimple).containsExactly("id");
        SqlColumn id = table.columns().getFirst();
        assertThat(id.primaryKey()).isTrue();
        assertThat(id.nullable()).isFalse();
        assertThat(Objects.requireNonNull(id.type()).getNullable()).isFalse();
    }

    @Test
    void aViewHasItsQueryAndEmit() {
        SqlCreateView view = parse(
                SqlCreateView.class,
                "CREATE MATERIALIZED VIEW IF NOT EXISTS m (a, b) AS SELECT x, y FROM t EMIT FINAL AFTER DELAY INTERVAL '10' SECOND");

        assertThat(view.materialized()).isTrue();
        assertThat(view.ifNotExists()).isTrue();
        assertThat(view.columnNames()).extracting(SqlIdentifier::getSimple).containsExactly("a", "b");
        assertThat(view.query()).isInstanceOf(SqlSelect.class);
        SqlEmit emit = Objects.requireNonNull(view.emit());
        assertThat(emit.finalOnly()).isTrue();
        assertThat(emit.changes()).isFalse();
        assertThat(emit.delay()).isEqualTo(Duration.ofSeconds(10));
        assertThat(emit.every()).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            nullValues = "-",
            value = {
                "SELECT a FROM t                                                    | false | false | -        | -",
                "SELECT STREAM a FROM t                                             | true  | false | -        | -",
                "SELECT a FROM t EMIT CHANGES                                       | true  | false | -        | -",
                "SELECT a FROM t EMIT FINAL                                         | false | true  | -        | -",
                "SELECT STREAM a FROM t EMIT FINAL                                  | false | true  | -        | -",
                "SELECT STREAM a FROM t EMIT EVERY INTERVAL '1' SECOND              | true  | false | PT1S     | -",
                "SELECT a FROM t EMIT EVERY INTERVAL '1 hour 30 minutes'            | false | false | PT1H30M  | -",
                "SELECT a FROM t EMIT EVERY INTERVAL '250 ms' AFTER DELAY INTERVAL '2' DAY | false | false | PT0.25S | PT48H",
                "SELECT a FROM t EMIT AFTER DELAY INTERVAL '0' SECOND CHANGES       | true  | false | -        | PT0S",
            })
    void emitSaysWhenChangesAreSent(String sql, boolean changes, boolean finalOnly, String every, String delay) {
        SqlQueryWithEmit query = parse(SqlQueryWithEmit.class, sql);
        SqlEmit emit = query.emit();

        assertThat(emit != null && emit.changes()).isEqualTo(changes);
        assertThat(emit != null && emit.finalOnly()).isEqualTo(finalOnly);
        assertThat(emit == null ? null : emit.every()).isEqualTo(every == null ? null : Duration.parse(every));
        assertThat(emit == null ? null : emit.delay()).isEqualTo(delay == null ? null : Duration.parse(delay));
        assertThat(query.query())
                .asInstanceOf(type(SqlSelect.class))
                .satisfies(select -> assertThat(select.isKeywordPresent(SqlSelectKeyword.STREAM))
                        .isFalse());
    }

    @Test
    void aFrontierIsTextWithAPlace() {
        SqlQueryWithEmit query = parse(SqlQueryWithEmit.class, "SELECT a FROM t AS OF FRONTIER '{\"t\":[1]}'");

        assertThat(query.frontier()).isEqualTo("{\"t\":[1]}");
        assertThat(Objects.requireNonNull(query.frontierPosition()).getColumnNum())
                .isEqualTo(32);
    }

    @Test
    void otherStatementsHaveTheirParts() {
        SqlDropObject drop = parse(SqlDropObject.class, "DROP MATERIALIZED VIEW IF EXISTS \"My.View\"");
        assertThat(drop.kind()).isEqualTo(ObjectKind.MATERIALIZED_VIEW);
        assertThat(drop.ifExists()).isTrue();
        assertThat(SqlNames.text(drop.name())).isEqualTo("My.View");

        SqlAlterObject alter = parse(SqlAlterObject.class, "ALTER TOPIC t SET (a = 1.50, b = NULL)");
        assertThat(alter.kind()).isEqualTo(ObjectKind.TOPIC);
        assertThat(alter.options()).extracting(SqlOption::valueText).containsExactly("1.50", "null");

        SqlShow show = parse(SqlShow.class, "SHOW TABLES LIKE 'a%'");
        assertThat(show.kind()).isEqualTo(SqlShow.Kind.TABLES);
        assertThat(show.pattern()).isEqualTo("a%");

        assertThat(SqlNames.text(parse(SqlDescribe.class, "DESC kv.x").name())).isEqualTo("kv.x");

        SqlExplainStatement explain = parse(SqlExplainStatement.class, "EXPLAIN STATE SELECT 1 EMIT FINAL");
        assertThat(explain.mode()).isEqualTo(SqlExplainStatement.Mode.STATE);
        assertThat(explain.statement()).isInstanceOf(SqlQueryWithEmit.class);

        SqlQueryControl control = parse(SqlQueryControl.class, "RESUME QUERY 'a-b'");
        assertThat(control.action()).isEqualTo(SqlQueryControl.Action.RESUME);
        assertThat(control.id()).isEqualTo("a-b");

        SqlSetSession set = parse(SqlSetSession.class, "SET on_error TO fail");
        assertThat(SqlNames.text(Objects.requireNonNull(set.name()))).isEqualTo("on_error");
        assertThat(set.valueText()).isEqualTo("fail");
        assertThat(parse(SqlSetSession.class, "RESET on_error").valueText()).isNull();
        assertThat(parse(SqlSetSession.class, "RESET ALL").name()).isNull();
    }

    @Test
    void parametersHaveIndexesFromZeroInEachStatement() {
        List<SqlNode> statements = SqlStatements.parse("SELECT ?, ?; SELECT ? FROM t LIMIT ?; SELECT $2, $1, $2");

        assertThat(statements)
                .extracting(NodesTest::parameterIndexes)
                .containsExactly(List.of(0, 1), List.of(0, 1), List.of(1, 0, 1));
    }

    @Test
    void statementsThatDifferInAFlagAreNotEqual() {
        SqlNode plain = SqlStatements.parse("DROP STREAM s").getFirst();
        SqlNode ifExists = SqlStatements.parse("DROP STREAM IF EXISTS s").getFirst();

        assertThat(plain.equalsDeep(ifExists, Litmus.IGNORE)).isFalse();
        assertThat(plain.equalsDeep(SqlStatements.parse("drop stream S").getFirst(), Litmus.IGNORE))
                .isTrue();
    }

    @Test
    void aQueryAloneIsReadForAView() {
        assertThat(SqlStatements.parseQuery("SELECT 1 ORDER BY 1;", ParserSettings.DEFAULT))
                .isNotNull();
        assertThatThrownBy(() -> SqlStatements.parseQuery("SELECT 1 EMIT FINAL", ParserSettings.DEFAULT))
                .isInstanceOf(SqlSyntaxException.class);
        assertThatThrownBy(() -> SqlStatements.parseQuery("SHOW ALL", ParserSettings.DEFAULT))
                .isInstanceOf(SqlSyntaxException.class);
    }

    @Test
    void keywordsKnowWhichAreNames() {
        assertThat(Keywords.all())
                .contains("SELECT", "EMIT", "WATERMARK", "STREAMS")
                .hasSizeGreaterThan(500);
        assertThat(Keywords.reserved())
                .contains("SELECT", "EMIT", "OFFSET", "USER")
                .doesNotContain("VALUE", "DATE", "WATERMARK");
        assertThat(Keywords.all()).containsAll(Keywords.reserved());
        for (String keyword : Keywords.all()) {
            if (!Keywords.reserved().contains(keyword)) {
                assertThat(SqlStatements.parse("DESCRIBE " + keyword))
                        .as(keyword)
                        .hasSize(1);
            } else {
                assertThatThrownBy(() -> SqlStatements.parse("DESCRIBE " + keyword))
                        .as(keyword)
                        .isInstanceOf(SqlSyntaxException.class);
            }
        }
    }

    private static List<Integer> parameterIndexes(SqlNode statement) {
        List<Integer> indexes = new ArrayList<>();
        statement.accept(new SqlBasicVisitor<Void>() {
            @Override
            @SuppressWarnings("NullAway") // a visitor without a result
            public Void visit(SqlDynamicParam parameter) {
                indexes.add(parameter.getIndex());
                return null;
            }
        });
        return indexes;
    }

    private static <T extends SqlNode> T parse(Class<T> type, String sql) {
        List<SqlNode> statements = SqlStatements.parse(sql);
        assertThat(statements).singleElement().isInstanceOf(type);
        return type.cast(statements.getFirst());
    }
}
