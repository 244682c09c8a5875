package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.EngineSettings;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngines;
import io.millrace.query.RunningStatement;
import io.millrace.query.Seeds;
import io.millrace.query.Session;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A stream of four partitions of which two bring nothing, end to end: windows close, and what has closed once
/// is closed for every later reader.
class IdlePartitionsTest {
    private static final String WINDOWS = """
            SELECT window_start, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))
            GROUP BY window_start, window_end EMIT FINAL""";
    private static final String LATE = "SELECT id, _reason, _watermark FROM t$late";

    @TempDir
    Path folder;

    private final long seed = Seeds.first(20_261_121);
    private final SplittableRandom random = new SplittableRandom(seed);
    private final Map<String, Long> expected = new TreeMap<>(); // rows in each window
    private LocalTopics topics;
    private QueryEngine engine;
    private int nextId;

    @BeforeEach
    void open() throws Exception {
        System.out.println("seed " + seed);
        topics = new LocalTopics(folder);
        topics.create("t", 4);
        engine = engine(7);
        assertThat(Recorder.run(
                                engine,
                                "CREATE STREAM t (id BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)"
                                        + " WITH (topic = 't')")
                        .code())
                .isEmpty();
    }

    @AfterEach
    void close() throws Exception {
        engine.close();
        topics.close();
    }

    private QueryEngine engine(int stepRows) {
        return QueryEngines.open(
                new EngineSettings(stepRows, 0, 16, Long.MAX_VALUE, 100, 1_000_000), topics, topics, topics);
    }

    private void write(int partition, int second) throws Exception {
        topics.write("t", partition, "{\"id\":%d,\"ts\":\"%s\"}".formatted(nextId++, time(second)));
    }

    private void writeInTime(int partition, int second) throws Exception {
        write(partition, second);
        expected.merge(window(second), 1L, Long::sum);
    }

    private static String time(int second) {
        return "2001-01-01 00:%02d:%02d".formatted(second / 60, second % 60);
    }

    private static String window(int second) {
        return time(second / 5 * 5).replace(' ', 'T');
    }

    /// `window_start` to `n`, for the windows that end at or before `second`.
    private Map<String, Long> closed(int second) {
        Map<String, Long> closed = new TreeMap<>();
        expected.forEach((window, count) -> {
            if (window.compareTo(window(second - 5)) <= 0) {
                closed.put(window, count);
            }
        });
        return closed;
    }

    private static Map<String, Long> windows(Recorder recorder) {
        Map<String, Long> windows = new TreeMap<>();
        recorder.sum().forEach((row, weight) -> {
            assertThat(weight).as(row).isEqualTo(1);
            String[] fields = row.split("\"", -1);
            windows.put(
                    fields[3].substring(0, 19).replace(' ', 'T'), Long.parseLong(fields[6].replaceAll("[^0-9]", "")));
        });
        return windows;
    }

    private long[] ends() {
        return LongStream.range(0, 4)
                .map(partition -> topics.endOffset("t", (int) partition))
                .toArray();
    }

    private static void awaitMs(long ms) {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
        Recorder.await("time has passed", () -> System.nanoTime() >= until);
    }

    private static void cancel(RunningStatement statement) throws Exception {
        statement.cancel();
        statement.done().get(10, TimeUnit.SECONDS);
    }

    @Test
    void windowsCloseThoughTwoOfFourPartitionsBringNothing() throws Exception {
        Recorder recorder = new Recorder();
        RunningStatement statement = Recorder.start(engine, WINDOWS, Session.create(), recorder);
        for (int second = 0; second <= 100; second++) {
            writeInTime(0, second);
            if (second <= 90) {
                writeInTime(1, Math.max(0, second - random.nextInt(2)));
            }
        }
        // all are idle in the end: the greatest watermark, 98 s, holds for all
        Recorder.await(
                "windows have closed",
                () -> windows(recorder).size() >= closed(98).size());
        assertThat(windows(recorder)).as("seed %d", seed).isEqualTo(closed(98));
        assertThat(Recorder.run(engine, LATE).rows()).isEmpty();

        long[] marked = ends();
        awaitMs(500);
        assertThat(ends()).as("nothing more is marked once all are level").isEqualTo(marked);

        write(3, 50); // before the marker it would have been in time
        write(1, 97); // its own watermark is 98 s by the marker, 88 s by its records
        writeInTime(2, 98); // not before its watermark
        writeInTime(2, 120);
        writeInTime(0, 121);
        Recorder.await(
                "the next windows have closed",
                () -> windows(recorder).size() >= closed(119).size());
        assertThat(windows(recorder)).as("seed %d", seed).isEqualTo(closed(119));
        Map<String, Long> late = Recorder.run(engine, LATE).counted();
        assertThat(late).as("seed %d", seed).hasSize(2);
        assertThat(late.keySet()).allMatch(row -> row.contains("00:01:38"), "behind the marker's watermark");
        cancel(statement);

        // the log alone says it again, in other steps and with nobody marking in between
        for (int stepRows : new int[] {1, 64, 100_000}) {
            try (QueryEngine other = engine(stepRows)) {
                Recorder again = new Recorder();
                RunningStatement replay = Recorder.start(other, WINDOWS, Session.create(), again);
                Recorder.await(
                        "the replay is through",
                        () -> windows(again).size() >= closed(119).size());
                cancel(replay);
                assertThat(windows(again)).as("seed %d", seed).isEqualTo(closed(119));
                assertThat(Recorder.run(other, LATE).counted()).isEqualTo(late);
            }
        }
    }

    @Test
    void windowsCloseWhileTheOtherPartitionsAreBusy() throws Exception {
        Recorder recorder = new Recorder();
        RunningStatement statement = Recorder.start(engine, WINDOWS, Session.create(), recorder);
        long until = System.nanoTime() + 2_000_000_000L;
        int second = 0;
        while (System.nanoTime() < until && windows(recorder).isEmpty()) {
            for (int i = 0; i < 20; i++) { // more than a step, so that the query is always behind
                writeInTime(0, second / 20);
                writeInTime(1, second / 20);
                second++;
            }
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(windows(recorder)).as("windows that closed under load").isNotEmpty();
        assertThat(Arrays.stream(ends()).skip(2).sum()).as("markers").isBetween(1L, 60L);
        cancel(statement);
        windows(recorder).forEach((window, count) -> assertThat(count).isEqualTo(expected.get(window)));
    }
}
