package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.Frontier;
import io.millrace.query.QueryEngine;
import io.millrace.query.ResultListener;
import io.millrace.query.RunningStatement;
import io.millrace.query.Session;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Writes down what a statement delivers, and checks that it comes in the promised order.
///
/// Threading: the query's thread writes, any reads.
final class Recorder implements ResultListener {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /// What the changes up to a frontier sum to.
    record Snapshot(Frontier frontier, Map<String, Long> answer) {}

    /// One call of [#changes].
    record Delivery(Frontier frontier, Map<String, Long> changes, long nanos) {}

    private final Map<String, Long> sum = new TreeMap<>();
    private final List<String> rows = new ArrayList<>();
    private final List<Snapshot> snapshots = new ArrayList<>();
    private final List<Delivery> deliveries = new ArrayList<>();
    private final List<Long> toldNanos = new ArrayList<>(); // of every change and progress
    private List<String> columns = List.of();
    private int columnCalls;
    private int endCalls;
    private @Nullable Frontier completed;
    private @Nullable SqlException failure;
    private volatile @Nullable CountDownLatch gate;

    /// Runs a statement to its end.
    static Recorder run(QueryEngine engine, String sql) throws Exception {
        return run(engine, sql, Session.create());
    }

    static Recorder run(QueryEngine engine, String sql, Session session) throws Exception {
        Recorder recorder = new Recorder();
        start(engine, sql, session, recorder).done().get();
        return recorder;
    }

    static RunningStatement start(QueryEngine engine, String sql, Session session, Recorder recorder) {
        return engine.execute(engine.parse(sql).getFirst(), session, recorder);
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited too long until %s", what).isLessThan(deadline);
            LockSupport.parkNanos(2_000_000);
        }
    }

    /// Makes the next deliveries block until the latch opens.
    void block(CountDownLatch latch) {
        gate = latch;
    }

    private void pass() {
        CountDownLatch latch = gate;
        if (latch != null) {
            try {
                latch.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public synchronized void columns(Schema schema, List<String> notices) {
        columnCalls++;
        columns = schema.columns().stream().map(column -> column.name()).toList();
    }

    @Override
    public synchronized void rows(Batch batch) {
        open();
        each(batch, (text, weight) -> {
            for (long i = 0; i < weight; i++) {
                rows.add(text);
            }
        });
    }

    @Override
    public void changes(Batch changes, Frontier frontier, long watermarkMs) {
        pass();
        synchronized (this) {
            open();
            Map<String, Long> delta = new TreeMap<>();
            each(changes, (text, weight) -> {
                delta.merge(text, weight, Long::sum);
                if (sum.merge(text, weight, Long::sum) == 0) {
                    sum.remove(text);
                }
            });
            toldNanos.add(System.nanoTime());
            deliveries.add(new Delivery(frontier, delta, System.nanoTime()));
            snapshots.add(new Snapshot(frontier, Map.copyOf(sum)));
        }
    }

    @Override
    public void progress(Frontier frontier, long watermarkMs) {
        pass();
        synchronized (this) {
            open();
            toldNanos.add(System.nanoTime());
            snapshots.add(new Snapshot(frontier, Map.copyOf(sum)));
        }
    }

    @Override
    public synchronized void complete(Frontier frontier, String message) {
        open();
        endCalls++;
        completed = frontier;
    }

    @Override
    public synchronized void failed(SqlException cause) {
        assertThat(endCalls).as("ends").isZero();
        endCalls++;
        failure = cause;
    }

    private void open() {
        if (columnCalls != 1 || endCalls != 0) {
            throw new AssertionError("called after %d columns() and %d ends".formatted(columnCalls, endCalls));
        }
    }

    private interface Row {
        void accept(String text, long weight);
    }

    private static void each(Batch batch, Row row) {
        RowEncoder encoder = new RowEncoder(batch.schema());
        for (int i = 0; i < batch.count(); i++) {
            encoder.value(batch, i);
            row.accept(new String(encoder.bytes(), 0, encoder.length(), StandardCharsets.UTF_8), batch.weight(i));
        }
    }

    synchronized List<String> columns() {
        return columns;
    }

    /// Of a statement that ends, in the order of delivery.
    synchronized List<String> rows() {
        return List.copyOf(rows);
    }

    /// Rows of a statement that ends, counted.
    synchronized Map<String, Long> counted() {
        Map<String, Long> counted = new TreeMap<>();
        rows.forEach(row -> counted.merge(row, 1L, Long::sum));
        return counted;
    }

    /// The sum of all changes.
    synchronized Map<String, Long> sum() {
        return new TreeMap<>(sum);
    }

    synchronized List<Snapshot> snapshots() {
        return List.copyOf(snapshots);
    }

    synchronized List<Delivery> deliveries() {
        return List.copyOf(deliveries);
    }

    synchronized List<Long> toldNanos() {
        return List.copyOf(toldNanos);
    }

    synchronized int ends() {
        return endCalls;
    }

    synchronized Frontier completed() {
        return Objects.requireNonNull(completed, "it is not complete");
    }

    /// Code of the failure, empty for none.
    synchronized String code() {
        return failure == null ? "" : failure.code();
    }

    synchronized @Nullable SqlException failure() {
        return failure;
    }

    /// The last frontier that was told.
    synchronized Frontier frontier() {
        return snapshots.isEmpty() ? Frontier.EMPTY : snapshots.getLast().frontier();
    }
}
