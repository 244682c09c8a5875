package io.millrace.query.circuit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.query.circuit.TestPlans.Kind;
import io.millrace.query.data.Batch;
import io.millrace.query.oracle.Multiset;
import io.millrace.query.oracle.NaiveEvaluator;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.PlanNode.SortKey;
import io.millrace.query.plan.PlanNode.TimeBound;
import io.millrace.query.plan.SourceSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// State shrinks when watermarks rise, and answers stay what they are.
class BoundedStateTest {
    private static final int ROWS = 500;
    private static final SourceSpec ORDERS = TestPlans.source("orders", Kind.TIMED_CHANGES);
    private static final SourceSpec PAYMENTS = TestPlans.source("payments", Kind.TIMED);
    private static final PlanNode LEFT = TestPlans.node(ORDERS);
    private static final PlanNode RIGHT = TestPlans.node(PAYMENTS);

    /// Runs a long stream in small steps. Rows without time, which no watermark can bound, are left out.
    ///
    /// @return the most rows that were kept after any step
    private static long mostRows(PlanNode plan, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Feed all = new Feed();
        TestPlans.fill(all, ORDERS, Kind.TIMED_CHANGES, random, ROWS);
        TestPlans.fill(all, PAYMENTS, Kind.TIMED, random, ROWS);
        Feed feed = new Feed();
        all.changes.forEach((source, changes) -> changes.forEach(change -> {
            if (change.row().get(TestPlans.T) != null) {
                feed.add(source, change.row(), change.weight());
            }
        }));
        Circuit circuit = Harness.build(plan);
        List<SourceSpec> sources = circuit.sources();
        int[] taken = new int[sources.size()];
        Multiset sum = new Multiset();
        long most = 0;
        boolean done = false;
        while (!done) {
            done = true;
            List<Batch> deltas = new ArrayList<>();
            for (int i = 0; i < taken.length; i++) {
                List<Feed.Change> changes = feed.of(sources.get(i));
                // the sources keep pace with each other, as a reader aligned by time would
                int count = Math.min(changes.size() - taken[i], 3);
                Batch delta = new Batch(Circuits.inputSchema(sources.get(i)));
                for (Feed.Change change : changes.subList(taken[i], taken[i] + count)) {
                    delta.appendValues(change.row(), change.weight());
                }
                taken[i] += count;
                done &= taken[i] == changes.size();
                deltas.add(delta);
            }
            long[] watermarks = Harness.watermarks(feed, sources, taken, done);
            Harness.add(sum, circuit.step(deltas, watermarks), "seed " + seed);
            most = Math.max(
                    most,
                    circuit.report().stream()
                            .mapToLong(Circuit.OperatorReport::stateRows)
                            .sum());
        }
        Map<SourceSpec, Multiset> inputs = new LinkedHashMap<>();
        for (int i = 0; i < taken.length; i++) {
            inputs.put(sources.get(i), feed.prefix(sources.get(i), taken[i]));
        }
        Multiset expected = NaiveEvaluator.evaluate(plan, inputs, TestCalc::rowFunction, emit -> Long.MAX_VALUE);
        assertThat(sum.toString()).as("seed %d", seed).isEqualTo(expected.toString());
        assertThat(circuit.report().stream()
                        .mapToLong(Circuit.OperatorReport::stateRows)
                        .sum())
                .as("state after the end, seed %d", seed)
                .isZero();
        return most;
    }

    private static void assertBounded(PlanNode plan) {
        for (long seed = 1; seed <= 3; seed++) {
            // clocks of the two sources drift apart by a few dozen rows
            assertThat(mostRows(plan, seed)).as("seed %d", seed).isBetween(2L, ROWS / 3L);
        }
        assertThat(Circuits.stateBounds(plan)).isNotEmpty().allSatisfy(bound -> {
            assertThat(bound.bounded()).as(bound.toString()).isTrue();
            assertThat(bound.bound()).startsWith("watermark");
        });
    }

    @Test
    void windowedAggregatesForgetClosedWindows() {
        PlanNode windowed = TestPlans.tumble(LEFT, TestPlans.T, 2_000);
        int start = windowed.schema().size() - 2;
        AggregateCall distinct =
                new AggregateCall(Function.COUNT, TestPlans.V, -1, true, TestPlans.B, TestPlans.BIGINT);
        assertBounded(TestPlans.aggregate(
                windowed,
                new int[] {TestPlans.S, start, start + 1},
                TestPlans.count(),
                distinct,
                TestPlans.call(Function.MAX, TestPlans.S, windowed.schema().type(TestPlans.S)),
                TestPlans.call(Function.AVG, TestPlans.D, TestPlans.DOUBLE)));
    }

    @Test
    void finalRowsOfHoppingWindowsAreForgotten() {
        PlanNode windowed = TestPlans.window(LEFT, PlanNode.WindowKind.HOP, TestPlans.T, 2_000, 500, 100);
        int end = windowed.schema().size() - 1;
        PlanNode aggregate = TestPlans.aggregate(windowed, new int[] {TestPlans.K, end}, TestPlans.count());
        assertBounded(new PlanNode.EmitFinal(aggregate, 1));
    }

    @ParameterizedTest
    @EnumSource(JoinKind.class)
    void windowedJoinsForgetClosedWindows(JoinKind kind) {
        PlanNode a = TestPlans.tumble(LEFT, TestPlans.T, 2_000);
        PlanNode b = TestPlans.tumble(RIGHT, TestPlans.T, 2_000);
        int start = a.schema().size() - 2;
        int[] keys = {TestPlans.B, start, start + 1};
        assertBounded(TestPlans.join(a, b, kind, keys, keys, null, null));
    }

    @ParameterizedTest
    @EnumSource(JoinKind.class)
    void timeBoundJoinsForgetRowsOutOfReach(JoinKind kind) {
        TimeBound bound = new TimeBound(TestPlans.T, TestPlans.T, -1_000, 2_000);
        int[] keys = {TestPlans.B};
        assertBounded(TestPlans.join(LEFT, RIGHT, kind, keys, keys, TestPlans.within(LEFT, RIGHT, bound), bound));
    }

    @Test
    void distinctForgetsOldRows() {
        assertBounded(new PlanNode.Distinct(LEFT));
    }

    @Test
    void setOperationsForgetOldRows() {
        assertBounded(new PlanNode.SetOperation(LEFT, RIGHT, false, true, LEFT.schema()));
    }

    @Test
    void sessionsAreForgottenWhenClosed() {
        assertBounded(new PlanNode.Session(
                LEFT, TestPlans.T, new int[] {TestPlans.K}, 900, PlanNode.windowed(LEFT.schema())));
    }

    @Test
    void topOfAWindowIsForgotten() {
        PlanNode windowed = TestPlans.tumble(LEFT, TestPlans.T, 2_000);
        int end = windowed.schema().size() - 1;
        assertBounded(
                TestPlans.top(windowed, new int[] {end}, List.of(new SortKey(TestPlans.V, true, false)), 0, 2, true));
    }

    @Test
    void aJoinOfWindowedAggregatesIsBoundedThroughout() {
        PlanNode a = TestPlans.tumble(LEFT, TestPlans.T, 2_000);
        PlanNode b = TestPlans.tumble(RIGHT, TestPlans.T, 2_000);
        int start = a.schema().size() - 2;
        PlanNode left = TestPlans.aggregate(a, new int[] {TestPlans.B, start, start + 1}, TestPlans.count());
        PlanNode right = TestPlans.aggregate(b, new int[] {TestPlans.B, start, start + 1}, TestPlans.count());
        int[] keys = {0, 1, 2};
        PlanNode join = TestPlans.join(left, right, JoinKind.LEFT, keys, keys, null, null);
        assertBounded(TestPlans.aggregate(join, new int[] {2}, TestPlans.call(Function.SUM, 3, TestPlans.BIGINT)));
    }

    @Test
    void boundsAreNamed() {
        PlanNode windowed = TestPlans.tumble(LEFT, TestPlans.T, 2_000);
        int end = windowed.schema().size() - 1;
        PlanNode bounded = TestPlans.aggregate(windowed, new int[] {end}, TestPlans.count());
        assertThat(Circuits.stateBounds(bounded))
                .containsExactly(
                        new Circuit.StateBound(bounded, "Aggregate", "watermark of orders.t", Circuit.Growth.BOUNDED));

        PlanNode unbounded = TestPlans.aggregate(LEFT, new int[] {TestPlans.K}, TestPlans.count());
        assertThat(Circuits.stateBounds(unbounded))
                .containsExactly(new Circuit.StateBound(
                        unbounded, "Aggregate", "nothing: one row for each group", Circuit.Growth.KEYS));

        TimeBound bound = new TimeBound(TestPlans.T, TestPlans.T, 0, 0);
        PlanNode join = TestPlans.join(
                LEFT, RIGHT, JoinKind.INNER, new int[0], new int[0], TestPlans.within(LEFT, RIGHT, bound), bound);
        assertThat(Circuits.stateBounds(join))
                .containsExactly(new Circuit.StateBound(
                        join, "InnerJoin", "watermarks of payments.t, orders.t", Circuit.Growth.BOUNDED));

        PlanNode rows = TestPlans.join(
                LEFT, RIGHT, JoinKind.INNER, new int[] {TestPlans.K}, new int[] {TestPlans.K}, null, null);
        assertThat(Circuits.stateBounds(rows))
                .containsExactly(new Circuit.StateBound(
                        rows, "InnerJoin", "nothing: every row of both sides is kept", Circuit.Growth.ROWS));
        assertThat(Circuits.stateBounds(TestPlans.join(
                                unbounded, unbounded, JoinKind.INNER, new int[] {0}, new int[] {0}, null, null))
                        .getLast()
                        .growth())
                .isEqualTo(Circuit.Growth.KEYS);
    }

    @Test
    void stateBeyondTheLimitIsRefusedByName() {
        SourceSpec stream = TestPlans.source("events", Kind.STREAM);
        PlanNode plan = new PlanNode.Distinct(TestPlans.node(stream));
        Circuit roomy = Circuits.build(plan, TestCalc::compile, CircuitSettings.unlimited());
        Batch rows = new Batch(Circuits.inputSchema(stream));
        for (long i = 0; i < 5_000; i++) {
            rows.appendValues(Arrays.asList(i, null, i, i, null, null, null), 1);
        }
        roomy.step(List.of(rows), new long[] {Long.MIN_VALUE});
        long needed = roomy.stateBytes();
        for (int missing = -1; missing <= 1; missing++) {
            Circuit tight =
                    Circuits.build(plan, TestCalc::compile, new CircuitSettings(needed - missing, failed -> {}));
            if (missing <= 0) {
                tight.step(List.of(rows), new long[] {Long.MIN_VALUE});
            } else {
                assertThatThrownBy(() -> tight.step(List.of(rows), new long[] {Long.MIN_VALUE}))
                        .isInstanceOf(StateLimitExceededException.class)
                        .hasMessageContaining("Distinct #1")
                        .hasMessageContaining("bounded by nothing");
            }
        }
    }
}
