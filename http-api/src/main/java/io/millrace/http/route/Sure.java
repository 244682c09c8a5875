package io.millrace.http.route;

import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.Topic;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// Answers that say what does not exist, or list everything. A node that is behind the others, or has just started,
/// does not know of everything; then they wait some seconds, and are 503 when that was not enough.
public final class Sure {
    /// What is answered without a barrier.
    public static final String NOBODY_TELLS =
            "This node does not have what was asked for, and no majority of the nodes says in time whether it exists. Nothing has happened; try again.";

    /// What is done with a topic.
    @FunctionalInterface
    public interface Found {
        /// @throws Exception answered as an error
        void handle(Topic topic) throws Exception;
    }

    private Sure() {}

    /// Waits for what is sure; not on an event loop.
    ///
    /// @throws io.millrace.replication.NotHeardException it cannot be told in time
    public static <T> T now(CompletableFuture<T> sure) {
        try {
            return sure.join();
        } catch (CompletionException failure) {
            if (failure.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw failure;
        }
    }

    /// Waits for a topic; not on an event loop.
    ///
    /// @throws HttpFailure `unknown_topic`, `invalid_name`
    /// @throws io.millrace.replication.NotHeardException it cannot be told in time
    public static Topic topic(ReplicatedLog log, String name) {
        Names.check("topic", name);
        return now(log.sureTopic(name)).orElseThrow(() -> Failures.notFound(log, name));
    }

    /// Does something with a topic: at once on the calling thread when it is there, else on a virtual one, behind a
    /// barrier.
    ///
    /// @throws Exception what `found` throws, or `invalid_name`
    public static void withTopic(ReplicatedLog log, Exchange exchange, String name, Found found) throws Exception {
        Names.check("topic", name);
        Optional<Topic> now = log.topic(name);
        if (now.isPresent()) {
            found.handle(now.get());
            return;
        }
        behind(
                log.barrier(name, 0),
                exchange,
                asked -> found.handle(log.topic(name).orElseThrow(() -> Failures.notFound(log, name))),
                NOBODY_TELLS);
    }

    /// Answers on a virtual thread, behind a barrier.
    ///
    /// @param unknown what is said, as 503 `no_leader`, when the barrier fails
    public static void behind(CompletableFuture<Void> barrier, Exchange exchange, Bodies.Plain answer, String unknown) {
        barrier.whenComplete((done, failed) -> {
            if (failed != null) {
                exchange.fail(new HttpFailure(ErrorCode.NO_LEADER, unknown));
                return;
            }
            Thread.ofVirtual().name("sure-" + exchange.requestId()).start(() -> {
                try {
                    answer.handle(exchange);
                } catch (Exception | Error failure) { // becomes the answer
                    exchange.fail(failure);
                }
            });
        });
    }
}
