package io.millrace.faults.stage;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/// Whether the cluster goes on: writes that resume, nodes that catch up and agree.
///
/// Threading: the thread that breaks things; the times may be read by any.
public final class Progress {
    private static final Duration WRITE_PATIENCE = Duration.ofSeconds(180);
    private static final long WRITES_PAUSE_MS = 300;

    private final Stage stage;
    private final boolean ofEachPartition;
    private final List<Long> resumedAfterMs = new CopyOnWriteArrayList<>();

    /// @param ofEachPartition whether writes have resumed only when they have in every partition
    Progress(Stage stage, boolean ofEachPartition) {
        this.stage = stage;
        this.ofEachPartition = ofEachPartition;
    }

    /// From now until a write is acknowledged, with several groups one to each partition; the time is part of
    /// the result.
    ///
    /// @throws IOException writes do not resume
    public void awaitWrites() throws IOException, InterruptedException {
        resumedAfterMs.add(measureWrites());
    }

    private long measureWrites() throws IOException, InterruptedException {
        OptionalLong ms = stage.workload().awaitWrites(WRITE_PATIENCE, ofEachPartition);
        if (ms.isEmpty()) {
            throw new IOException("writes did not resume within " + WRITE_PATIENCE.toSeconds() + " s; answers so far: "
                    + stage.workload().answers());
        }
        stage.note("writes resumed after " + ms.getAsLong() + " ms");
        return ms.getAsLong();
    }

    /// Something that somebody does meanwhile.
    @FunctionalInterface
    public interface Repair {
        void run() throws IOException, InterruptedException;
    }

    /// The same as [#awaitWrites], counted from now on while something is repaired.
    public void awaitWritesWhile(Repair repair) throws IOException, InterruptedException {
        doDuring(this::awaitWrites, repair);
    }

    /// Writes, and counts until they resume, again and again while something goes on; the longest time is part
    /// of the result.
    public void awaitWritesDuring(Repair goesOn) throws IOException, InterruptedException {
        FutureTask<Void> meanwhile = begin(goesOn);
        long longestMs = 0;
        do {
            longestMs = Math.max(longestMs, measureWrites());
            TimeUnit.MILLISECONDS.sleep(WRITES_PAUSE_MS);
        } while (!meanwhile.isDone());
        resumedAfterMs.add(longestMs);
        join(meanwhile);
    }

    /// Does something while something else goes on, and waits for both.
    public void doDuring(Repair goesOn, Repair act) throws IOException, InterruptedException {
        FutureTask<Void> meanwhile = begin(goesOn);
        act.run();
        join(meanwhile);
    }

    private static FutureTask<Void> begin(Repair repair) {
        FutureTask<Void> task = new FutureTask<>(() -> {
            repair.run();
            return null;
        });
        Thread.ofVirtual().start(task);
        return task;
    }

    private static void join(FutureTask<Void> task) throws IOException, InterruptedException {
        try {
            task.get();
        } catch (ExecutionException failed) {
            throw new IOException(String.valueOf(failed.getCause()), failed);
        }
    }

    public List<Long> resumedAfterMs() {
        return List.copyOf(resumedAfterMs);
    }

    /// Waits until all nodes have the same records, by their own account.
    ///
    /// @throws IOException they do not agree in time
    public void awaitConvergence(Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        String last = "";
        while (System.nanoTime() < deadline) {
            try {
                int one = stage.members()[0];
                long[] first = stage.workload().watermarks(one);
                boolean equal = true;
                StringBuilder all = new StringBuilder(Arrays.toString(first));
                for (int i : stage.others(one)) {
                    long[] other = stage.workload().watermarks(i);
                    all.append(' ').append(Arrays.toString(other));
                    equal &= Arrays.equals(first, other);
                }
                last = all.toString();
                if (equal) {
                    return;
                }
            } catch (IOException notYet) {
                last = notYet.toString();
            }
            TimeUnit.MILLISECONDS.sleep(Stage.POLL_MS);
        }
        throw new IOException("the nodes do not agree after " + patience.toSeconds() + " s: " + last);
    }

    /// Waits until a node has what another one has now; clients may go on.
    ///
    /// @throws IOException it does not get there in time
    public void awaitCaughtUp(int index, Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        long[] wanted = stage.workload().watermarks(stage.others(index)[0]);
        String last = "";
        while (System.nanoTime() < deadline) {
            try {
                long[] has = stage.workload().watermarks(index);
                last = Arrays.toString(has);
                if (IntStream.range(0, wanted.length).allMatch(i -> has[i] >= wanted[i])) {
                    stage.cluster().awaitPlaced(); // what it holds not, it has only said on
                    stage.note(stage.name(index) + " has caught up");
                    return;
                }
            } catch (IOException notYet) {
                last = notYet.toString();
            }
            TimeUnit.MILLISECONDS.sleep(Stage.POLL_MS);
        }
        throw new IOException(stage.name(index) + " did not catch up within " + patience.toSeconds() + " s: wanted "
                + Arrays.toString(wanted) + ", has " + last);
    }
}
