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
        log.barrier(name, 0)
                .whenComplete((done, failure) -> Thread.ofVirtual()
                        .name("sure-" + exchange.requestId())
                        .start(() -> {
                            try {
                                if (failure != null) {
                                    throw new HttpFailure(ErrorCode.NO_LEADER, NOBODY_TELLS);
                                }
                                found.handle(log.topic(name).orElseThrow(() -> Failures.notFound(log, name)));
                            } catch (Exception | Error refused) { // becomes the answer
                                exchange.fail(refused);
                            }
                        }));
    }
}
