package io.millrace.query.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.Seeds;
import io.millrace.query.SqlException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Statements that nobody would write: those of the scenarios with words exchanged, dropped and doubled.
/// Whatever comes out, it is a plan or a [SqlException] that is not our own fault.
class FrontFuzzTest {
    private static final int STATEMENTS = 1_500;
    private static final Pattern NAME = Pattern.compile("\\b[a-z_][a-z0-9_$]*\\b");
    private static final long SEED = Seeds.first(20_261_121);

    @Test
    void everyMutatedStatementIsPlannedOrRefusedWithReason() throws IOException {
        SplittableRandom random = new SplittableRandom(SEED);
        List<Scenario> scenarios = Scenario.readAll();
        List<String> words = new ArrayList<>();
        for (Scenario scenario : scenarios) {
            words.addAll(List.of(scenario.sql().split("\\s+")));
        }
        FrontFixture fixture = new FrontFixture();
        String setup = "";
        int planned = 0;
        List<String> faults = new ArrayList<>();
        for (int i = 0; i < STATEMENTS; i++) {
            Scenario scenario = scenarios.get(random.nextInt(scenarios.size()));
            if (!scenario.setup().equals(setup)) {
                fixture = new FrontFixture();
                fixture.plan(scenario.setup());
                setup = scenario.setup();
            }
            String sql = mutated(scenario.sql(), words, random);
            try {
                for (var statement : fixture.front.parse(sql)) {
                    fixture.plan(statement);
                    planned++;
                }
            } catch (SqlException refused) {
                if (refused.code().equals("internal_planner_error")) {
                    faults.add(sql + "\n    → " + refused.getMessage());
                }
            } catch (RuntimeException | AssertionError | StackOverflowError broken) {
                throw new AssertionError("seed " + SEED + ", statement " + i + ": " + sql, broken);
            }
        }
        assertThat(planned).as("some mutants are still right").isGreaterThan(100);
        // a failure inside Calcite is told as such and never thrown as it is; it must stay rare
        assertThat(faults).as("seed %d: %s", SEED, String.join("\n", faults)).hasSizeLessThan(STATEMENTS / 300);
    }

    /// Half of the time any word becomes any other; else a name becomes another name or a constant, which gets
    /// past the parser.
    private static String mutated(String sql, List<String> words, SplittableRandom random) {
        if (random.nextBoolean()) {
            return withOtherName(sql, words, random);
        }
        List<String> tokens = new ArrayList<>(List.of(sql.split("\\s+")));
        int changes = 1 + random.nextInt(2);
        for (int i = 0; i < changes && !tokens.isEmpty(); i++) {
            int place = random.nextInt(tokens.size());
            switch (random.nextInt(4)) {
                case 0 -> tokens.remove(place);
                case 1 -> tokens.set(place, words.get(random.nextInt(words.size())));
                case 2 -> tokens.add(place, tokens.get(random.nextInt(tokens.size())));
                default -> tokens.set(place, tokens.get(random.nextInt(tokens.size())));
            }
        }
        return String.join(" ", tokens);
    }

    private static String withOtherName(String sql, List<String> words, SplittableRandom random) {
        List<MatchResult> names = NAME.matcher(sql).results().toList();
        if (names.isEmpty()) {
            return sql;
        }
        MatchResult place = names.get(random.nextInt(names.size()));
        String other = switch (random.nextInt(6)) {
            case 0 -> "5";
            case 1 -> "'text'";
            case 2 -> "NULL";
            case 3 -> names.get(random.nextInt(names.size())).group();
            default -> {
                String word = words.get(random.nextInt(words.size()));
                yield NAME.matcher(word).matches() ? word : "item";
            }
        };
        return sql.substring(0, place.start()) + other + sql.substring(place.end());
    }
}
