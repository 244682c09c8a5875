package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.EngineSettings;
import io.millrace.query.Frontier;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngines;
import io.millrace.query.RunningStatement;
import io.millrace.query.Seeds;
import io.millrace.query.Session;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Queries that go on for ever, through the engine: what they deliver, when, and how they end.
class ContinuousTaskTest {
    private static final EngineSettings SETTINGS = new EngineSettings(7, 0, 16, Long.MAX_VALUE, 100, 1_000_000);
    private static final String GROUPED = "SELECT k, COUNT(*) AS n, SUM(v) AS s FROM t GROUP BY k";

    @TempDir
    Path folder;

    private final long seed = Seeds.first(20_261_121);
    private final SplittableRandom random = new SplittableRandom(seed);
    private LocalTopics topics;
    private QueryEngine engine;
    private int written;

    @BeforeEach
    void open() throws Exception {
        System.out.println("seed " + seed);
        topics = new LocalTopics(folder);
        topics.create("t", 2);
        engine = QueryEngines.open(SETTINGS, topics, topics, topics);
        Recorder.run(engine, "CREATE STREAM t (id BIGINT, k BIGINT, v BIGINT) WITH (topic = 't')");
    }

    @AfterEach
    void close() throws Exception {
        engine.close();
        topics.close();
    }

    private void write(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            topics.write(
                    "t",
                    random.nextInt(2),
                    "{\"id\":%d,\"k\":%d,\"v\":%d}".formatted(written++, random.nextInt(4), random.nextInt(10)));
        }
    }

    private void writeSlowly(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            write(1);
            LockSupport.parkNanos(random.nextInt(3_000_000));
        }
    }

    private static Session from(@Nullable Frontier frontier) {
        return new Session(List.of(), new HashMap<>(), null, frontier);
    }

    private Frontier end() {
        return new Frontier(Map.of("t", new long[] {topics.endOffset("t", 0), topics.endOffset("t", 1)}));
    }

    private void awaitEnd(Recorder recorder) {
        Frontier end = end();
        Recorder.await(
                "the query has told everything",
                () -> recorder.failure() != null || recorder.frontier().includes(end));
        assertThat(recorder.code()).isEmpty();
    }

    private static void cancel(RunningStatement statement) throws Exception {
        statement.cancel();
        statement.done().get(10, TimeUnit.SECONDS);
    }

    private Map<String, Long> answer(String sql) throws Exception {
        Recorder recorder = Recorder.run(engine, sql);
        assertThat(recorder.code()).as(sql).isEmpty();
        return recorder.counted();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT k, v FROM t%s WHERE v > 2",
                "SELECT k, COUNT(*) AS n, SUM(v) AS s FROM t%s GROUP BY k",
                "SELECT COUNT(*) AS n FROM t%s",
                "SELECT DISTINCT k, v FROM t%s",
                "SELECT a.id, b.id AS other FROM t%s a LEFT JOIN t b ON a.k = b.k AND a.v = b.v",
            })
    void theChangesUpToEachFrontierSumToTheAnswerThere(String template) throws Exception {
        write(40);
        Recorder recorder = new Recorder();
        RunningStatement statement =
                Recorder.start(engine, template.formatted("") + " EMIT CHANGES", Session.create(), recorder);
        writeSlowly(120);
        awaitEnd(recorder);
        cancel(statement);
        List<Recorder.Snapshot> snapshots = recorder.snapshots();
        assertThat(snapshots).as("seed %d", seed).hasSizeGreaterThan(10);
        for (int i = 0; i < 12; i++) {
            Recorder.Snapshot snapshot = i == 0 ? snapshots.getLast() : snapshots.get(random.nextInt(snapshots.size()));
            if (snapshot.frontier().equals(Frontier.EMPTY)) {
                assertThat(snapshot.answer()).isEmpty();
                continue;
            }
            String there = template.formatted("") + " AS OF FRONTIER '" + snapshot.frontier() + "'";
            assertThat(new TreeMap<>(snapshot.answer()))
                    .as("seed %d, %s", seed, there)
                    .isEqualTo(answer(there));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT id, k FROM t EMIT CHANGES",
                GROUPED + " EMIT CHANGES",
                GROUPED + " EMIT EVERY INTERVAL '0.05' SECOND",
                "SELECT COUNT(*) AS n FROM t EMIT CHANGES",
            })
    void aResumedQueryGoesOnWhereTheListenerWas(String sql) throws Exception {
        write(20);
        Recorder whole = new Recorder();
        RunningStatement statement = Recorder.start(engine, sql, Session.create(), whole);
        writeSlowly(80);
        awaitEnd(whole);
        cancel(statement);
        List<Recorder.Delivery> deliveries = whole.deliveries();
        for (int i = 0; i < 6; i++) {
            int cut = i == 0 ? deliveries.size() - 1 : random.nextInt(deliveries.size());
            Frontier from = deliveries.get(cut).frontier();
            Map<String, Long> after = new TreeMap<>();
            for (Recorder.Delivery delivery : deliveries.subList(cut + 1, deliveries.size())) {
                delivery.changes().forEach((row, weight) -> after.merge(row, weight, Long::sum));
            }
            after.values().removeIf(weight -> weight == 0);
            Recorder resumed = new Recorder();
            RunningStatement again = Recorder.start(engine, sql, from(from), resumed);
            awaitEnd(resumed);
            cancel(again);
            assertThat(resumed.sum())
                    .as("seed %d, from %s: %s", seed, from, sql)
                    .isEqualTo(after);
            assertThat(resumed.snapshots())
                    .as("frontiers never go back behind the one resumed from")
                    .allMatch(snapshot -> snapshot.frontier().includes(from));
        }
    }

    @Test
    void whatIsHeldWhenAResumedListenerGoesAwayIsNotLost() throws Exception {
        write(10);
        Recorder first = new Recorder();
        RunningStatement statement = Recorder.start(engine, GROUPED + " EMIT CHANGES", Session.create(), first);
        awaitEnd(first);
        cancel(statement);
        Frontier from = first.frontier();
        write(10);
        Recorder held = new Recorder();
        RunningStatement second =
                Recorder.start(engine, GROUPED + " EMIT AFTER DELAY INTERVAL '60' SECOND", from(from), held);
        Recorder.await("progress was told", () -> !held.snapshots().isEmpty());
        cancel(second);
        assertThat(held.deliveries()).isEmpty();
        assertThat(held.frontier())
                .as("the listener still has the answer there, no other")
                .isEqualTo(from);
    }

    @Test
    void resumingBehindTheEndOfTheLogIsRefused() throws Exception {
        write(3);
        Recorder recorder = new Recorder();
        RunningStatement statement = Recorder.start(
                engine, GROUPED + " EMIT CHANGES", from(new Frontier(Map.of("t", new long[] {1000, 1000}))), recorder);
        statement.done().get(20, TimeUnit.SECONDS);
        assertThat(recorder.code()).isEqualTo("frontier_not_reached");
    }

    @Test
    void progressIsToldAtLeastEverySecond() throws Exception {
        Recorder idle = new Recorder();
        Recorder busy = new Recorder();
        long start = System.nanoTime();
        RunningStatement first = Recorder.start(engine, GROUPED + " EMIT CHANGES", Session.create(), idle);
        RunningStatement second =
                Recorder.start(engine, GROUPED + " EMIT EVERY INTERVAL '30' SECOND", Session.create(), busy);
        Recorder.await("two and a half seconds have passed", () -> System.nanoTime() - start > 2_500_000_000L);
        Recorder.await("both have told eight times", () -> {
            writeQuietly();
            return idle.toldNanos().size() >= 8 && busy.toldNanos().size() >= 8;
        });
        cancel(first);
        cancel(second);
        for (Recorder recorder : List.of(idle, busy)) {
            List<Long> pausesMs = new ArrayList<>();
            long before = start;
            for (long told : recorder.toldNanos()) {
                pausesMs.add(TimeUnit.NANOSECONDS.toMillis(told - before));
                before = told;
            }
            Collections.sort(pausesMs);
            // the longest may be the machine's
            assertThat(pausesMs.get(pausesMs.size() / 2)).as("%s", pausesMs).isLessThanOrEqualTo(1000);
        }
    }

    private void writeQuietly() {
        try {
            write(10);
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    @Test
    void changesOfAnIntervalAreSentAsOne() throws Exception {
        Recorder recorder = new Recorder();
        long start = System.nanoTime();
        RunningStatement statement =
                Recorder.start(engine, GROUPED + " EMIT EVERY INTERVAL '0.4' SECOND", Session.create(), recorder);
        writeSlowly(400);
        awaitEnd(recorder);
        long intervals = (System.nanoTime() - start) / 400_000_000L;
        cancel(statement);
        assertThat(recorder.deliveries()).hasSizeBetween(2, (int) intervals + 2);
        for (Recorder.Delivery delivery : recorder.deliveries()) {
            assertThat(delivery.changes())
                    .as("one old and one new row of each group")
                    .hasSizeLessThanOrEqualTo(8);
        }
        assertThat(recorder.sum()).as("seed %d", seed).isEqualTo(answer(GROUPED));
    }

    @Test
    void changesAreHeldBackForTheDelay() throws Exception {
        Recorder recorder = new Recorder();
        RunningStatement statement =
                Recorder.start(engine, GROUPED + " EMIT AFTER DELAY INTERVAL '0.5' SECOND", Session.create(), recorder);
        Recorder.await("it runs", () -> !recorder.snapshots().isEmpty());
        long before = System.nanoTime();
        writeSlowly(50);
        awaitEnd(recorder);
        cancel(statement);
        assertThat(recorder.deliveries().getFirst().nanos() - before).isGreaterThanOrEqualTo(500_000_000L);
        assertThat(recorder.deliveries().size()).isLessThanOrEqualTo(3);
        assertThat(recorder.sum()).as("seed %d", seed).isEqualTo(answer(GROUPED));
    }

    @Test
    void aCancelledQueryEndsOnceAndIsForgotten() throws Exception {
        Recorder recorder = new Recorder();
        RunningStatement statement = Recorder.start(engine, GROUPED + " EMIT CHANGES", Session.create(), recorder);
        write(30);
        assertThat(engine.query(statement.id())).isPresent();
        assertThat(engine.cancel(statement.id())).isTrue();
        statement.done().get(10, TimeUnit.SECONDS);
        assertThat(recorder.ends()).isEqualTo(1);
        assertThat(recorder.code()).isEmpty();
        int told = recorder.snapshots().size();
        assertThat(engine.queries()).isEmpty();
        assertThat(engine.cancel(statement.id())).isFalse();
        write(30);
        statement.cancel();
        assertThat(recorder.snapshots()).hasSize(told);
        assertThat(recorder.ends()).isEqualTo(1);
    }

    @Test
    void aListenerThatBlocksSlowsItsQueryAndLosesNothing() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        Recorder recorder = new Recorder();
        recorder.block(gate);
        RunningStatement statement =
                Recorder.start(engine, "SELECT id, k FROM t EMIT CHANGES", Session.create(), recorder);
        write(2000);
        Recorder.await(
                "the records wait",
                () -> engine.query(statement.id()).orElseThrow().lag() > 1900);
        gate.countDown();
        awaitEnd(recorder);
        cancel(statement);
        assertThat(recorder.sum()).hasSize(2000).isEqualTo(answer("SELECT id, k FROM t"));
    }

    @Test
    void aQueryThatReadsNothingGivesItsRowsAndGoesOn() throws Exception {
        Recorder recorder = new Recorder();
        RunningStatement statement = Recorder.start(engine, "SELECT 1 AS n EMIT FINAL", Session.create(), recorder);
        Recorder.await("the row has come", () -> recorder.sum().equals(Map.of("{\"n\":1}", 1L)));
        assertThat(recorder.ends()).isZero();
        cancel(statement);
        assertThat(recorder.sum()).isEqualTo(Map.of("{\"n\":1}", 1L));
    }

    @Test
    void aPausedQueryStandsStillAndCatchesUpLater() throws Exception {
        Recorder recorder = new Recorder();
        RunningStatement statement = Recorder.start(engine, GROUPED + " EMIT CHANGES", Session.create(), recorder);
        write(10);
        awaitEnd(recorder);
        assertThat(engine.pause(statement.id())).isTrue();
        assertThat(engine.query(statement.id()).orElseThrow().state()).isEqualTo("paused");
        Frontier atPause = recorder.frontier();
        write(5); // one step may have begun before the pause
        write(40);
        long until = System.nanoTime() + 700_000_000L;
        Recorder.await("a while has passed", () -> System.nanoTime() > until);
        assertThat(recorder.frontier().includes(end())).isFalse();
        assertThat(engine.query(statement.id()).orElseThrow().lag()).isPositive();
        assertThat(recorder.frontier().includes(atPause)).isTrue();
        assertThat(engine.resume(statement.id())).isTrue();
        awaitEnd(recorder);
        cancel(statement);
        assertThat(recorder.sum()).isEqualTo(answer(GROUPED));
    }

    @Test
    void aPausedQueryCanBeCancelled() throws Exception {
        Recorder recorder = new Recorder();
        RunningStatement statement = Recorder.start(engine, GROUPED + " EMIT CHANGES", Session.create(), recorder);
        engine.pause(statement.id());
        cancel(statement);
        assertThat(recorder.ends()).isEqualTo(1);
    }

    @Test
    void aRowThatFailsIsLeftOutAndCounted() throws Exception {
        Recorder recorder = new Recorder();
        RunningStatement statement = Recorder.start(
                engine, "SELECT id, 100 / (id - 3) AS q FROM t EMIT CHANGES", Session.create(), recorder);
        write(10);
        awaitEnd(recorder);
        assertThat(recorder.sum()).hasSize(9).doesNotContainKey("{\"id\":3,\"q\":null}");
        assertThat(recorder.sum().keySet()).noneMatch(row -> row.startsWith("{\"id\":3,"));
        assertThat(engine.query(statement.id()).orElseThrow().badRows()).isEqualTo(1);
        cancel(statement);
    }

    @Test
    void aRowThatFailsEndsTheQueryWhenTheSessionSaysSo() throws Exception {
        Session session = Session.create();
        assertThat(Recorder.run(engine, "SET on_error = 'fail'", session).code())
                .isEmpty();
        Recorder recorder = new Recorder();
        RunningStatement statement =
                Recorder.start(engine, "SELECT id, 100 / (id - 3) AS q FROM t EMIT CHANGES", session, recorder);
        write(10);
        statement.done().get(10, TimeUnit.SECONDS);
        assertThat(recorder.code()).isEqualTo("evaluation_failed");
        assertThat(engine.queries()).isEmpty();
    }
}
