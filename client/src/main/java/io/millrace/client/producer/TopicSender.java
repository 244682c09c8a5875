package io.millrace.client.producer;

import io.millrace.client.MillraceException;
import io.millrace.client.NewRecord;
import io.millrace.client.ProducerSettings;
import io.millrace.client.RecordMetadata;
import io.millrace.client.transport.Call;
import io.millrace.client.transport.JsonObject;
import io.millrace.client.transport.Transport;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The queue of one topic and the virtual thread that empties it.
///
/// Each round takes what is queued (up to the batch size), divides it by partition, sends one batch to each
/// partition at the same time and waits for all of them. While a round is under way the next one gathers, so a
/// slow server makes batches larger. One batch a partition is under way at a time, and that is what keeps the
/// order through retries.
final class TopicSender {
    /// The server chooses: used until the topic exists and its partition count is known.
    private static final int SERVER_CHOOSES = -1;

    private final String topic;
    private final Transport transport;
    private final ProducerSettings settings;
    private final MemoryBudget budget;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Thread thread;

    // guarded by lock
    private final ArrayDeque<Pending> queue = new ArrayDeque<>();
    private long queuedBytes;
    private long oldestNanos;
    private int flushers;
    private boolean sending;
    private boolean closing;

    // only touched by the thread
    private int partitionCount;
    private int nextSticky;

    private record Pending(NewRecord content, CompletableFuture<RecordMetadata> outcome) {}

    TopicSender(String topic, Transport transport, ProducerSettings settings, MemoryBudget budget) {
        this.topic = topic;
        this.transport = transport;
        this.settings = settings;
        this.budget = budget;
        this.thread = Thread.ofVirtual().name("millrace-produce-" + topic).start(this::run);
    }

    CompletableFuture<RecordMetadata> add(NewRecord content) {
        Pending pending = new Pending(content, new CompletableFuture<>());
        lock.lock();
        try {
            if (closing) {
                budget.release(content.sizeBytes());
                throw new MillraceException(MillraceException.CLOSED, "this producer was closed", null);
            }
            if (queue.isEmpty()) {
                oldestNanos = System.nanoTime();
            }
            queue.add(pending);
            boolean wasWaitingForMore = queue.size() > 1 && queuedBytes < settings.batchBytesMax();
            queuedBytes += content.sizeBytes();
            if (!wasWaitingForMore || queuedBytes >= settings.batchBytesMax()) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        return pending.outcome;
    }

    void flush() throws InterruptedException {
        lock.lock();
        try {
            flushers++;
            changed.signalAll();
            while (sending || !queue.isEmpty()) {
                changed.await();
            }
        } finally {
            flushers--;
            lock.unlock();
        }
    }

    void close() throws InterruptedException {
        lock.lock();
        try {
            closing = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        thread.join();
    }

    private void run() {
        while (true) {
            List<Pending> round = nextRound();
            if (round.isEmpty()) {
                return;
            }
            try {
                send(round);
            } catch (RuntimeException | Error unforeseen) {
                round.forEach(pending -> pending.outcome.completeExceptionally(unforeseen));
            }
            long bytes = 0;
            for (Pending pending : round) {
                bytes += pending.content.sizeBytes();
            }
            budget.release(bytes);
        }
    }

    /// Waits until there is something to send; empty only when closed and all is sent.
    private List<Pending> nextRound() {
        lock.lock();
        try {
            sending = false;
            changed.signalAll();
            while (true) {
                if (queue.isEmpty()) {
                    if (closing) {
                        return List.of();
                    }
                    changed.awaitUninterruptibly();
                    continue;
                }
                long leftNanos = oldestNanos + settings.linger().toNanos() - System.nanoTime();
                boolean full = queuedBytes >= settings.batchBytesMax();
                if (leftNanos <= 0 || full || flushers > 0 || closing || budget.isContended()) {
                    break;
                }
                awaitNanos(Math.min(leftNanos, TimeUnit.MILLISECONDS.toNanos(50)));
            }
            List<Pending> round = new ArrayList<>();
            long bytes = 0;
            while (!queue.isEmpty()) {
                int size = queue.element().content.sizeBytes();
                if (!round.isEmpty() && bytes + size > settings.batchBytesMax()) {
                    break;
                }
                round.add(queue.remove());
                bytes += size;
            }
            queuedBytes -= bytes;
            oldestNanos = System.nanoTime();
            sending = true;
            return round;
        } finally {
            lock.unlock();
        }
    }

    private void awaitNanos(long nanos) {
        try {
            long _ = changed.awaitNanos(nanos);
        } catch (InterruptedException unexpected) {
            // nobody interrupts this thread; whatever happened, looking again is right
        }
    }

    private void send(List<Pending> round) {
        if (partitionCount == 0) {
            partitionCount = askPartitionCount();
        }
        Map<Integer, List<Pending>> batches = new TreeMap<>();
        int sticky = partitionCount == 0 ? SERVER_CHOOSES : nextSticky++ % partitionCount;
        for (Pending pending : round) {
            batches.computeIfAbsent(partition(pending.content, sticky), _ -> new ArrayList<>())
                    .add(pending);
        }
        List<Thread> senders = new ArrayList<>();
        batches.forEach((partition, batch) ->
                senders.add(Thread.ofVirtual().name("millrace-batch").start(() -> sendBatch(partition, batch))));
        for (Thread sender : senders) {
            joinUninterruptibly(sender);
        }
    }

    private static void joinUninterruptibly(Thread sender) {
        while (true) {
            try {
                sender.join();
                return;
            } catch (InterruptedException unexpected) {
                // see awaitNanos
            }
        }
    }

    private int partition(NewRecord content, int sticky) {
        if (content.partition().isPresent()) {
            return content.partition().getAsInt();
        }
        if (content.key().isPresent() && partitionCount > 0) {
            return Partitioner.partition(content.key().get(), partitionCount);
        }
        return sticky;
    }

    /// 0 when the topic does not exist (yet) or the caller may not describe it: then the server routes.
    private int askPartitionCount() {
        try {
            JsonObject answer = transport
                    .whole(Call.get("/broker/topics/" + Call.encode(topic)).retryingFor(settings.deliveryTimeout()))
                    .json();
            Object partitions = answer.get("partitions");
            return partitions instanceof List<?> list
                    ? list.size()
                    : partitions instanceof Long count ? Math.toIntExact(count) : 0;
        } catch (MillraceException unknown) {
            return 0;
        }
    }

    private void sendBatch(int partition, List<Pending> batch) {
        try {
            List<NewRecord> records = new ArrayList<>(batch.size());
            batch.forEach(pending -> records.add(pending.content));
            BatchBody body = BatchBody.of(records);
            StringBuilder path = new StringBuilder("/broker/topics/")
                    .append(Call.encode(topic))
                    .append('/')
                    .append(body.route())
                    .append("?idempotency_key=")
                    .append(UUID.randomUUID());
            if (partition != SERVER_CHOOSES) {
                path.append("&partition=").append(partition);
            }
            String acknowledgement = settings.acknowledgement().word();
            if (!acknowledgement.isEmpty()) {
                path.append("&ack=").append(acknowledgement);
            }
            Call call = new Call(
                    "POST",
                    path.toString(),
                    body.bytes(),
                    body.contentType(),
                    Call.JSON,
                    true, // thanks to the idempotency key
                    topic + "/" + partition,
                    null,
                    settings.deliveryTimeout());
            acknowledge(batch, partition, transport.whole(call).json());
        } catch (RuntimeException | Error failure) {
            batch.forEach(pending -> pending.outcome.completeExceptionally(failure));
        }
    }

    private void acknowledge(List<Pending> batch, int asked, JsonObject answer) {
        boolean synced = answer.isTrue("synced");
        boolean duplicate = answer.isTrue("duplicate");
        List<?> spread = answer.listOrEmpty("partitions");
        if (spread.size() > 1) { // only where the server chose; which record went where is not told
            for (Pending pending : batch) {
                pending.outcome.complete(new RecordMetadata(topic, -1, -1, synced, duplicate));
            }
            return;
        }
        int partition = (int) answer.integerOr("partition", asked);
        long offset = answer.has("first_offset") ? answer.integer("first_offset") : answer.integerOr("offset", -1);
        for (Pending pending : batch) {
            pending.outcome.complete(new RecordMetadata(topic, partition, offset, synced, duplicate));
            offset += offset < 0 ? 0 : 1;
        }
    }
}
