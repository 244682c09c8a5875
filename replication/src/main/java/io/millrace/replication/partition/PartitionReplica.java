package io.millrace.replication.partition;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogEnd;
import io.millrace.log.LogSettings;
import io.millrace.log.LogStore;
import io.millrace.log.PartitionLog;
import io.millrace.log.disk.Disk;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.metadata.IdempotencyWindow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// This node's copy of one partition: its log, opened when first needed, and what the manifest must say of it.
///
/// Threading: the applying thread changes it; [#log], [#earliest] and [#flush] are for any thread.
final class PartitionReplica implements ReportedEnds.Part {
    final TopicPartition name;
    final long topicId;
    private final Disk disk;
    private volatile Path folder;
    private final LogSettings settings;

    private volatile @Nullable PartitionLog log;
    // durableEnd.nextOffset() <= log.nextOffset(); null until there is anything durable
    private volatile @Nullable LogEnd durableEnd;
    // decided floor; the files below it go when a manifest that knows the floor is durable
    private volatile long earliest;
    private volatile boolean foldersDurable;
    // under this object's lock; a late reader must not bring a deleted log back
    private boolean closed;
    private @Nullable IdempotencyWindow window;

    private volatile @Nullable Consumer<CorruptLogException> damageListener;

    // the batch that is open for this partition in the entry that the batcher builds; the batcher's thread only
    long openBatchEntry;
    Waiting.@Nullable Append openBatchTail;

    PartitionReplica(
            TopicPartition name,
            long topicId,
            Disk disk,
            Path folder,
            LogSettings settings,
            @Nullable LogEnd durableEnd,
            long earliest,
            @Nullable IdempotencyWindow window) {
        this.name = name;
        this.topicId = topicId;
        this.disk = disk;
        this.folder = folder;
        this.settings = settings;
        this.durableEnd = durableEnd;
        this.earliest = earliest;
        this.window = window;
        this.foldersDurable = durableEnd != null;
    }

    @Override
    public long topicId() {
        return topicId;
    }

    @Override
    public int partition() {
        return name.partition();
    }

    /// The log, cut to what the manifest says when this is the first use.
    PartitionLog log() throws IOException {
        PartitionLog open = log;
        return open != null ? open : open();
    }

    private synchronized PartitionLog open() throws IOException {
        PartitionLog open = log;
        if (closed) {
            throw new IOException("partition %s was deleted, or the node is closing".formatted(name));
        }
        if (open == null) {
            LogEnd end = durableEnd;
            disk.createFolders(folder);
            open = new LogStore(disk)
                    .open(
                            folder,
                            settings,
                            end == null
                                    ? null
                                    : new LogEnd(
                                            end.segmentFirstOffset(),
                                            end.positionBytes(),
                                            end.nextOffset(),
                                            Math.max(end.earliestOffset(), earliest)));
            open.advanceHighWatermark(open.nextOffset());
            open.onDamage(this::damaged);
            log = open;
        }
        return open;
    }

    /// Hears of batches that are not what was written, on the reader's thread.
    void onDamage(Consumer<CorruptLogException> listener) {
        damageListener = listener;
    }

    private void damaged(CorruptLogException found) {
        Consumer<CorruptLogException> listener = damageListener;
        if (listener != null) {
            listener.accept(found);
        }
    }

    /// From now on this is the state of `copy`, whose log is taken over. Readers of the old log go on in the
    /// new one.
    synchronized void become(PartitionReplica copy) throws IOException {
        PartitionLog old = log;
        PartitionLog taken = copy.log;
        folder = copy.folder;
        durableEnd = copy.durableEnd;
        earliest = Math.max(earliest, copy.earliest);
        window = copy.window;
        foldersDurable = copy.foldersDurable;
        log = taken;
        if (taken != null) {
            taken.onDamage(this::damaged);
        }
        if (old != null) {
            if (taken != null) {
                old.replaceBy(taken);
            }
            old.close();
        }
    }

    boolean isWritten() {
        return durableEnd != null || log != null;
    }

    /// Does not open the log.
    long nextOffset() {
        PartitionLog open = log;
        LogEnd end = durableEnd;
        return open != null ? open.nextOffset() : end != null ? end.nextOffset() : 0;
    }

    /// One past the last offset that readers may see. Does not open the log.
    @Override
    public long readableEnd() {
        PartitionLog open = log;
        return open != null ? open.highWatermark() : nextOffset();
    }

    @Override
    public long earliest() {
        return earliest;
    }

    @Override
    public long sizeBytes() {
        PartitionLog open = log;
        return open == null ? 0 : open.sizeBytes();
    }

    void raiseEarliest(long offset) {
        earliest = Math.max(earliest, offset);
    }

    /// Deletes what lies below the floor. Only after a manifest that knows the floor is durable: before, a
    /// restart would miss what it has to cut and replay.
    void deleteBelowEarliest() throws IOException {
        PartitionLog open = log;
        if (open != null && earliest > open.earliestOffset()) {
            open.raiseEarliest(earliest);
        }
    }

    boolean dirty() {
        PartitionLog open = log;
        LogEnd end = durableEnd;
        return open != null && open.nextOffset() != (end == null ? 0 : end.nextOffset());
    }

    /// Makes the log durable when it is not; returns where the durable log ends, null when nothing was written.
    @Nullable
    LogEnd flush() throws IOException {
        if (dirty()) {
            LogEnd end = Objects.requireNonNull(log).flush();
            if (!foldersDurable) {
                disk.syncFolder(Objects.requireNonNull(folder.getParent()));
                disk.syncFolder(Objects.requireNonNull(folder.getParent().getParent()));
                foldersDurable = true;
            }
            durableEnd = end;
        }
        return durableEnd;
    }

    @Nullable
    IdempotencyWindow window() {
        return window;
    }

    IdempotencyWindow window(int keysMax) {
        IdempotencyWindow known = window;
        if (known == null) {
            known = new IdempotencyWindow(keysMax);
            window = known;
        }
        return known;
    }

    Path folder() {
        return folder;
    }

    synchronized void close() throws IOException {
        closed = true;
        PartitionLog open = log;
        if (open != null) {
            open.close();
        }
    }
}
