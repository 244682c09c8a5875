package io.millrace.query.circuit;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Rows a second of `SELECT origin, COUNT(*), AVG(delay) … GROUP BY TUMBLE(1 hour), origin` inside the circuit,
/// beside a hand-written loop over the same columns. Run: `java -cp <test class path>
/// io.millrace.query.circuit.TumbleSpeed`.
public final class TumbleSpeed {
    private static final int ORIGINS = 300;
    private static final int BATCH_ROWS = 4096;
    private static final int BATCHES = 2_000;
    private static final long HOUR_MS = 3_600_000;

    private TumbleSpeed() {}

    public static void main(String[] arguments) {
        Schema schema = Schema.of(
                new ColumnInfo("ts", ColumnType.of(SqlType.TIMESTAMP)),
                new ColumnInfo("origin", ColumnType.of(SqlType.VARCHAR)),
                new ColumnInfo("delay", ColumnType.of(SqlType.BIGINT)));
        SourceSpec source = new SourceSpec(
                "flights",
                "flights",
                SourceSpec.Format.JSON,
                Map.of(),
                schema.columns().stream()
                        .map(column -> new SourceSpec.SourceColumn(
                                column.name(), column.type(), SourceSpec.Origin.FIELD, List.of(column.name())))
                        .toList(),
                new SourceSpec.WatermarkSpec(0, 60_000),
                SourceSpec.Side.GOOD,
                List.of());
        PlanNode windowed = TestPlans.tumble(TestPlans.node(source), 0, HOUR_MS);
        PlanNode plan = TestPlans.aggregate(
                windowed, new int[] {3, 4, 1}, TestPlans.count(), TestPlans.call(Function.AVG, 2, TestPlans.DOUBLE));

        byte[][] names = new byte[ORIGINS][];
        for (int i = 0; i < ORIGINS; i++) {
            names[i] = String.format(java.util.Locale.ROOT, "%c%c%c", 'A' + i % 26, 'A' + i / 26, 'A' + i % 7)
                    .getBytes(StandardCharsets.US_ASCII);
        }
        for (int round = 0; round < 5; round++) {
            run(plan, schema, names, round);
        }
    }

    private static void run(PlanNode plan, Schema schema, byte[][] names, int round) {
        Circuit circuit = Harness.build(plan);
        SplittableRandom random = new SplittableRandom(1);
        Batch batch = new Batch(schema);
        long clock = 0;
        long engineNanos = 0;
        long loopNanos = 0;
        long changes = 0;
        long[] counts = new long[ORIGINS * 64];
        long[] sums = new long[ORIGINS * 64];
        Map<String, Integer> ids = new HashMap<>();
        for (int i = 0; i < BATCHES; i++) {
            batch.clear();
            for (int row = 0; row < BATCH_ROWS; row++) {
                clock += random.nextInt(40);
                byte[] name = names[random.nextInt(ORIGINS)];
                batch.longs(0).append(clock - random.nextInt(30_000));
                batch.bytes(1).append(name, 0, name.length);
                batch.longs(2).append(random.nextInt(200) - 20);
            }
            batch.endRows(BATCH_ROWS);
            long start = System.nanoTime();
            changes += circuit.step(List.of(batch), new long[] {clock - 60_000}).count();
            engineNanos += System.nanoTime() - start;

            start = System.nanoTime();
            for (int row = 0; row < BATCH_ROWS; row++) {
                int hour = (int) Math.floorMod(Math.floorDiv(batch.longs(0).get(row), HOUR_MS), 64L);
                int id = ids.computeIfAbsent(batch.bytes(1).text(row), absent -> ids.size());
                counts[id * 64 + hour]++;
                sums[id * 64 + hour] += batch.longs(2).get(row);
            }
            loopNanos += System.nanoTime() - start;
        }
        double rows = (double) BATCHES * BATCH_ROWS;
        System.out.printf(
                "round %d: engine %.1f M rows/s, HashMap<String> loop %.1f M rows/s; %d changes, check %d%n",
                round, rows * 1e3 / engineNanos, rows * 1e3 / loopNanos, changes, java.util.Arrays.hashCode(sums));
        if (round == 4) {
            circuit.report()
                    .forEach(report -> System.out.printf(
                            "  %-20s %6.1f ns/row, %d rows kept, %d bytes%n",
                            report.operator(), report.nanos() / rows, report.stateRows(), report.stateBytes()));
        }
    }
}
