package io.millrace.shell.parse;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class StatementSplitterTest {

    /// Input and what it is divided into: `S[…]` SQL, `C[name arguments <buffer>]` a command, `I[…]`
    /// unfinished.
    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of("", ""),
                Arguments.of("  \n ", ""),
                Arguments.of(";;", ""),
                Arguments.of("SELECT 1;", "S[SELECT 1]"),
                Arguments.of("SELECT 1", "I[SELECT 1]"),
                Arguments.of("SELECT 1; SELECT 2;", "S[SELECT 1] S[SELECT 2]"),
                Arguments.of("SELECT 1; SELECT", "S[SELECT 1] I[SELECT]"),
                Arguments.of("SELECT\n 1 ;", "S[SELECT\n 1]"),
                Arguments.of("SELECT ';';", "S[SELECT ';']"),
                Arguments.of("SELECT 'it''s; fine';", "S[SELECT 'it''s; fine']"),
                Arguments.of("SELECT 'open;", "I[SELECT 'open;]"),
                Arguments.of("SELECT \"a;b\";", "S[SELECT \"a;b\"]"),
                Arguments.of("SELECT \"a\"\"b;\";", "S[SELECT \"a\"\"b;\"]"),
                Arguments.of("SELECT 1 -- no; end\n;", "S[SELECT 1 -- no; end]"),
                Arguments.of("-- only a comment", ""),
                Arguments.of("-- before\nSELECT 1;", "S[SELECT 1]"),
                Arguments.of("SELECT /* ; */ 1;", "S[SELECT /* ; */ 1]"),
                Arguments.of("/* a /* nested; */ b; */ SELECT 1;", "S[SELECT 1]"),
                Arguments.of("/* open", "I[/* open]"),
                Arguments.of("SELECT 1 /* open ;", "I[SELECT 1 /* open ;]"),
                Arguments.of("SELECT $$ a;b $$;", "S[SELECT $$ a;b $$]"),
                Arguments.of("SELECT $x$ a $$ ; $x$;", "S[SELECT $x$ a $$ ; $x$]"),
                Arguments.of("SELECT $x$ ;", "I[SELECT $x$ ;]"),
                Arguments.of("SELECT * FROM orders$late;", "S[SELECT * FROM orders$late]"),
                Arguments.of("SELECT $1;", "S[SELECT $1]"),
                Arguments.of("\\d", "C[d]"),
                Arguments.of("\\d orders", "C[d orders]"),
                Arguments.of("\\d orders;", "C[d orders]"),
                Arguments.of("  \\dt\n", "C[dt]"),
                Arguments.of("\\i 'a file.sql' \"x y\"", "C[i a file.sql,x y]"),
                Arguments.of("\\x\nSELECT 1;", "C[x] S[SELECT 1]"),
                Arguments.of("SELECT 1 \\watch 2", "C[watch 2 <SELECT 1>]"),
                Arguments.of("SELECT 1;\n\\q", "S[SELECT 1] C[q]"),
                Arguments.of("SELECT '\\d';", "S[SELECT '\\d']"),
                Arguments.of("help", "C[?]"),
                Arguments.of("HELP;", "C[?]"),
                Arguments.of("quit", "C[q]"),
                Arguments.of("exit;\n", "C[q]"),
                Arguments.of("help me", "I[help me]"),
                Arguments.of("SELECT\nhelp\n;", "S[SELECT\nhelp]"),
                Arguments.of("\\", "C[]"));
    }

    private static String picture(Statement statement) {
        return switch (statement) {
            case Statement.Sql sql -> "S[" + sql.text() + "]";
            case Statement.Incomplete rest -> "I[" + rest.text() + "]";
            case Statement.Command command ->
                "C[" + command.name()
                        + (command.arguments().isEmpty() ? "" : " " + String.join(",", command.arguments()))
                        + (command.buffer().isEmpty() ? "" : " <" + command.buffer() + ">") + "]";
        };
    }

    @ParameterizedTest
    @MethodSource("cases")
    void inputIsDividedWhereAPersonWouldDivideIt(String input, String expected) {
        String found = StatementSplitter.split(input).stream()
                .map(StatementSplitterTest::picture)
                .collect(Collectors.joining(" "));
        assertThat(found).isEqualTo(expected);
        assertThat(StatementSplitter.isComplete(input)).isEqualTo(!expected.contains("I["));
    }

    @Test
    void statementsKnowTheirLine() {
        List<Statement> statements = StatementSplitter.split("\n-- x\nSELECT 1;\n\nSELECT\n2; \\d\nSELECT");
        assertThat(statements).extracting(Statement::line).containsExactly(3, 5, 6, 7);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void tokensCoverAnyTextWithoutGaps(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        String alphabet = "ab1.;'\"$-/*\\ \n_é(,e+x";
        for (int round = 0; round < 500; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(40); i > 0; i--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            String input = text.toString();
            int end = 0;
            for (Token token : SqlScanner.scan(input)) {
                assertThat(token.start()).as("seed %d: %s", seed, input).isEqualTo(end);
                assertThat(token.end()).as("seed %d: %s", seed, input).isGreaterThan(token.start());
                end = token.end();
            }
            assertThat(end).as("seed %d: %s", seed, input).isEqualTo(input.length());
            assertThat(StatementSplitter.split(input))
                    .as("seed %d: %s", seed, input)
                    .isNotNull();
        }
    }

    @Test
    void aLongScriptIsDividedInLinearTime() {
        String script = "INSERT INTO t VALUES (1, 'x');\n".repeat(50_000);
        assertThat(StatementSplitter.split(script)).hasSize(50_000);
    }
}
