package io.millrace.shell.run;

import io.millrace.client.ChangeEvent;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The events of a continuous query as a bounded queue, for a thread that also has other things to do.
///
/// Asks for as many events as it has room for, so the queue never overflows and the server feels a slow reader.
public final class ChangeFeed implements Flow.Subscriber<ChangeEvent>, AutoCloseable {
    private static final int CAPACITY = 32;

    /// What the queue holds.
    public sealed interface Signal {
        record Event(ChangeEvent event) implements Signal {}

        /// The query ended by itself.
        record Ended() implements Signal {}

        record Failed(Throwable cause) implements Signal {}
    }

    private final ArrayBlockingQueue<Signal> queue = new ArrayBlockingQueue<>(CAPACITY + 1); // one more for the end
    private volatile Flow.@Nullable Subscription subscription;
    private volatile boolean closed;

    public static ChangeFeed of(Flow.Publisher<ChangeEvent> changes) {
        ChangeFeed feed = new ChangeFeed();
        changes.subscribe(feed);
        return feed;
    }

    /// The next signal, or empty when none comes in time.
    public Optional<Signal> poll(long timeoutMs) throws InterruptedException {
        Signal signal = queue.poll(timeoutMs, TimeUnit.MILLISECONDS);
        Flow.Subscription source = subscription;
        if (signal instanceof Signal.Event && source != null) {
            source.request(1);
        }
        return Optional.ofNullable(signal);
    }

    @Override
    public void onSubscribe(Flow.Subscription source) {
        subscription = source;
        if (closed) {
            source.cancel();
        } else {
            source.request(CAPACITY);
        }
    }

    @Override
    public void onNext(ChangeEvent event) {
        queue.add(new Signal.Event(event));
    }

    @Override
    public void onError(Throwable cause) {
        queue.add(new Signal.Failed(cause));
    }

    @Override
    public void onComplete() {
        queue.add(new Signal.Ended());
    }

    /// Ends the query by closing its connection.
    @Override
    public void close() {
        closed = true;
        Flow.Subscription source = subscription;
        if (source != null) {
            source.cancel();
        }
    }
}
