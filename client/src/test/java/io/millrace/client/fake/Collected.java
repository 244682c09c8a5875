package io.millrace.client.fake;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/// A subscriber that keeps what it gets and asks for more only when a test says so.
public final class Collected<T> implements Flow.Subscriber<T> {
    public final List<T> items = new CopyOnWriteArrayList<>();
    public volatile @Nullable Throwable failure;
    public volatile boolean completed;
    private volatile Flow.@Nullable Subscription subscription;

    public static <T> Collected<T> from(Flow.Publisher<T> publisher) {
        Collected<T> collected = new Collected<>();
        publisher.subscribe(collected);
        return collected;
    }

    public Collected<T> request(long count) {
        Flow.Subscription source = subscription;
        if (source == null) {
            throw new IllegalStateException("not subscribed");
        }
        source.request(count);
        return this;
    }

    public void cancel() {
        Flow.Subscription source = subscription;
        if (source != null) {
            source.cancel();
        }
    }

    public boolean hasEnded() {
        return completed || failure != null;
    }

    @Override
    public void onSubscribe(Flow.Subscription source) {
        subscription = source;
    }

    @Override
    public void onNext(T item) {
        items.add(item);
    }

    @Override
    public void onError(Throwable cause) {
        failure = cause;
    }

    @Override
    public void onComplete() {
        completed = true;
    }
}
