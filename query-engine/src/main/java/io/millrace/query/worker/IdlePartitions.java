package io.millrace.query.worker;

import io.millrace.query.InputPort;
import io.millrace.query.OutputPort;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.source.WatermarkMarker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Marks partitions that bring nothing, so that they do not hold their stream's watermark back.
///
/// A partition is idle when everything in it has been read and nothing came for the timeout. It is marked with
/// the least watermark of those that are not idle, or with the greatest of all when every one is. The mark is
/// an entry of the log, so every reader at every time sees the same watermark at the same offset.
///
/// Threading: the query's own thread.
final class IdlePartitions {
    private static final int LOOKS_A_TIMEOUT = 10;

    private final List<TopicFeed> feeds;
    private final InputPort inputs;
    private final OutputPort outputs;
    private final long timeoutNanos;
    private long lookedNanos;
    private final List<Watch> watches = new ArrayList<>();

    /// One source of one topic.
    private static final class Watch {
        final TopicFeed feed;
        final int source; // index in the feed
        final long[] position;
        final long[] changedNanos;
        CompletableFuture<?> marking = CompletableFuture.completedFuture(null);

        Watch(TopicFeed feed, int source, long nowNanos) {
            this.feed = feed;
            this.source = source;
            position = feed.positions();
            changedNanos = new long[position.length];
            java.util.Arrays.fill(changedNanos, nowNanos);
        }
    }

    IdlePartitions(List<TopicFeed> feeds, InputPort inputs, OutputPort outputs, long timeoutMs, long nowNanos) {
        this.feeds = feeds;
        this.inputs = inputs;
        this.outputs = outputs;
        this.timeoutNanos = timeoutMs * 1_000_000;
        lookedNanos = nowNanos;
        for (TopicFeed feed : this.feeds) {
            for (int source = 0; source < feed.sources(); source++) {
                SourceSpec spec = feed.spec(source);
                if (spec.watermark() != null && spec.side() == SourceSpec.Side.GOOD && feed.partitions() > 1) {
                    watches.add(new Watch(feed, source, nowNanos));
                }
            }
        }
    }

    /// Looks, if it has not done so just now, and marks what is idle.
    void mark(long nowNanos) {
        if (nowNanos - lookedNanos < timeoutNanos / LOOKS_A_TIMEOUT) {
            return; // it is called after every step
        }
        lookedNanos = nowNanos;
        for (Watch watch : watches) {
            if (watch.marking.isDone() && outputs.leads(watch.feed.topic())) {
                mark(watch, nowNanos);
            }
        }
    }

    private void mark(Watch watch, long nowNanos) {
        int partitions = watch.position.length;
        boolean[] idle = new boolean[partitions];
        long leastActive = Long.MAX_VALUE;
        long greatest = Long.MIN_VALUE;
        for (int partition = 0; partition < partitions; partition++) {
            long position = watch.feed.position(partition);
            if (position != watch.position[partition]) {
                watch.position[partition] = position;
                watch.changedNanos[partition] = nowNanos;
            }
            long watermark = watch.feed.watermarkMs(watch.source, partition);
            greatest = Math.max(greatest, watermark);
            idle[partition] = position >= inputs.endOffset(watch.feed.topic(), partition)
                    && nowNanos - watch.changedNanos[partition] >= timeoutNanos;
            if (!idle[partition]) {
                leastActive = Math.min(leastActive, watermark);
            }
        }
        long target = leastActive == Long.MAX_VALUE ? greatest : leastActive;
        if (target == Long.MIN_VALUE) {
            return;
        }
        byte[] marker = new WatermarkMarker(watch.feed.spec(watch.source).name(), target).encode();
        List<CompletableFuture<Boolean>> marks = new ArrayList<>();
        for (int partition = 0; partition < partitions; partition++) {
            if (idle[partition] && watch.feed.watermarkMs(watch.source, partition) < target) {
                marks.add(outputs.mark(watch.feed.topic(), partition, watch.position[partition], marker));
            }
        }
        watch.marking = CompletableFuture.allOf(marks.toArray(CompletableFuture[]::new));
    }
}
