package io.millrace.query.circuit;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.PlanNode.SortKey;
import io.millrace.query.plan.PlanNode.TimeBound;
import io.millrace.query.plan.PlanNode.WindowKind;
import io.millrace.query.plan.SourceSpec;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.calcite.rex.RexNode;
import org.jspecify.annotations.Nullable;

/// Sources, rows and plan nodes for tests.
///
/// Columns of every source: k BIGINT, s VARCHAR, t TIMESTAMP, v BIGINT, d DOUBLE, n DECIMAL(12,2), b BOOLEAN.
final class TestPlans {
    static final int K = 0;
    static final int S = 1;
    static final int T = 2;
    static final int V = 3;
    static final int D = 4;
    static final int N = 5;
    static final int B = 6;

    static final ColumnType BIGINT = ColumnType.of(SqlType.BIGINT);
    static final ColumnType DOUBLE = ColumnType.of(SqlType.DOUBLE);
    static final ColumnType DECIMAL = ColumnType.decimal(20, 4);

    static final Schema COLUMNS = Schema.of(
            new ColumnInfo("k", BIGINT),
            new ColumnInfo("s", ColumnType.of(SqlType.VARCHAR)),
            new ColumnInfo("t", ColumnType.of(SqlType.TIMESTAMP)),
            new ColumnInfo("v", BIGINT),
            new ColumnInfo("d", DOUBLE),
            new ColumnInfo("n", ColumnType.decimal(12, 2)),
            new ColumnInfo("b", ColumnType.of(SqlType.BOOLEAN)));

    private static final String[] TEXTS = {
        "",
        "a",
        "b",
        "DTW",
        "12345678",
        "123456789",
        "exactly 15 char",
        "exactly 16 chars",
        "a text longer than any word"
    };

    private TestPlans() {}

    enum Kind {
        /// only grows
        STREAM,
        /// weights of both signs
        CHANGES,
        /// only grows, with a watermark on t
        TIMED,
        /// weights of both signs, with a watermark on t
        TIMED_CHANGES,
        /// versions by k
        TABLE
    }

    static SourceSpec source(String name, Kind kind) {
        List<SourceSpec.SourceColumn> columns = new ArrayList<>();
        for (ColumnInfo column : COLUMNS.columns()) {
            columns.add(new SourceSpec.SourceColumn(
                    column.name(), column.type(), SourceSpec.Origin.FIELD, List.of(column.name())));
        }
        if (kind == Kind.TABLE) {
            columns.add(new SourceSpec.SourceColumn(
                    "_timestamp", ColumnType.of(SqlType.TIMESTAMPTZ), SourceSpec.Origin.TIMESTAMP, List.of()));
            columns.add(new SourceSpec.SourceColumn(
                    "_partition", ColumnType.of(SqlType.INTEGER), SourceSpec.Origin.PARTITION, List.of()));
            columns.add(new SourceSpec.SourceColumn("_offset", BIGINT, SourceSpec.Origin.OFFSET, List.of()));
        }
        boolean timed = kind == Kind.TIMED || kind == Kind.TIMED_CHANGES;
        boolean changes = kind == Kind.CHANGES || kind == Kind.TIMED_CHANGES;
        return new SourceSpec(
                name,
                name,
                changes ? SourceSpec.Format.CHANGES : SourceSpec.Format.JSON,
                Map.of(),
                columns,
                timed ? new SourceSpec.WatermarkSpec(T, 1_000) : null,
                SourceSpec.Side.GOOD,
                kind == Kind.TABLE ? List.of(K) : List.of());
    }

    static PlanNode.Source node(SourceSpec source) {
        return new PlanNode.Source(source, Circuits.inputSchema(source));
    }

    // --- rows -----------------------------------------------------------------------------------------------

    static @Nullable Object text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static List<@Nullable Object> row(SplittableRandom random, long time, boolean plainDoubles) {
        double[] doubles = {0.1, -0.1, 0.0, -0.0, 1e300, -1e300, 1e-300, 3.25, 1234567.875, Math.PI, 7};
        double[] special = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
        double d = !plainDoubles && random.nextInt(12) == 0
                ? special[random.nextInt(special.length)]
                : doubles[random.nextInt(doubles.length)];
        return Arrays.asList(
                maybe(random, (Object) random.nextLong(0, 4)),
                maybe(random, text(TEXTS[random.nextInt(TEXTS.length)])),
                maybe(random, (Object) time),
                maybe(random, (Object) random.nextLong(-3, 6)),
                maybe(random, (Object) d),
                maybe(random, BigDecimal.valueOf(random.nextLong(-500, 500), 2)),
                maybe(random, (Object) random.nextLong(0, 2)));
    }

    private static @Nullable Object maybe(SplittableRandom random, @Nullable Object value) {
        return random.nextInt(8) == 0 ? null : value;
    }

    /// Fills a feed as the kind of source allows: timed ones get no row below their watermark.
    static void fill(Feed feed, SourceSpec source, Kind kind, SplittableRandom random, int count) {
        boolean timed = kind == Kind.TIMED || kind == Kind.TIMED_CHANGES;
        boolean signed = kind == Kind.CHANGES || kind == Kind.TIMED_CHANGES;
        long clock = 0;
        long watermark = Long.MIN_VALUE;
        for (int i = 0; i < count; i++) {
            clock += random.nextInt(4) == 0 ? random.nextLong(0, 5_000) : random.nextLong(0, 300);
            long time = timed ? Math.max(clock - random.nextLong(0, 1_500), watermark) : random.nextLong(0, 12_000);
            List<@Nullable Object> row = row(random, time, signed);
            if (kind == Kind.TABLE) {
                row = new ArrayList<>(row);
                row.set(K, random.nextLong(0, 5));
                row.add(random.nextLong(0, 6));
                row.add(random.nextLong(0, 2));
                row.add((long) i);
                feed.add(source, row, random.nextInt(4) == 0 ? -1 : 1);
                continue;
            }
            if (timed && row.get(T) != null) {
                watermark = Math.max(watermark, time - 1_000);
            }
            long weight = signed ? random.nextLong(-2, 4) : 1;
            if (signed && random.nextInt(3) == 0 && !feed.of(source).isEmpty() && !timed) {
                Feed.Change earlier =
                        feed.of(source).get(random.nextInt(feed.of(source).size()));
                feed.add(source, earlier.row(), -earlier.weight());
            } else if (weight != 0) {
                feed.add(source, row, weight);
            }
        }
    }

    // --- plans ----------------------------------------------------------------------------------------------

    static PlanNode window(PlanNode input, WindowKind kind, int time, long size, long slide, long offset) {
        return new PlanNode.Window(input, kind, time, size, slide, offset, PlanNode.windowed(input.schema()));
    }

    static PlanNode tumble(PlanNode input, int time, long size) {
        return window(input, WindowKind.HOP, time, size, size, 0);
    }

    static PlanNode aggregate(PlanNode input, int[] keys, AggregateCall... calls) {
        List<ColumnInfo> columns = new ArrayList<>();
        for (int key : keys) {
            columns.add(input.schema().columns().get(key));
        }
        for (AggregateCall call : calls) {
            columns.add(new ColumnInfo("a" + columns.size(), call.type()));
        }
        return new PlanNode.Aggregate(input, keys, List.of(calls), new Schema(columns));
    }

    static AggregateCall call(Function function, int argument, ColumnType type) {
        return new AggregateCall(function, argument, -1, false, -1, type);
    }

    static AggregateCall count() {
        return call(Function.COUNT, -1, BIGINT);
    }

    /// A random aggregate over a random column it can take.
    static AggregateCall call(Schema schema, SplittableRandom random) {
        Function[] functions = Function.values();
        while (true) {
            Function function = functions[random.nextInt(functions.length)];
            int argument = random.nextInt(schema.size());
            SqlType type = schema.type(argument).type();
            boolean distinct = random.nextInt(4) == 0;
            int filter = random.nextInt(3) == 0 ? column(schema, SqlType.BOOLEAN, random) : -1;
            boolean number = type == SqlType.BIGINT || type == SqlType.DOUBLE || type == SqlType.DECIMAL;
            ColumnType result = switch (function) {
                case COUNT -> BIGINT;
                case SUM, SUM0 -> number ? (type == SqlType.DECIMAL ? DECIMAL : schema.type(argument)) : null;
                case AVG -> number ? (type == SqlType.DECIMAL ? DECIMAL : DOUBLE) : null;
                case VAR_POP, VAR_SAMP, STDDEV_POP, STDDEV_SAMP -> number ? DOUBLE : null;
                case MIN, MAX, ANY_VALUE, SINGLE_VALUE -> schema.type(argument);
                case BOOL_AND, BOOL_OR -> type == SqlType.BOOLEAN ? schema.type(argument) : null;
                case ARRAY_AGG -> ColumnType.array(schema.type(argument));
            };
            if (result != null) {
                boolean star = function == Function.COUNT && random.nextInt(3) == 0;
                return new AggregateCall(function, star ? -1 : argument, -1, distinct && !star, filter, result);
            }
        }
    }

    /// A random column of a type, −1 when there is none.
    static int column(Schema schema, SqlType type, SplittableRandom random) {
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < schema.size(); i++) {
            if (schema.type(i).type() == type) {
                found.add(i);
            }
        }
        return found.isEmpty() ? -1 : found.get(random.nextInt(found.size()));
    }

    static int[] columns(Schema schema, int count, SplittableRandom random) {
        return random.ints(count, 0, schema.size()).distinct().toArray();
    }

    static PlanNode join(
            PlanNode left,
            PlanNode right,
            JoinKind kind,
            int[] leftKeys,
            int[] rightKeys,
            @Nullable CalcProgram residual,
            @Nullable TimeBound bound) {
        List<ColumnInfo> columns = new ArrayList<>(left.schema().columns());
        if (kind != JoinKind.SEMI && kind != JoinKind.ANTI) {
            columns.addAll(right.schema().columns());
        }
        return new PlanNode.Join(left, right, kind, leftKeys, rightKeys, residual, bound, new Schema(columns));
    }

    static Schema pair(PlanNode left, PlanNode right) {
        List<ColumnInfo> columns = new ArrayList<>(left.schema().columns());
        columns.addAll(right.schema().columns());
        return new Schema(columns);
    }

    static CalcProgram within(PlanNode left, PlanNode right, TimeBound bound) {
        // times as plain numbers, which is how they are stored
        Schema numbers = new Schema(pair(left, right).columns().stream()
                .map(column ->
                        column.type().type() == SqlType.TIMESTAMP ? new ColumnInfo(column.name(), BIGINT) : column)
                .toList());
        RexNode leftTime = TestCalc.ref(numbers, bound.leftColumn());
        RexNode rightTime = TestCalc.ref(numbers, left.schema().size() + bound.rightColumn());
        return TestCalc.filter(
                numbers,
                TestCalc.and(
                        TestCalc.greater(leftTime, TestCalc.plus(rightTime, TestCalc.number(bound.lowerMs() - 1))),
                        TestCalc.greater(TestCalc.plus(rightTime, TestCalc.number(bound.upperMs() + 1)), leftTime)));
    }

    static PlanNode top(PlanNode input, int[] partition, List<SortKey> order, long offset, long fetch, boolean rank) {
        List<ColumnInfo> columns = new ArrayList<>(input.schema().columns());
        if (rank) {
            columns.add(new ColumnInfo("rank", BIGINT));
        }
        return new PlanNode.TopN(input, partition, order, offset, fetch, rank, new Schema(columns));
    }

    /// Waterline of an EMIT FINAL over (an aggregate over) tumbling or hopping windows of a timed source, by
    /// the book.
    static long waterline(PlanNode.EmitFinal emit, long[] watermarks) {
        long watermark = Arrays.stream(watermarks).min().orElse(Long.MAX_VALUE);
        if (watermark == Long.MAX_VALUE || watermark == Long.MIN_VALUE) {
            return watermark;
        }
        PlanNode node = emit;
        while (!(node instanceof PlanNode.Window window)) {
            node = node.inputs().getFirst();
        }
        // the smallest end of a window that can hold the watermark itself
        long start = Math.floorDiv(watermark - window.sizeMs() - window.offsetMs(), window.slideMs()) * window.slideMs()
                + window.slideMs()
                + window.offsetMs();
        boolean isEnd = emit.schema().name(emit.timeColumn()).equals("window_end");
        return isEnd ? start + window.sizeMs() : start;
    }
}
