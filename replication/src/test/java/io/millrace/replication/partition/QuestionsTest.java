package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.replication.Nodes;
import io.millrace.replication.ReplicatedLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How many questions for records a node answers at once. The permits are taken by the test, as answers under way
/// would: what is left is the limit −1, the limit, and the limit +1.
class QuestionsTest {
    private static final byte[] REPORT = Questions.report(true, null);

    @TempDir
    Path folder;

    private ReplicatedLog log;
    private byte[] records;
    private byte[] time;
    private int taken;

    @BeforeEach
    void open() throws Exception {
        log = Nodes.open(folder);
        Nodes.get(log.createTopic("t", Nodes.partitions(1)));
        Nodes.append(log, "t", 0, "a", "b");
        long id = log.topic("t").orElseThrow().id();
        records = Questions.records(id, 0, 0, 2, 1_000, false);
        time = Questions.time(id, 0, 0);
        take(Questions.ANSWERS_MAX); // answers of other tests have ended then
        give(Questions.ANSWERS_MAX);
    }

    @AfterEach
    void close() {
        give(taken);
        log.close();
    }

    private void take(int answers) throws InterruptedException {
        assertThat(Questions.ANSWERING.tryAcquire(answers, 60, TimeUnit.SECONDS))
                .isTrue();
        taken += answers;
    }

    private void give(int answers) {
        Questions.ANSWERING.release(answers);
        taken -= answers;
    }

    private byte[] answer(byte[] question) throws Exception {
        return Nodes.get(Questions.answer((GroupLog) log, true, question));
    }

    /// The place of the answer before is free a moment after that answer.
    private void assertRecords() throws Exception {
        take(1);
        give(1);
        byte[] answer = answer(records);
        assertThat(answer[0]).isEqualTo(Questions.ANSWERED);
        Questions.verifyRecords(answer);
    }

    private void assertRefused() throws Exception {
        byte[] answer = answer(records);
        assertThatThrownBy(() -> Questions.open(answer, 0))
                .isInstanceOf(IOException.class)
                .hasMessage("32 questions for records are being answered already; ask again");
    }

    @Test
    void asManyQuestionsForRecordsAreAnsweredAtOnceAsTheLimitSaysAndNoMore() throws Exception {
        assertThat(Questions.ANSWERS_MAX).isEqualTo(32);
        take(Questions.ANSWERS_MAX - 2);
        assertRecords(); // the 31st
        take(1);
        assertRecords(); // the 32nd
        take(1); // waits until that one has given its place back
        assertRefused(); // the 33rd
        give(1);
        assertRecords();
    }

    @Test
    void otherQuestionsAreAnsweredWhateverTheLimit() throws Exception {
        take(Questions.ANSWERS_MAX);
        assertRefused();
        GroupReport report = GroupReport.read(Questions.open(answer(REPORT), 0), null);
        assertThat(report.ends(log.topic("t").orElseThrow().id(), 0).next()).isEqualTo(2);
        assertThat(Questions.open(answer(time), 0).readLong()).isZero();
        byte[] elsewhere = Nodes.get(Questions.answer((GroupLog) log, false, records));
        assertThat(elsewhere).containsExactly(Questions.NOT_HERE);
    }

    /// With the permits but one taken each answer needs the one that the last gave back.
    @Test
    void everyAnswerGivesItsPlaceBackHoweverItEnds() throws Exception {
        long id = log.topic("t").orElseThrow().id();
        byte[] outOfRange = Questions.records(id, 0, 7, 9, 1_000, false);
        byte[] unknown = Questions.records(id + 1, 0, 0, 9, 1_000, false);
        byte[] cutShort = {Questions.RECORDS, 0, 0};
        take(Questions.ANSWERS_MAX - 1);
        for (byte[] question : List.of(records, outOfRange, unknown, cutShort, records)) {
            var answering = Questions.answer((GroupLog) log, true, question);
            answering.handle((answer, failure) -> failure).get(60, TimeUnit.SECONDS);
            take(1); // it is given back a moment after the answer
            give(1);
            if (question == outOfRange) {
                byte[] answer = answering.join();
                assertThatThrownBy(() -> Questions.open(answer, 7)).isInstanceOf(OffsetOutOfRangeException.class);
            } else if (question == unknown) {
                byte[] answer = answering.join();
                assertThatThrownBy(() -> Questions.open(answer, 0)).hasMessageContaining("does not know partition 0");
            } else if (question == cutShort) {
                assertThat(answering).isCompletedExceptionally();
            } else {
                Questions.verifyRecords(answering.join());
            }
        }
    }
}
