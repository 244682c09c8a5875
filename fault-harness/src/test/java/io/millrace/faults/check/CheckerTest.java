package io.millrace.faults.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.faults.check.Violation.Kind;
import io.millrace.faults.history.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Histories made by hand: a good one, and one with each thing that can be wrong with it.
class CheckerTest {
    private static final int PARTITION = 0;

    private final List<Event> events = new ArrayList<>();
    private long nowNs;

    private long tick() {
        nowNs += 10;
        return nowNs;
    }

    private void sent(String producer, long sequence, int count) {
        events.add(new Event.Sent(tick(), producer, sequence, count, PARTITION, false));
    }

    private void acknowledged(String producer, long sequence, int count, long offset) {
        acknowledgedBy("n1", producer, sequence, count, offset);
    }

    private void acknowledgedBy(String node, String producer, long sequence, int count, long offset) {
        long begun = nowNs;
        events.add(new Event.Acknowledged(tick(), begun, producer, sequence, count, PARTITION, offset, node));
    }

    private void written(String producer, long sequence, long offset) {
        sent(producer, sequence, 1);
        acknowledged(producer, sequence, 1, offset);
    }

    private void kept(String node, String... names) {
        for (int offset = 0; offset < names.length; offset++) {
            events.add(new Event.Kept(tick(), node, PARTITION, offset, names[offset]));
        }
    }

    private Verdict verdict() {
        return Checker.check(events.stream());
    }

    private void assertOnly(Kind kind, long count) {
        assertThat(verdict().counts()).isEqualTo(Map.of(kind, count));
    }

    @Test
    void aGoodHistoryIsClean() {
        sent("k", 0, 3);
        acknowledged("k", 0, 3, 0);
        written("u", 0, 3);
        sent("u", 1, 1);
        events.add(new Event.Unknown(tick(), "u", 1, 1, "504"));
        sent("u", 2, 1);
        events.add(new Event.Refused(tick(), "u", 2, 1, "503"));
        events.add(new Event.Seen(tick(), "n2", PARTITION, 1, "k/1"));
        events.add(new Event.CommitAcknowledged(tick(), PARTITION, 1));
        events.add(new Event.Committed(tick(), nowNs, "n2", PARTITION, 1));
        events.add(new Event.Latest(tick(), nowNs, "n2", PARTITION, 4));
        kept("n1", "k/0", "k/1", "k/2", "u/0", "u/1");
        kept("n2", "k/0", "k/1", "k/2", "u/0", "u/1");

        assertThat(verdict()).isEqualTo(new Verdict(Map.of(), List.of(), 4, 1, 1, List.of(), 0));
    }

    @Test
    void anUncertainRecordMayBeThereOnceOrNotAtAll() {
        sent("u", 0, 1);
        events.add(new Event.Unknown(tick(), "u", 0, 1, "504"));
        sent("u", 1, 1);
        events.add(new Event.Unknown(tick(), "u", 1, 1, "504"));
        kept("n1", "u/0");

        assertThat(verdict()).isEqualTo(new Verdict(Map.of(), List.of(), 0, 2, 0, List.of(), 0));
    }

    @Test
    void anUncertainRecordThatIsThereTwiceIsDuplicated() {
        sent("u", 0, 1);
        events.add(new Event.Unknown(tick(), "u", 0, 1, "504"));
        kept("n1", "u/0", "u/0");

        assertOnly(Kind.DUPLICATED, 1);
    }

    @Test
    void anAcknowledgedRecordThatIsNowhereIsLost() {
        written("k", 0, 0);
        written("k", 1, 1);
        kept("n1", "k/0");

        assertOnly(Kind.LOST, 1);
        assertThat(verdict().examples().getFirst().place()).isEqualTo("k/1");
    }

    @Test
    void eachRecordOfALostRequestCounts() {
        sent("k", 0, 5);
        acknowledged("k", 0, 5, Event.NO_OFFSET);

        assertOnly(Kind.LOST, 5);
    }

    @Test
    void aRecordThatAConsumerGotAndThatIsGoneIsLost() {
        sent("u", 0, 1);
        events.add(new Event.Unknown(tick(), "u", 0, 1, "504"));
        events.add(new Event.Seen(tick(), "n1", PARTITION, 0, "u/0"));

        assertOnly(Kind.LOST, 1);
    }

    @Test
    void aRetryThatIsWrittenAgainIsDuplicated() {
        sent("k", 0, 1);
        events.add(new Event.Unknown(tick(), "k", 0, 1, "no answer"));
        written("k", 0, 1);
        kept("n1", "k/0", "k/0");

        // its acknowledgement names the second place, where it is, too
        assertOnly(Kind.DUPLICATED, 1);
    }

    @Test
    void acknowledgementsOfTwoPlacesAreDuplicated() {
        written("k", 0, 0);
        written("k", 0, 1);
        kept("n1", "k/0", "k/0");

        assertOnly(Kind.DUPLICATED, 2);
    }

    @Test
    void aRecordAtAnotherOffsetThanWasAnsweredIsReordered() {
        sent("k", 0, 2);
        acknowledged("k", 0, 2, 0);
        kept("n1", "k/1", "k/0");

        assertOnly(Kind.REORDERED, 2);
    }

    @Test
    void offsetsThatFallWhileTheSequenceRisesAreReordered() {
        written("k", 0, 1);
        written("k", 1, 0);
        kept("n1", "k/1", "k/0");

        assertOnly(Kind.REORDERED, 1);
    }

    @Test
    void twoNodesThatDifferHaveDiverged() {
        written("k", 0, 0);
        sent("u", 0, 1);
        kept("n1", "k/0");
        kept("n2", "u/0");

        assertThat(verdict().count(Kind.DIVERGED)).isEqualTo(1);
    }

    @Test
    void aNodeThatLacksARecordHasDiverged() {
        written("k", 0, 0);
        kept("n1", "k/0");
        events.add(new Event.Kept(tick(), "n2", 1, 0, "u/0"));
        sent("u", 0, 1);

        assertOnly(Kind.DIVERGED, 2); // each lacks what the other one has
    }

    @Test
    void aRecordThatChangesAfterItWasReadHasDiverged() {
        written("k", 0, 0);
        sent("u", 0, 1);
        events.add(new Event.Seen(tick(), "n1", PARTITION, 0, "u/0"));
        kept("n1", "k/0");

        assertOnly(Kind.DIVERGED, 1);
    }

    @Test
    void filesThatDifferHaveDiverged() {
        written("k", 0, 0);
        kept("n1", "k/0");
        events.add(new Event.Stored(tick(), "n1", PARTITION, 0, 17));
        events.add(new Event.Stored(tick(), "n2", PARTITION, 0, 18));

        assertOnly(Kind.DIVERGED, 1);
    }

    @Test
    void filesThatLackWhatIsServedHaveDiverged() {
        written("k", 0, 0);
        written("k", 1, 1);
        kept("n1", "k/0", "k/1");
        events.add(new Event.Stored(tick(), "n1", PARTITION, 0, 17));

        assertOnly(Kind.DIVERGED, 1);
    }

    @Test
    void aRecordThatNobodySentIsAPhantom() {
        kept("n1", "?rubbish");

        assertOnly(Kind.PHANTOM, 1);
    }

    @Test
    void aRefusedRecordThatIsThereIsAPhantom() {
        sent("u", 0, 1);
        events.add(new Event.Refused(tick(), "u", 0, 1, "503"));
        kept("n1", "u/0");

        assertOnly(Kind.PHANTOM, 1);
    }

    @Test
    void aRecordThatWasRefusedAndSentAgainMayBeThere() {
        sent("k", 0, 1);
        events.add(new Event.Refused(tick(), "k", 0, 1, "503"));
        written("k", 0, 0);
        kept("n1", "k/0");

        assertThat(verdict().isClean()).isTrue();
    }

    @Test
    void aReadThatMissesWhatWasAcknowledgedBeforeItIsStale() {
        written("k", 0, 0);
        long askedNs = tick();
        written("k", 1, 1);
        events.add(new Event.Latest(tick(), askedNs, "n1", PARTITION, 1)); // all that it had to know
        events.add(new Event.Latest(tick(), nowNs, "n1", PARTITION, 1)); // not any more
        kept("n1", "k/0", "k/1");

        assertOnly(Kind.STALE, 1);
    }

    @Test
    void aCommitThatGoesBackIsStale() {
        events.add(new Event.CommitAcknowledged(tick(), PARTITION, 7));
        events.add(new Event.Committed(tick(), nowNs, "n1", PARTITION, 6));
        events.add(new Event.Committed(tick(), nowNs, "n1", PARTITION, 7));
        events.add(new Event.Committed(tick(), nowNs, "n1", PARTITION, 8)); // of a commit without an answer

        assertOnly(Kind.STALE, 1);
    }

    @Test
    void acknowledgingWhileCutOffIsUnsafe() {
        events.add(new Event.CutOff(tick(), "n1"));
        written("k", 0, 0);
        sent("k", 1, 1);
        acknowledgedBy("n2", "k", 1, 1, 1);
        events.add(new Event.Restored(tick(), "n1"));
        written("k", 2, 2);
        kept("n1", "k/0", "k/1", "k/2");

        assertOnly(Kind.UNSAFE, 1);
    }

    @Test
    void aCutMayConcernSomePartitionsOnly() {
        events.add(new Event.CutOff(tick(), "n1", List.of(PARTITION + 1)));
        written("k", 0, 0);
        kept("n1", "k/0");
        assertThat(verdict().isClean()).isTrue();

        events.add(new Event.Restored(tick(), "n1"));
        events.add(new Event.CutOff(tick(), "n1", List.of(PARTITION + 1, PARTITION)));
        written("k", 1, 1);
        kept("n1", "k/0", "k/1");
        assertThat(verdict().counts()).containsEntry(Kind.UNSAFE, 1L);
    }

    /// `n1` serves two records, as does `n2`, who asks `n1` for them.
    private void servedByTwo() {
        written("k", 0, 0);
        written("k", 1, 1);
        kept("n1", "k/0", "k/1");
        kept("n2", "k/0", "k/1");
        events.add(new Event.Placed(tick(), PARTITION, List.of("n1")));
    }

    private void stored(String node, long... checksums) {
        for (int offset = 0; offset < checksums.length; offset++) {
            events.add(new Event.Stored(tick(), node, PARTITION, offset, checksums[offset]));
        }
    }

    @Test
    void whoDoesNotHoldAPartitionNeedsNoFilesOfIt() {
        servedByTwo();
        stored("n1", 17, 18);
        assertThat(verdict().isClean()).isTrue();

        stored("n2", 17); // what it has not deleted yet
        assertThat(verdict().isClean()).isTrue();
    }

    @Test
    void whoHoldsAPartitionNeedsAllOfIt() {
        servedByTwo();
        stored("n1", 17);
        assertOnly(Kind.DIVERGED, 1);
    }

    @Test
    void whoHoldsAPartitionAndHasNoFileAtAllIsNoticed() {
        servedByTwo();
        stored("n2", 17, 18);
        assertOnly(Kind.DIVERGED, 1);
    }

    @Test
    void whoHadAPartitionMayNotHaveOtherRecordsThanThoseWhoHoldIt() {
        servedByTwo();
        stored("n1", 17, 18);
        stored("n2", 19);
        assertOnly(Kind.DIVERGED, 1);
    }

    @Test
    void whoHadAPartitionMayNotHaveMoreThanIsServed() {
        servedByTwo();
        stored("n1", 17, 18);
        stored("n2", 17, 18, 19);
        assertOnly(Kind.DIVERGED, 1);
    }

    @Test
    void whatWasSentBeforeTheCutMayBeAcknowledgedAfterIt() {
        sent("k", 0, 1);
        long sentNs = nowNs;
        events.add(new Event.CutOff(tick(), "n1"));
        events.add(new Event.Acknowledged(tick(), sentNs, "k", 0, 1, PARTITION, 0, "n1"));
        kept("n1", "k/0");

        assertThat(verdict().isClean()).isTrue();
    }

    @Test
    void theLongestTimeToWriteARecordWithAKeyCountsFromItsFirstAttempt() {
        for (long attemptMs : new long[] {100, 200, 400}) {
            events.add(new Event.Sent(attemptMs * MS, "k", 0, 1, PARTITION, true));
        }
        events.add(new Event.Acknowledged(450 * MS, 400 * MS, "k", 0, 1, PARTITION, 0, "n1"));
        events.add(new Event.Sent(500 * MS, "u", 0, 1, PARTITION, false));
        events.add(new Event.Acknowledged(9_500 * MS, 500 * MS, "u", 0, 1, PARTITION, 1, "n1"));
        kept("n1", "k/0", "u/0");

        assertThat(verdict().retriedMsMax()).isEqualTo(350);
        assertThat(verdict().isClean()).isTrue();
    }

    private static final long MS = 1_000_000;

    private void answeredAlone(long sentMs, long waitedMs, String code) {
        events.add(new Event.Answered((sentMs + waitedMs) * MS, sentMs * MS, "n1", code));
    }

    private void alone(long beginMs, long endMs) {
        events.add(new Event.CutOff(beginMs * MS, "n1"));
        events.add(new Event.Restored(endMs * MS, "n1"));
    }

    @Test
    void aNodeAloneMayTakeSoLongAndNoLonger() {
        alone(1_000, 20_000);
        answeredAlone(1_100, 100, "503 no_leader");
        answeredAlone(1_200, 100, "504 outcome_unknown");
        answeredAlone(3_000, Checker.ALONE_MS_MAX, "504 outcome_unknown");
        assertThat(verdict().isClean()).isTrue();
        assertThat(verdict().aloneMs()).containsExactly(100L, 100L, Checker.ALONE_MS_MAX);

        answeredAlone(4_000, Checker.ALONE_MS_MAX + 1, "504 outcome_unknown");
        assertOnly(Kind.LATE, 1);
    }

    @Test
    void mostWritesOfTheFirstSecondAloneAreAnsweredSooner() {
        alone(1_000, 20_000);
        answeredAlone(1_100, Checker.ALONE_MEDIAN_MS_MAX, "503 no_leader");
        for (int i = 0; i < 9; i++) {
            answeredAlone(5_000, 1, "503 no_leader"); // these do not count: the node knows by then
        }
        assertThat(verdict().isClean()).isTrue();

        answeredAlone(1_200, Checker.ALONE_MEDIAN_MS_MAX + 1, "503 no_leader");
        assertOnly(Kind.LATE, 1);
    }

    @Test
    void aNodeAloneSaysNothingElseThanThatItCannot() {
        alone(1_000, 20_000);
        answeredAlone(1_100, 10, "307 not_leader");
        assertOnly(Kind.LATE, 1);
        answeredAlone(1_100, 10, "200");
        assertOnly(Kind.LATE, 2);
    }

    @Test
    void anAnswerAfterTheEndOfBeingAloneIsLateOnlyIfTheTimeWasOver() {
        alone(1_000, 9_000);
        answeredAlone(8_000, 3_000, "200");
        assertThat(verdict().isClean()).isTrue();
        assertThat(verdict().aloneMs()).isEmpty();

        answeredAlone(9_000 - Checker.ALONE_MS_MAX - 1, 9_000, "200");
        assertOnly(Kind.LATE, 1);
    }

    @Test
    void writesBeforeAndToOthersAreNotCounted() {
        alone(1_000, 9_000);
        answeredAlone(500, 3_000, "200");
        answeredAlone(9_500, 5_000, "200");
        events.add(new Event.Answered(8_000 * MS, 2_000 * MS, "n2", "200"));

        assertThat(verdict().isClean()).isTrue();
    }

    @Test
    void onlyTheFirstExamplesAreKept() {
        int count = 3 * Verdict.EXAMPLES_MAX;
        sent("k", 0, count);
        acknowledged("k", 0, count, 0);

        assertThat(verdict().count(Kind.LOST)).isEqualTo(count);
        assertThat(verdict().examples()).hasSize(Verdict.EXAMPLES_MAX);
    }
}
