package io.millrace.query.parser;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.millrace.query.parser.Scenarios.Scenario;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.calcite.sql.SqlNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever the text, the parser answers soon, and with statements or a [SqlSyntaxException] that points into
/// the text.
@Timeout(value = 60, unit = SECONDS)
class HostileTextTest {
    private static final List<String> SEEDS = Stream.of("statements.txt", "errors.txt")
            .flatMap(file -> Scenarios.read(file).stream())
            .map(Scenario::sql)
            .toList();
    private static final String CHARACTERS = "'\"()[]{},;.:=<>+-*/%|?$#@!&^~`\\ \n\r\t0x9aÄ日\u0000\uD83D\uDE00\u0007";
    private static final List<String> WORDS = Keywords.all().stream().toList();

    static LongStream seeds() {
        return LongStream.range(1, 21);
    }

    static LongStream campaignSeeds() {
        return LongStream.range(1000, 1400);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void mutatedStatementsGiveStatementsOrSyntaxErrors(long seed) {
        mutate(seed, 400);
    }

    @Tag("campaign")
    @ParameterizedTest
    @MethodSource("campaignSeeds")
    void manyMutatedStatementsGiveStatementsOrSyntaxErrors(long seed) {
        mutate(seed, 2_000);
    }

    private static void mutate(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < count; i++) {
            String sql = SEEDS.get(random.nextInt(SEEDS.size()));
            int changes = 1 + random.nextInt(4);
            for (int change = 0; change < changes; change++) {
                sql = mutated(sql, random);
            }
            answer(seed, sql);
        }
    }

    /// What parses is written and read again: text that the parser made up itself must be its own language.
    private static void answer(long seed, String sql) {
        List<SqlNode> statements;
        try {
            statements = SqlStatements.parse(sql);
        } catch (SqlSyntaxException e) {
            assertPlaceIsInText(sql, e);
            return;
        } catch (Throwable e) {
            fail("seed %d: %s".formatted(seed, sql), e);
            return;
        }
        for (SqlNode statement : statements) {
            String written = SqlStatements.unparse(statement);
            try {
                assertThat(SqlStatements.unparse(SqlStatements.parse(written).getFirst()))
                        .isEqualTo(written);
            } catch (SqlSyntaxException | AssertionError e) {
                fail("seed %d: %s\nwritten as %s".formatted(seed, sql, written), e);
            }
        }
    }

    private static void assertPlaceIsInText(String sql, SqlSyntaxException e) {
        List<String> lines = new ArrayList<>(sql.lines().toList());
        if (sql.isEmpty() || sql.endsWith("\n") || sql.endsWith("\r")) {
            lines.add("");
        }
        assertThat(e.line()).as("%s: %s", sql, e.getMessage()).isBetween(1, lines.size());
        assertThat(e.column())
                .as("%s: %s", sql, e.getMessage())
                .isBetween(1, lines.get(e.line() - 1).length() + 1);
        assertThat(e.problem()).doesNotContain("Encountered", "<EOF>", "Was expecting", "null");
        assertThat(e.problem().lines()).hasSize(1);
    }

    private static String mutated(String sql, SplittableRandom random) {
        int at = random.nextInt(sql.length() + 1);
        int to = Math.min(sql.length(), at + random.nextInt(12));
        String other = SEEDS.get(random.nextInt(SEEDS.size()));
        int otherAt = random.nextInt(other.length());
        return switch (random.nextInt(7)) {
            case 0 -> sql.substring(0, at) + sql.substring(to); // leave out
            case 1 -> sql.substring(0, at) + CHARACTERS.charAt(random.nextInt(CHARACTERS.length())) + sql.substring(at);
            case 2 -> sql.substring(0, at) + sql.substring(at, to) + sql.substring(at); // twice
            case 3 -> sql.substring(0, at) + " " + WORDS.get(random.nextInt(WORDS.size())) + " " + sql.substring(at);
            case 4 -> sql.substring(0, at); // torn off
            case 5 -> sql.substring(0, at) + other.substring(otherAt); // spliced
            default ->
                sql.substring(0, at) + CHARACTERS.charAt(random.nextInt(CHARACTERS.length())) + sql.substring(to);
        };
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '~',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "(,)",
                "[,]",
                "(SELECT ,)",
                "f(,)",
                "CASE WHEN a THEN , END",
                "ARRAY[,]",
                "(a -> ,)",
                "EXISTS (SELECT ,)"
            })
    void tenThousandLevelsAreASyntaxError(String open, String close) {
        String sql = "SELECT " + open.repeat(10_000) + "1" + close.repeat(10_000);

        assertThatThrownBy(() -> SqlStatements.parse(sql))
                .isInstanceOf(SqlSyntaxException.class)
                .hasMessageContaining("Nested more than 100 deep");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                " + 1",
                " || 'x'",
                " OR a",
                " LIKE a",
                "::int",
                " IS NULL",
                "['a']",
                " UNION SELECT 1",
                ":a",
                ".a"
            })
    void tenThousandOperatorsInARowAreASyntaxErrorOrFine(String repeated) {
        answer(0, "SELECT a" + repeated.repeat(10_000));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"NOT ", "- ", "+ ", "DATE ", "MAP<INT, ", "EXPLAIN ", "a, ", "(", "CASE ", "a.", "INTERVAL "})
    void tenThousandPrefixesAreASyntaxErrorOrFine(String repeated) {
        answer(0, "SELECT " + repeated.repeat(10_000) + "a");
        answer(0, "SELECT CAST(a AS " + repeated.repeat(10_000) + "a)");
        answer(0, repeated.repeat(10_000));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '~',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {"(,)", "(SELECT ,)", "f(,)", "CASE WHEN a THEN , END", "ARRAY[,]", "EXISTS (SELECT ,)", "(1 + ,)"})
    void nestingUpToTheLimitIsReadSoon(String open, String close) {
        int levels = ParserSettings.DEFAULT.nestingDepthMax();

        for (int depth : new int[] {levels - 1, levels}) {
            assertThat(SqlStatements.parse("SELECT " + open.repeat(depth) + "1" + close.repeat(depth)))
                    .hasSize(1);
        }
        String tooDeep = "SELECT " + open.repeat(levels + 1) + "1" + close.repeat(levels + 1);
        assertThatThrownBy(() -> SqlStatements.parse(tooDeep)).hasMessageContaining("deep");
    }

    @Test
    void theDepthOfATreeIsLimited() {
        // the statement, the SELECT and its list are three levels, the innermost operand is one
        ParserSettings settings = new ParserSettings(1000, 256, 100, 10);

        assertThat(SqlStatements.parse("SELECT a" + " + a".repeat(5), settings)).hasSize(1);
        assertThat(SqlStatements.parse("SELECT a" + " + a".repeat(6), settings)).hasSize(1);
        assertThatThrownBy(() -> SqlStatements.parse("SELECT a" + " + a".repeat(7), settings))
                .isInstanceOf(SqlSyntaxException.class)
                .hasMessageContaining("more than 10 levels");
    }

    @Test
    void theLengthOfATextIsLimited() {
        ParserSettings settings = new ParserSettings(8, 256, 100, 100);

        assertThat(SqlStatements.parse("SHOW A L".replace(" L", "LL").strip(), settings))
                .hasSize(1);
        assertThatThrownBy(() -> SqlStatements.parse("SHOW ALL ", settings))
                .isInstanceOf(SqlSyntaxException.class)
                .hasMessageContaining("has 9 characters, at most 8");
    }

    @Test
    void theLengthOfANameIsLimited() {
        int length = ParserSettings.DEFAULT.identifierLengthMax();

        assertThat(SqlStatements.parse("DESCRIBE " + "a".repeat(length - 1))).hasSize(1);
        assertThat(SqlStatements.parse("DESCRIBE " + "a".repeat(length))).hasSize(1);
        assertThatThrownBy(() -> SqlStatements.parse("DESCRIBE " + "a".repeat(length + 1)))
                .isInstanceOf(SqlSyntaxException.class)
                .hasMessageContaining("256");
    }

    @Test
    void settingsRefuseWhatIsNoLimit() {
        assertThatThrownBy(() -> new ParserSettings(0, 1, 1, 1)).hasMessageContaining("textLengthMax");
        assertThatThrownBy(() -> new ParserSettings(1, 1, 1, -1)).hasMessageContaining("treeDepthMax");
    }
}
