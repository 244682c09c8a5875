package io.millrace.query.parser;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.parser.Scenarios.Scenario;
import java.util.List;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.util.Litmus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StatementsTest {
    static List<Scenario> statements() {
        return Scenarios.read("statements.txt");
    }

    static List<Scenario> errors() {
        return Scenarios.read("errors.txt");
    }

    @Test
    void theFilesHoldWhatTheyPromise() {
        assertThat(statements()).hasSizeGreaterThanOrEqualTo(120);
        assertThat(errors()).hasSizeGreaterThanOrEqualTo(40);
    }

    @ParameterizedTest
    @MethodSource("statements")
    void aStatementIsWrittenAsTheFileSays(Scenario scenario) {
        assertThat("out> " + SqlStatements.unparse(parseOne(scenario.sql())).replace("\n", "\n...> "))
                .isEqualTo(scenario.outcome());
    }

    @ParameterizedTest
    @MethodSource("statements")
    void writingAndReadingAgainChangesNothing(Scenario scenario) {
        SqlNode first = parseOne(scenario.sql());
        String written = SqlStatements.unparse(first);
        SqlNode second = parseOne(written);

        assertThat(SqlStatements.unparse(second)).isEqualTo(written);
        assertThat(first.equalsDeep(second, Litmus.IGNORE)).as(written).isTrue();
    }

    @ParameterizedTest
    @MethodSource("errors")
    void aMistakeIsToldAsTheFileSays(Scenario scenario) {
        assertThat(outcome(scenario.sql())).isEqualTo(scenario.outcome());
    }

    @ParameterizedTest
    @MethodSource("statements")
    void aStatementKeepsItsMeaningInALargerText(Scenario scenario) {
        List<SqlNode> three = SqlStatements.parse(";; SELECT 1;\n" + scenario.sql() + "\n; -- end\nSHOW ALL ;");

        assertThat(three).hasSize(3);
        assertThat(SqlStatements.unparse(three.get(1))).isEqualTo(SqlStatements.unparse(parseOne(scenario.sql())));
        assertThat(StatementSplitter.split(scenario.sql()).statements()).hasSize(1);
    }

    private static SqlNode parseOne(String sql) {
        List<SqlNode> statements = SqlStatements.parse(sql);
        assertThat(statements).hasSize(1);
        return statements.getFirst();
    }

    private static String outcome(String sql) {
        try {
            return "out> " + SqlStatements.parse(sql);
        } catch (SqlSyntaxException e) {
            String place = e.line() + ":" + e.column() + "-" + e.endLine() + ":" + e.endColumn();
            return "error> " + place + " " + e.problem()
                    + e.hint().map(hint -> "\nhint> " + hint).orElse("");
        }
    }
}
