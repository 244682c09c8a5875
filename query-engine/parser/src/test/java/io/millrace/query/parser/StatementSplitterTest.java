package io.millrace.query.parser;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.parser.StatementSplitter.Ending;
import io.millrace.query.parser.StatementSplitter.Split;
import io.millrace.query.parser.StatementSplitter.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StatementSplitterTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "~~                         |                       | COMPLETE",
                "SELECT 1;                  | SELECT 1              | COMPLETE",
                "SELECT 1                   | SELECT 1              | WITHOUT_SEMICOLON",
                "a; b;c                     | a / b / c             | WITHOUT_SEMICOLON",
                ";;a;;                      | a                     | COMPLETE",
                "'a;b';                     | 'a;b'                 | COMPLETE",
                "'it''s;';b                 | 'it''s;' / b          | WITHOUT_SEMICOLON",
                "\"a;\"\"b\";c;             | \"a;\"\"b\" / c       | COMPLETE",
                "E'a\\';b';c;               | E'a\\';b' / c         | COMPLETE",
                "e'\\\\';c;                 | e'\\\\' / c           | COMPLETE",
                "type'a\\';c;               | type'a\\' / c         | COMPLETE",
                "a /* ; */ b; c;            | a /* ; */ b / c       | COMPLETE",
                "/* a; */ b;                | b                     | COMPLETE",
                "a; -- b;                   | a                     | COMPLETE",
                "a; // b;                   | a                     | COMPLETE",
                "a /* /* ; */ b; c          | a /* /* ; */ b / c    | WITHOUT_SEMICOLON",
                "a /*+ hint(';') */ b;      | a /*+ hint(';') */ b  | COMPLETE",
                "a - - b; c / / d;          | a - - b / c / / d     | COMPLETE",
                "a; 'b; c                   | a / 'b; c             | IN_STRING",
                "a; \"b; c                  | a / \"b; c            | IN_QUOTED_NAME",
                "a; b /* c;                 | a / b                 | IN_COMMENT",
                "a; /* c;                   | a                     | IN_COMMENT",
                "a; '                       | a / '                 | IN_STRING",
                "E'a\\                      | E'a\\                 | IN_STRING",
            })
    void textIsSplitAtSemicolonsOutsideOfQuotesAndComments(String text, String statements, Ending ending) {
        Split split = StatementSplitter.split(text);

        assertThat(String.join(
                        " / ", split.statements().stream().map(Statement::text).toList()))
                .isEqualTo(statements == null ? "" : statements);
        assertThat(split.ending()).isEqualTo(ending);
        assertThat(split.incomplete()).isEqualTo(ending != Ending.COMPLETE);
    }

    @Test
    void aLineCommentEndsWithItsLineWhateverEndsTheLine() {
        assertThat(StatementSplitter.split("a -- ;\n; b -- ;\r\n; c // ;\r; d").statements())
                .extracting(Statement::text)
                .containsExactly("a", "b", "c", "d");
    }

    @Test
    void aStatementKnowsItsPlace() {
        String text = "  SELECT 1 ;\n -- x\n  SHOW ALL -- y\n;";

        List<Statement> statements = StatementSplitter.split(text).statements();

        assertThat(statements).extracting(Statement::text).containsExactly("SELECT 1", "SHOW ALL");
        for (Statement statement : statements) {
            assertThat(text.substring(statement.start(), statement.end())).isEqualTo(statement.text());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void splittingAgreesWithTheParser(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> all = Scenarios.read("statements.txt").stream()
                .map(Scenarios.Scenario::sql)
                .toList();
        for (int round = 0; round < 20; round++) {
            List<String> chosen = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                chosen.add(all.get(random.nextInt(all.size())));
            }
            String text = String.join(random.nextBoolean() ? ";" : "\n; -- ;\n", chosen);

            Split split = StatementSplitter.split(text);

            assertThat(split.statements()).as("seed %d", seed).hasSameSizeAs(SqlStatements.parse(text));
            assertThat(split.ending()).isEqualTo(Ending.WITHOUT_SEMICOLON);
        }
    }
}
