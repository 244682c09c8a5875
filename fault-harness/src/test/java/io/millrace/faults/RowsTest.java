package io.millrace.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.faults.check.Verdict;
import io.millrace.faults.check.Violation;
import io.millrace.faults.check.Violation.Kind;
import io.millrace.faults.stage.Setup;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RowsTest {
    @Test
    void namesAreUniqueAndFindTheirRow() {
        assertThat(Rows.all()).extracting(Row::name).doesNotHaveDuplicates();
        assertThat(Rows.all())
                .allSatisfy(row -> assertThat(Rows.named(row.name())).contains(row));
        assertThat(Rows.named("nothing")).isEmpty();
    }

    @Test
    void theBugsOfAllRowsTogetherTryEveryColumnThatABugCanBePlantedFor() {
        EnumSet<Kind> tried = EnumSet.noneOf(Kind.class);
        Rows.all().forEach(row -> tried.addAll(row.planted().caughtAs()));

        assertThat(tried)
                .containsAll(EnumSet.of(
                        Kind.LOST,
                        Kind.DUPLICATED,
                        Kind.REORDERED,
                        Kind.DIVERGED,
                        Kind.PHANTOM,
                        Kind.STALE,
                        Kind.LATE));
        assertThat(Rows.all())
                .allSatisfy(row -> assertThat(row.planted().caughtAs()).isNotEmpty());
    }

    @Test
    void aBugIsOnlyCaughtAsWhatItIs() {
        Row row = Rows.named("kill-one").orElseThrow();

        assertThat(new RowResult.Proved(row, run(row, Kind.LOST)).isCaught()).isTrue();
        assertThat(new RowResult.Proved(row, run(row, Kind.STALE)).isCaught()).isFalse();
        assertThat(run(row, Kind.LOST).isFailure()).isTrue();
    }

    private static RowResult.Checked run(Row row, Kind kind) {
        Verdict verdict = new Verdict(
                Map.of(kind, 2L), List.of(new Violation(kind, "k/1", "is wrong")), 10, 1, 0, List.of(20L, 1_500L), 0);
        return new RowResult.Checked(
                row, 7, verdict, List.of(900L, 100L, 500L), 0, Map.of("200", 3L), List.of(), 1, "");
    }

    @Test
    void theTableShowsCountsAndTimes() {
        Row row = Rows.named("kill-one").orElseThrow();
        RowResult result = run(row, Kind.LOST);

        String table = Report.table(List.of(result, new RowResult.Skipped(row, "needs root")));

        List<String> lines = table.lines().toList();
        assertThat(lines).hasSize(4);
        assertThat(lines.stream().map(String::length).distinct())
                .as("cells line up")
                .hasSize(1);
        assertThat(lines.get(2))
                .matches("\\| kill-one +\\| 2 +\\| 0 .*\\| 0\\.50 s, 0\\.90 s +\\| 10 .*\\| FAILED +\\|");
        assertThat(lines.get(3)).contains("skipped: needs root");
        assertThat(Report.details(result))
                .contains("row seed 7", "lost: k/1: is wrong", "2 writes after 0.76 s, 1.50 s", "200 ×3");
    }

    @Test
    void howManyNodesARowBeginsWithFollowsFromItsCourse() {
        assertThat(Rows.named("kill-leader").orElseThrow().course().firstNodes(5))
                .isEqualTo(5);
        assertThat(Rows.named("grow").orElseThrow().course().firstNodes(5)).isEqualTo(1);
        assertThat(Rows.named("resize").orElseThrow().course().firstNodes(5)).isEqualTo(3);
    }

    @Test
    void headlinesSayWhatIsNotPlain() {
        assertThat(Setup.PLAIN.remark()).isEmpty();
        assertThat(new Setup(4, 0, false).remark()).isEqualTo(", 4 groups");
        assertThat(new Setup(2, 0, true).remark()).isEqualTo(", 2 groups, TLS");
        assertThat(new Setup(4, 3, false).remark()).isEqualTo(", 4 groups, 3 replicas");
        assertThatThrownBy(() -> new Setup(0, 0, false)).hasMessageContaining("0 groups");
        assertThatThrownBy(() -> new Setup(1, 3, false)).hasMessageContaining("3 replicas of each of 1 groups");
    }

    @Test
    void groupsMoveOnlyWhereTheyHaveSomewhereToGo() {
        Row row = Rows.named("reassign").orElseThrow();
        Setup placed = new Setup(4, 3, false);

        assertThat(row.obstacle(3, placed)).isEqualTo("needs 4 nodes");
        assertThat(row.obstacle(4, placed)).isEmpty();
        assertThat(row.obstacle(5, placed)).isEmpty();
        assertThat(row.obstacle(5, Setup.PLAIN)).contains("needs --replication-factor");
        assertThat(row.obstacle(5, new Setup(4, 4, false))).isEmpty();
        assertThat(row.obstacle(5, new Setup(4, 5, false))).contains("needs --replication-factor");
        assertThat(Rows.named("kill-leader").orElseThrow().obstacle(5, Setup.PLAIN))
                .isEmpty();
    }

    @Test
    void aClientThatRetriesMayWaitSoLongAndNoLongerForWhatPeopleDo() {
        Row planned = Rows.named("grow").orElseThrow();
        Row broken = Rows.named("kill-leader").orElseThrow();

        assertThat(Campaign.noticed(planned, retriedFor(Campaign.RETRIES_MS_MAX)))
                .isNull();
        assertThat(Campaign.noticed(planned, retriedFor(Campaign.RETRIES_MS_MAX + 1)))
                .contains("15001 ms");
        assertThat(Campaign.noticed(broken, retriedFor(Campaign.RETRIES_MS_MAX + 1)))
                .isNull();
    }

    private static Verdict retriedFor(long ms) {
        return new Verdict(Map.of(), List.of(), 10, 0, 0, List.of(), ms);
    }
}
