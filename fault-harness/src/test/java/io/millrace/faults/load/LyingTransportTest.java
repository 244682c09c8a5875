package io.millrace.faults.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What a node gets to see, and what clients hear, when something lies between them.
class LyingTransportTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final String PRODUCE =
            "/broker/topics/t/produce-ndjson?partition=3&timeout_ms=9&idempotency_key=k-1";

    private final List<Request> arrived = Collections.synchronizedList(new ArrayList<>());
    private final Semaphore arrival = new Semaphore(0);
    private int status = Answer.OK;

    private Answer answer(Request request) {
        arrived.add(request);
        arrival.release();
        return new Answer(status, "{\"ok\":true,\"number\":" + arrived.size() + "}", "");
    }

    private Answer send(Lie lie, String path, String body) throws IOException, InterruptedException {
        return new LyingTransport(this::answer, lie).send(Request.post(0, path, body, TIMEOUT));
    }

    @Test
    void memoryIsCalledSyncedAndSentLater() throws IOException, InterruptedException {
        Answer answer = send(Lie.ACKNOWLEDGES_FROM_MEMORY, PRODUCE, "a");

        assertThat(answer.json())
                .containsEntry("synced", true)
                .containsEntry("partition", 3L)
                .containsEntry("offset", null);
        assertThat(arrival.tryAcquire(60, TimeUnit.SECONDS)).isTrue();
        assertThat(arrived.getFirst().path()).isEqualTo(PRODUCE + "&forward=true");
    }

    @Test
    void errorsBecomeAcknowledgements() throws IOException, InterruptedException {
        status = 507;

        assertThat(send(Lie.ACKNOWLEDGES_ERRORS, PRODUCE, "a").isOk()).isTrue();
        status = Answer.REDIRECT;
        assertThat(send(Lie.ACKNOWLEDGES_ERRORS, PRODUCE, "a").status()).isEqualTo(Answer.REDIRECT);
    }

    @Test
    void onlyWhatHasNoKeyIsSentTwice() throws IOException, InterruptedException {
        send(Lie.SENDS_TWICE, PRODUCE, "a");
        assertThat(arrived).hasSize(1);

        send(Lie.SENDS_TWICE, "/broker/topics/t/produce?partition=1&timeout_ms=9", "a");
        assertThat(arrived).hasSize(3);
    }

    @Test
    void keysAreForgottenAndSomeAnswersToo() throws IOException, InterruptedException {
        LyingTransport transport = new LyingTransport(this::answer, Lie.FORGETS_KEYS);
        Request request = Request.post(0, PRODUCE, "a", TIMEOUT);
        for (int i = 0; i < 19; i++) {
            transport.send(request);
        }
        assertThatThrownBy(() -> transport.send(request)).isInstanceOf(IOException.class);
        assertThat(arrived).hasSize(20).allSatisfy(one -> assertThat(one.path()).doesNotContain("k-1"));
    }

    @Test
    void linesAreReversed() throws IOException, InterruptedException {
        send(Lie.REVERSES_LINES, PRODUCE, "a\nb\nc");

        assertThat(arrived.getFirst().body()).isEqualTo("c\nb\na");
    }

    @Test
    void latestReadsComeFromTheFirstAnswer() throws IOException, InterruptedException {
        LyingTransport transport = new LyingTransport(this::answer, Lie.ANSWERS_FROM_CACHE);
        Request latest = Request.get(0, "/broker/consume/t/" + Workload.READER_GROUP + "/0", TIMEOUT);

        assertThat(transport.send(latest).json()).containsEntry("number", 1L);
        assertThat(transport.send(latest).json()).containsEntry("number", 1L);
        assertThat(transport
                        .send(Request.get(0, "/broker/consume/t/g/0", TIMEOUT))
                        .json())
                .containsEntry("number", 2L);
    }

    @Test
    void someRecordsAreWrittenAndDeniedOrAcknowledgedAndNotSent() throws IOException, InterruptedException {
        Request request = Request.post(0, PRODUCE, "a", TIMEOUT);
        LyingTransport denies = new LyingTransport(this::answer, Lie.DENIES);
        int denied = 0;
        for (int i = 0; i < 40; i++) {
            denied += denies.send(request).isOk() ? 0 : 1;
        }
        assertThat(arrived).hasSize(40);
        assertThat(denied).isEqualTo(2);

        LyingTransport nothing = new LyingTransport(this::answer, Lie.ACKNOWLEDGES_NOTHING);
        for (int i = 0; i < 40; i++) {
            assertThat(nothing.send(request).isOk()).isTrue();
        }
        assertThat(arrived).hasSize(78);
    }

    @Test
    void errorsAreAnsweredLateAndSuccessAtOnce() throws IOException, InterruptedException {
        Request request = Request.post(0, PRODUCE, "a", TIMEOUT);
        Answer error = new Answer(503, "{}", "");
        long beginNs = System.nanoTime();

        assertThat(new LyingTransport(ignored -> error, Lie.ANSWERS_LATE).send(request))
                .isEqualTo(error);
        assertThat(System.nanoTime() - beginNs).isGreaterThan(LyingTransport.LATE_MS * 1_000_000);

        LyingTransport good = new LyingTransport(this::answer, Lie.ANSWERS_LATE);
        Thread.currentThread().interrupt(); // waiting would throw
        try {
            assertThat(good.send(request).isOk()).isTrue();
        } finally {
            Thread.interrupted();
        }
    }
}
