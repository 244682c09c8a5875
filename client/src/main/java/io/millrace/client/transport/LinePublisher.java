package io.millrace.client.transport;

import io.millrace.client.MillraceException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The items of an endless NDJSON answer, at the pace of the subscriber.
///
/// The next chunk is read from the connection only when the items of the one before are delivered and more are
/// requested, so at most one chunk and one unfinished line are in memory. TCP does the rest of the
/// back-pressure.
///
/// @param <T> what a line means; blank lines (heartbeats) mean nothing
public final class LinePublisher<T> implements Flow.Publisher<T> {
    private static final int LINE_BYTES_MAX = 64 * 1024 * 1024;

    private final Supplier<Answer> open;
    private final Function<String, List<T>> decode;

    /// @param open makes the request; called once a subscription, on a virtual thread
    /// @param decode what a line holds; may throw [MillraceException], which ends the stream
    public LinePublisher(Supplier<Answer> open, Function<String, List<T>> decode) {
        this.open = open;
        this.decode = decode;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super T> subscriber) {
        Reading<T> reading = new Reading<>(subscriber, decode);
        Thread opener = Thread.ofVirtual().name("millrace-open").unstarted(() -> {
            try {
                switch (open.get()) {
                    case Answer.Stream stream -> stream.chunks().subscribe(reading);
                    case Answer.Whole whole -> reading.replay(whole.body());
                }
            } catch (RuntimeException failure) {
                reading.onError(failure);
            }
        });
        reading.opener = opener;
        subscriber.onSubscribe(reading);
        opener.start();
    }

    /// One subscription. Signals from both sides change the volatile state and call [#drain], which one thread
    /// at a time runs.
    private static final class Reading<T> implements Flow.Subscription, Flow.Subscriber<List<ByteBuffer>> {
        private final Flow.Subscriber<? super T> subscriber;
        private final Function<String, List<T>> decode;
        private final AtomicInteger signals = new AtomicInteger();
        private final AtomicLong demand = new AtomicLong();
        private final AtomicReference<@Nullable List<ByteBuffer>> arrived = new AtomicReference<>();
        private volatile @Nullable Thread opener;
        private volatile Flow.@Nullable Subscription upstream;
        private volatile boolean cancelled;
        private volatile boolean ended;
        private volatile @Nullable Throwable failure;

        // only touched inside drain
        private final ArrayDeque<T> ready = new ArrayDeque<>();
        private final ByteArrayOutputStream unfinished = new ByteArrayOutputStream();
        private boolean asked;
        private boolean terminated;

        Reading(Flow.Subscriber<? super T> subscriber, Function<String, List<T>> decode) {
            this.subscriber = subscriber;
            this.decode = decode;
        }

        void replay(byte[] body) {
            arrived.set(List.of(ByteBuffer.wrap(body)));
            ended = true;
            drain();
        }

        @Override
        public void request(long count) {
            if (count <= 0) {
                fail(new IllegalArgumentException("a subscriber must request at least 1 item, not " + count));
                return;
            }
            demand.accumulateAndGet(count, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
            drain();
        }

        @Override
        public void cancel() {
            cancelled = true;
            Flow.Subscription connection = upstream;
            if (connection != null) {
                connection.cancel();
            }
            Thread opening = opener;
            if (opening != null && opening != Thread.currentThread()) {
                opening.interrupt();
            }
            drain();
        }

        @Override
        public void onSubscribe(Flow.Subscription connection) {
            upstream = connection;
            if (cancelled) {
                connection.cancel();
            }
            drain();
        }

        @Override
        public void onNext(List<ByteBuffer> chunk) {
            arrived.set(chunk);
            drain();
        }

        @Override
        public void onError(Throwable cause) {
            fail(
                    cause instanceof MillraceException
                            ? cause
                            : new MillraceException(
                                    MillraceException.OUTCOME_UNKNOWN,
                                    "The connection broke while results were coming"
                                            + (cause.getMessage() == null ? "" : ": " + cause.getMessage()),
                                    cause));
        }

        @Override
        public void onComplete() {
            ended = true;
            drain();
        }

        private void fail(Throwable cause) {
            if (failure == null) {
                failure = cause;
            }
            ended = true;
            drain();
        }

        private void drain() {
            if (signals.getAndIncrement() != 0) {
                return; // the thread inside goes round once more
            }
            int seen = 1;
            do {
                deliver();
                seen = signals.addAndGet(-seen);
            } while (seen != 0);
        }

        private void deliver() {
            while (!cancelled && !terminated) {
                T item = ready.peek();
                if (item != null) {
                    if (demand.get() == 0) {
                        return;
                    }
                    ready.remove();
                    demand.decrementAndGet();
                    subscriber.onNext(item);
                    continue;
                }
                boolean noMoreWillArrive = ended; // read before `arrived`: what arrived earlier is seen
                List<ByteBuffer> chunk = arrived.getAndSet(null);
                if (chunk != null) {
                    asked = false;
                    take(chunk);
                    continue;
                }
                if (noMoreWillArrive) {
                    finish();
                    return;
                }
                Flow.Subscription connection = upstream;
                if (connection == null || asked || demand.get() == 0) {
                    return;
                }
                asked = true;
                connection.request(1);
            }
            ready.clear();
        }

        private void finish() {
            if (unfinished.size() > 0 && failure == null) { // a last line without line end
                String line = unfinished.toString(StandardCharsets.UTF_8);
                unfinished.reset();
                decodeLine(line);
                if (!ready.isEmpty()) {
                    drain();
                    return;
                }
            }
            terminated = true;
            Throwable cause = failure;
            if (cause == null) {
                subscriber.onComplete();
            } else {
                subscriber.onError(cause);
            }
        }

        private void take(List<ByteBuffer> chunk) {
            for (ByteBuffer buffer : chunk) {
                byte[] bytes = new byte[buffer.remaining()];
                buffer.get(bytes);
                int start = 0;
                for (int i = 0; i < bytes.length; i++) {
                    if (bytes[i] == '\n') {
                        unfinished.write(bytes, start, i - start);
                        start = i + 1;
                        String line = unfinished.toString(StandardCharsets.UTF_8);
                        unfinished.reset();
                        if (!decodeLine(line)) {
                            return;
                        }
                    }
                }
                unfinished.write(bytes, start, bytes.length - start);
                if (unfinished.size() > LINE_BYTES_MAX) {
                    abort(new IOException("a line is longer than " + LINE_BYTES_MAX + " bytes"));
                    return;
                }
            }
        }

        private boolean decodeLine(String line) {
            if (line.isBlank()) {
                return true;
            }
            try {
                ready.addAll(decode.apply(line));
                return true;
            } catch (RuntimeException refused) {
                abort(refused);
                return false;
            }
        }

        private void abort(Throwable cause) {
            unfinished.reset();
            Flow.Subscription connection = upstream;
            if (connection != null) {
                connection.cancel();
            }
            arrived.set(null);
            if (failure == null) {
                failure = cause;
            }
            ended = true;
        }
    }
}
