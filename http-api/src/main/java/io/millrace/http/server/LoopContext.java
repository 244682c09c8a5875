package io.millrace.http.server;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.LoopTask;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// What the connections of one event loop share.
///
/// Finished answers gather in a lock-free stack that links the tasks themselves. Whoever finds it empty wakes the
/// loop; the loop takes all, writes all, and flushes each connection once.
///
/// Threading: [#submit] by any thread, the rest on the loop.
final class LoopContext implements Runnable {
    final EventLoop loop;
    final JsonBuffer scratch = new JsonBuffer(4096);
    final JsonBuffer head = new JsonBuffer(1024); // of the answer that is being written
    final Set<Connection> connections = new HashSet<>();
    private final AtomicReference<LoopTask> submitted = new AtomicReference<>();
    private final List<Connection> unflushed = new ArrayList<>();
    private @Nullable Runnable afterReads;
    private final Runnable runAfterReads = this::runAfterReads;
    private byte[] date = new byte[0];
    private long dateSecond = -1;

    LoopContext(EventLoop loop) {
        this.loop = loop;
    }

    void submit(LoopTask task) {
        LoopTask before;
        do {
            before = submitted.get();
            task.next(before);
        } while (!submitted.compareAndSet(before, task));
        if (before == null) {
            try {
                loop.execute(this);
            } catch (RejectedExecutionException stopped) {
                submitted.set(null); // the server has stopped: every connection is closed, nobody waits for answers
            }
        }
    }

    @Override
    public void run() {
        LoopTask last = submitted.getAndSet(null);
        LoopTask first = null;
        while (last != null) { // the stack has the newest on top; answers go out in the order in which they came
            LoopTask before = last.next();
            last.next(first);
            first = last;
            last = before;
        }
        while (first != null) {
            LoopTask following = first.next();
            first.next(null);
            first.run();
            first = following;
        }
        flush();
    }

    /// Runs an action once, when all connections that had something to read have been read: that is when the loop
    /// turns to its tasks.
    void afterReads(Runnable action) {
        if (afterReads == action) {
            return;
        }
        runAfterReads();
        afterReads = action;
        try {
            loop.execute(runAfterReads);
        } catch (RejectedExecutionException stopping) {
            runAfterReads();
        }
    }

    private void runAfterReads() {
        Runnable action = afterReads;
        afterReads = null;
        if (action != null) {
            action.run();
        }
    }

    void unflushed(Connection connection) {
        unflushed.add(connection);
    }

    void flush() {
        for (int i = 0; i < unflushed.size(); i++) {
            unflushed.get(i).flush();
        }
        unflushed.clear();
    }

    /// The `Date` of an answer, made once a second.
    byte[] date() {
        long second = System.currentTimeMillis() / 1000;
        if (second != dateSecond) {
            dateSecond = second;
            date = DateTimeFormatter.RFC_1123_DATE_TIME
                    .format(ZonedDateTime.ofInstant(java.time.Instant.ofEpochSecond(second), ZoneOffset.UTC))
                    .getBytes(StandardCharsets.US_ASCII);
        }
        return date;
    }
}
