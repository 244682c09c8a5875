package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.replication.NotHeardException;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// When a group counts as heard of.
class HearingTest {
    private final AtomicInteger asked = new AtomicInteger();
    private volatile CompletableFuture<Void> barrier = new CompletableFuture<>();

    private Hearing hearing(long withinMs) {
        return new Hearing(
                3,
                () -> {
                    asked.incrementAndGet();
                    return barrier;
                },
                withinMs);
    }

    @Test
    void allWhoWaitShareOneBarrierAndNobodyAsksAgainAfterIt() throws Exception {
        Hearing hearing = hearing(60_000);
        assertThat(asked).hasValue(0); // nobody wants to know
        CompletableFuture<Void> one = hearing.heard();
        CompletableFuture<Void> other = hearing.heard();
        assertThat(one).isNotDone();
        barrier.complete(null);
        one.get(30, TimeUnit.SECONDS);
        other.get(30, TimeUnit.SECONDS);
        barrier = CompletableFuture.failedFuture(new IOException("no majority any more"));
        assertThat(hearing.heard()).isCompleted();
        assertThat(asked).hasValue(1);
    }

    @Test
    void aBarrierThatFailsIsAskedForAgain() throws Exception {
        Hearing hearing = hearing(60_000);
        barrier.completeExceptionally(new IOException("no leader"));
        CompletableFuture<Void> waiting = hearing.heard();
        assertThat(waiting).isNotDone();
        barrier = CompletableFuture.completedFuture(null);
        waiting.get(30, TimeUnit.SECONDS);
    }

    @Test
    void whoWaitsTooLongIsToldWhichGroupItIs() {
        Hearing hearing = hearing(20);
        for (int time = 1; time <= 2; time++) { // the next one asks again
            assertThatThrownBy(() -> hearing.heard().get(30, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOf(NotHeardException.class)
                    .hasMessageContaining("group 3 has not been heard of");
            assertThat(asked).hasValueGreaterThanOrEqualTo(time);
        }
    }

    @Test
    void whatIsHeardTooLateForOneIsKnownToTheNext() {
        Hearing hearing = hearing(20);
        assertThatThrownBy(() -> hearing.heard().get(30, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
        barrier.complete(null);
        assertThat(hearing.heard()).isCompleted();
    }

    /// Whoever gives up must not give up for the others.
    @Test
    void aWaitThatIsCancelledCancelsNoOther() throws Exception {
        Hearing hearing = hearing(60_000);
        assertThat(hearing.heard().cancel(true)).isTrue();
        CompletableFuture<Void> other = hearing.heard();
        assertThat(other).isNotDone();
        barrier.complete(null);
        other.get(30, TimeUnit.SECONDS);
    }
}
