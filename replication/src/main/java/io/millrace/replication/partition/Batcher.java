package io.millrace.replication.partition;

import io.millrace.log.BatchWriter;
import io.millrace.log.Compression;
import io.millrace.log.RecordBuffer;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.ReplicationException;
import io.millrace.replication.metadata.Metadata;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.MpscUnboundedArrayQueue;
import org.jspecify.annotations.Nullable;

/// Joins everything that waits into one entry, and keeps a few entries on their way.
///
/// There is no timer: when nothing is on its way, a request goes out at once; while an entry is on its way, the
/// next one grows until that one ends, or until it is worth an fsync of its own ([#ENTRY_BYTES_MIN],
/// [#ENTRY_REQUESTS_MIN]). So a lone request pays no delay, many pay for one fsync together, and large ones
/// keep the disk busy while replies travel. A caller that has several at hand [gathers][#gather] them first;
/// else the first would go out alone and the others wait for its fsync.
///
/// Requests are decided in the order in which they arrived. Plain appends to one partition share a record
/// batch; one that may be rejected (key, expected offset, stamp) has a batch of its own and ends the shared
/// one.
///
/// Bound: `pendingBytesMax` bytes wait or are on their way; [#offer] refuses more.
///
/// Threading: [#offer] by any thread; everything else by one platform thread.
final class Batcher implements PendingEntry.Owner {
    /// An entry stops growing here; larger ones gain nothing and make the next one wait.
    static final int ENTRY_BYTES_TARGET = 1 << 20;
    /// Beside others, an entry goes out only when this much waits for it. An entry costs some 100 µs of CPU on
    /// its way (five hand-overs between threads and a system call that waits for the disk), whatever is in it.
    static final int ENTRY_BYTES_MIN = 64 << 10;
    /// ... or so many requests: their answers keep the event loops busy while the disk writes the next.
    static final int ENTRY_REQUESTS_MIN = 16;
    private static final long PARK_NANOS = 1_000_000_000; // only a safety net: arrivals and completions unpark

    private final Consensus consensus;
    private final InstantSource clock;
    private final int entryBytesMax;
    private final int besideBytesMin;
    private final long pendingBytesMax;
    private final int inFlightMax;
    private final MpscUnboundedArrayQueue<Waiting> queue = new MpscUnboundedArrayQueue<>(1024);
    private final AtomicLong pendingBytes = new AtomicLong();
    private final Set<PendingEntry> inFlight = ConcurrentHashMap.newKeySet();
    private final AtomicInteger inFlightCount = new AtomicInteger(); // of inFlight, cheap enough for every offer
    private final AtomicLong inFlightBytes = new AtomicLong();
    private final BatchWriter writer = new BatchWriter(Compression.NONE);
    private final RecordBuffer shared = new RecordBuffer();
    private final List<Waiting> commands = new ArrayList<>();
    private final ByteBuffer buffer;
    private final Thread thread;
    private final AtomicBoolean parked = new AtomicBoolean();
    private volatile boolean stopped;
    private long entryNumber;
    private volatile long entries;
    private volatile long requests;

    Batcher(
            Consensus consensus,
            InstantSource clock,
            int entryBytesMax,
            long pendingBytesMax,
            int inFlightMax,
            String name) {
        this.consensus = consensus;
        this.clock = clock;
        this.entryBytesMax = entryBytesMax;
        this.besideBytesMin = Math.min(ENTRY_BYTES_MIN, entryBytesMax);
        this.pendingBytesMax = pendingBytesMax;
        this.inFlightMax = inFlightMax;
        this.buffer = ByteBuffer.allocate(entryBytesMax);
        this.thread = new Thread(this::run, name);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /// @return false when too many bytes are waiting already; nothing happened then
    boolean offer(Waiting request) {
        boolean taken = gather(request);
        wakeWhenDue();
        return taken;
    }

    /// Like [#offer], for a caller that will call [#wakeWhenDue] when it has no more.
    boolean gather(Waiting request) {
        if (pendingBytes.addAndGet(request.bytesMax) > pendingBytesMax) {
            pendingBytes.addAndGet(-request.bytesMax);
            return false;
        }
        queue.offer(request);
        if (stopped) {
            drain(new ReplicationException("the log is closing; the write has not happened", null));
        }
        return true;
    }

    /// What was gathered goes out now, or as soon as it is due.
    void wakeWhenDue() {
        if (!queue.isEmpty() && isDue()) {
            wake();
        }
    }

    /// Whether what waits, if anything does, should go out now.
    private boolean isDue() {
        int entriesBefore = inFlightCount.get();
        return entriesBefore == 0
                || (entriesBefore < inFlightMax
                        && (pendingBytes.get() - inFlightBytes.get() >= besideBytesMin
                                || queue.size() >= ENTRY_REQUESTS_MIN));
    }

    /// The first who finds it asleep wakes it: that is a system call, made by threads with better things to do.
    private void wake() {
        if (parked.get() && parked.compareAndSet(true, false)) {
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        while (!stopped) {
            if (doWork() == 0) {
                parked.set(true);
                // looked at again, because whoever made it due before may have seen it awake
                if (!stopped && (queue.isEmpty() || !isDue())) {
                    LockSupport.parkNanos(this, PARK_NANOS);
                }
                parked.set(false);
            }
        }
    }

    /// Sends one entry when there is something to send and room for it.
    ///
    /// @return requests that it took
    int doWork() {
        if (queue.isEmpty() || !isDue()) {
            return 0;
        }
        commands.clear();
        entryNumber++;
        long requestBytes = 0;
        int taken = 0;
        int used = EntryLayout.HEADER_BYTES;
        while (used < ENTRY_BYTES_TARGET) {
            Waiting next = queue.peek();
            if (next == null || (taken > 0 && used + next.bytesMax > entryBytesMax)) {
                break;
            }
            queue.poll();
            used += next.bytesMax;
            requestBytes += next.bytesMax;
            taken++;
            place(next);
        }
        if (taken == 0) {
            return 0;
        }
        requests += taken;
        entries++;
        Waiting[] sent = commands.toArray(new Waiting[0]);
        if (!consensus.leads()) {
            pendingBytes.addAndGet(-requestBytes);
            PendingEntry.refuse(sent, consensus.leader().orElse(null));
            return taken;
        }
        PendingEntry entry;
        try {
            entry = new PendingEntry(encode(), sent, requestBytes, this);
        } catch (RuntimeException e) {
            pendingBytes.addAndGet(-requestBytes);
            for (Waiting request : sent) {
                failAll(request, new ReplicationException("the entry could not be encoded: " + e, e));
            }
            return taken;
        }
        inFlight.add(entry);
        inFlightBytes.addAndGet(requestBytes);
        inFlightCount.incrementAndGet();
        consensus.submit(entry);
        return taken;
    }

    private static void failAll(Waiting request, Throwable cause) {
        request.fail(cause);
        if (request instanceof Waiting.Append head) {
            for (Waiting.Append append = head.nextInBatch; append != null; append = append.nextInBatch) {
                append.fail(cause);
            }
        }
    }

    /// Puts a request behind the others, or into the batch that its partition has open in this entry.
    private void place(Waiting request) {
        if (!(request instanceof Waiting.Append append)) {
            commands.add(request);
            return;
        }
        PartitionReplica replica = append.replica;
        boolean open = replica.openBatchEntry == entryNumber;
        if (append.isPlain()) {
            if (open && replica.openBatchTail != null) {
                replica.openBatchTail.nextInBatch = append;
            } else {
                commands.add(append);
            }
            replica.openBatchEntry = entryNumber;
            replica.openBatchTail = append;
        } else {
            commands.add(append);
            replica.openBatchTail = null; // what comes later must be decided later
        }
    }

    private byte[] encode() {
        EntryLayout.begin(buffer);
        for (Waiting command : commands) {
            switch (command) {
                case Waiting.Command other -> EntryLayout.putCommand(buffer, other.type, other.body);
                case Waiting.Append append -> encode(append);
            }
        }
        EntryLayout.finish(buffer, clock.millis(), commands.size());
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    private void encode(Waiting.Append head) {
        int at = EntryLayout.beginCommand(buffer);
        int count = 0;
        for (Waiting.Append append = head; append != null; append = append.nextInBatch) {
            count += append.count;
        }
        encodeHead(buffer, head.request, head.replica.topicId, count, head.keyHigh, head.keyLow);
        if (head.nextInBatch == null) {
            if (head.count > 0) {
                writer.write(head.request.records(), buffer);
            }
        } else {
            shared.clear();
            for (Waiting.Append append = head; append != null; append = append.nextInBatch) {
                shared.addAll(append.request.records());
            }
            writer.write(shared, buffer);
        }
        head.replica.openBatchTail = null; // do not keep the last request of an idle partition alive
        EntryLayout.finishCommand(buffer, at, EntryLayout.APPEND);
    }

    /// Everything of an append but its batch.
    static void encodeHead(
            ByteBuffer buffer, AppendRequest request, long topicId, int count, long keyHigh, long keyLow) {
        boolean keyed = request.idempotencyKey() != null;
        long expectOffset = request.expectOffset();
        OutputStamp stamp = request.stamp();
        buffer.putLong(topicId).putInt(request.partition()).putInt(count).put((byte) ((keyed ? EntryLayout.KEYED : 0)
                | (expectOffset >= 0 ? EntryLayout.EXPECTED : 0)
                | (stamp != null ? EntryLayout.STAMPED : 0)));
        if (keyed) {
            buffer.putLong(keyHigh).putLong(keyLow).putLong(request.bodyHash());
        }
        if (expectOffset >= 0) {
            buffer.putLong(expectOffset);
        }
        if (stamp != null) {
            buffer.put(encode(stamp));
        }
    }

    static byte[] encode(OutputStamp stamp) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            Metadata.writeStamp(new DataOutputStream(bytes), stamp);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return bytes.toByteArray();
    }

    @Override
    public void ended(PendingEntry entry) {
        inFlight.remove(entry);
        inFlightCount.decrementAndGet();
        inFlightBytes.addAndGet(-entry.requestBytes);
        pendingBytes.addAndGet(-entry.requestBytes);
        wake();
    }

    @Override
    public @Nullable CompletableFuture<Void> replicatedEverywhere(long index) {
        return consensus.peers() == 1 ? null : consensus.replicatedEverywhere(index);
    }

    /// Ends entries that have been on their way for too long.
    void failOlderThan(long nanos, String why) {
        long now = System.nanoTime();
        for (PendingEntry entry : inFlight) {
            if (now - entry.submittedNanos > nanos) {
                entry.failed(why, null);
            }
        }
    }

    /// Whether the thread has ended although nobody stopped it.
    boolean hasDied() {
        return !stopped && thread.getState() == Thread.State.TERMINATED;
    }

    /// Whether the thread waits for something to do.
    boolean sleeps() {
        return parked.get() && thread.getState() == Thread.State.TIMED_WAITING;
    }

    long pendingBytes() {
        return pendingBytes.get();
    }

    int inFlight() {
        return inFlightCount.get();
    }

    long entries() {
        return entries;
    }

    long requests() {
        return requests;
    }

    /// Refuses what has not been sent; what was sent ends by itself.
    void stop(Throwable cause) {
        stopped = true;
        LockSupport.unpark(thread);
        Threads.awaitEnd(thread);
        drain(cause);
    }

    private synchronized void drain(Throwable cause) {
        // the queue has one consumer: the batcher's thread, and once that has ended whoever holds this lock
        if (thread.isAlive()) {
            return;
        }
        for (Waiting request = queue.poll(); request != null; request = queue.poll()) {
            pendingBytes.addAndGet(-request.bytesMax);
            request.fail(cause);
        }
    }
}
