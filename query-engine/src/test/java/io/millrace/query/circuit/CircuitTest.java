package io.millrace.query.circuit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.query.circuit.TestPlans.Kind;
import io.millrace.query.data.Batch;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.SourceSpec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What a step emits, what it shares, what it refuses.
class CircuitTest {
    private static final long[] NO_WATERMARK = {Long.MIN_VALUE};
    private static final SourceSpec CHANGES = TestPlans.source("changes", Kind.CHANGES);
    private static final PlanNode INPUT = TestPlans.node(CHANGES);

    private static Batch batch(SourceSpec source, List<@Nullable Object>... rows) {
        Batch batch = new Batch(Circuits.inputSchema(source));
        for (List<@Nullable Object> row : rows) {
            batch.appendValues(row, 1);
        }
        return batch;
    }

    private static List<@Nullable Object> row(long k, @Nullable Long v) {
        return Arrays.asList(k, null, null, v, null, null, null);
    }

    @Test
    @SuppressWarnings("unchecked")
    void onlyGroupsThatChangeAreEmitted() {
        PlanNode plan = TestPlans.aggregate(
                INPUT, new int[] {TestPlans.K}, TestPlans.call(Function.MAX, TestPlans.V, TestPlans.BIGINT));
        Circuit circuit = Harness.build(plan);
        circuit.step(List.of(batch(CHANGES, row(1, 10L), row(2, 20L), row(3, 30L))), NO_WATERMARK);

        Batch smaller = circuit.step(List.of(batch(CHANGES, row(1, 5L), row(2, null))), NO_WATERMARK);
        assertThat(smaller.count()).isZero();

        Batch larger = circuit.step(List.of(batch(CHANGES, row(1, 11L), row(3, 30L))), NO_WATERMARK);
        assertThat(larger.count()).isEqualTo(2);
        assertThat(larger.row(0)).containsExactly(1L, 10L);
        assertThat(larger.weight(0)).isEqualTo(-1);
        assertThat(larger.row(1)).containsExactly(1L, 11L);
        assertThat(larger.weight(1)).isEqualTo(1);
    }

    @Test
    @SuppressWarnings("unchecked")
    void sumsThatDoNotFitWithholdTheGroupAndReportIt() {
        List<String> reasons = new ArrayList<>();
        PlanNode plan = TestPlans.aggregate(
                INPUT, new int[] {TestPlans.K}, TestPlans.call(Function.SUM, TestPlans.V, TestPlans.BIGINT));
        Circuit circuit = Circuits.build(
                plan,
                TestCalc::compile,
                new CircuitSettings(
                        Long.MAX_VALUE,
                        failed -> reasons.add("%s%s %+d"
                                .formatted(failed.input().row(failed.row()), failed.reason(), failed.weight()))));
        Batch most = circuit.step(List.of(batch(CHANGES, row(1, Long.MAX_VALUE))), NO_WATERMARK);
        assertThat(most.row(0)).containsExactly(1L, Long.MAX_VALUE);
        assertThat(reasons).isEmpty();

        Batch over = circuit.step(List.of(batch(CHANGES, row(1, 1L))), NO_WATERMARK);
        assertThat(over.count()).isEqualTo(1);
        assertThat(over.weight(0)).isEqualTo(-1);
        assertThat(reasons).containsExactly("[1]SUM is out of range for BIGINT: 9223372036854775808 +1");

        Batch back = circuit.step(List.of(batch(CHANGES, row(1, -2L))), NO_WATERMARK);
        assertThat(back.row(0)).containsExactly(1L, Long.MAX_VALUE - 1);
        assertThat(back.weight(0)).isEqualTo(1);
        assertThat(reasons).last().isEqualTo("[1]SUM is out of range for BIGINT: 9223372036854775808 -1");
    }

    @Test
    void doubleSumsAreExactInAnyOrderAndAfterRetractions() {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            PlanNode plan =
                    TestPlans.aggregate(INPUT, new int[0], TestPlans.call(Function.SUM, TestPlans.D, TestPlans.DOUBLE));
            Circuit circuit = Harness.build(plan);
            BigDecimal exact = BigDecimal.ZERO;
            long values = 0;
            double last = Double.NaN;
            int range = random.nextInt(1, 1_000);
            for (int step = 0; step < 6; step++) {
                Batch batch = new Batch(Circuits.inputSchema(CHANGES));
                int count = random.nextInt(1, 60);
                for (int i = 0; i < count; i++) {
                    double value = Math.scalb(random.nextDouble(-1, 1), random.nextInt(-range, range));
                    long weight = random.nextInt(4) == 0 ? random.nextLong(-3, 0) : random.nextLong(1, 3);
                    batch.appendValues(Arrays.asList(1L, null, null, null, value, null, null), weight);
                    exact = exact.add(new BigDecimal(value).multiply(BigDecimal.valueOf(weight)));
                    values += weight;
                }
                Batch change = circuit.step(List.of(batch), NO_WATERMARK);
                if (change.count() > 0) {
                    int row = change.count() - 1;
                    last = change.column(0).isNull(row)
                            ? Double.NaN
                            : change.doubles(0).get(row);
                }
                double expected = values == 0 ? Double.NaN : exact.doubleValue();
                assertThat(last).as("seed %d", seed).isEqualTo(Double.valueOf(expected));
            }
        }
    }

    @Test
    void equalSourcesAndSubPlansAreBuiltOnce() {
        PlanNode one = TestPlans.aggregate(
                TestPlans.node(TestPlans.source("changes", Kind.CHANGES)), new int[] {0}, TestPlans.count());
        PlanNode two = TestPlans.aggregate(
                TestPlans.node(TestPlans.source("changes", Kind.CHANGES)), new int[] {0}, TestPlans.count());
        int[] keys = {0};
        Circuit circuit = Harness.build(TestPlans.join(one, two, JoinKind.INNER, keys, keys, null, null));
        assertThat(circuit.sources()).hasSize(1);
        assertThat(circuit.report())
                .extracting(Circuit.OperatorReport::operator)
                .containsExactly("Source changes", "Aggregate", "InnerJoin");

        PlanNode other = TestPlans.aggregate(INPUT, new int[] {TestPlans.V}, TestPlans.count());
        Circuit different = Harness.build(TestPlans.join(one, other, JoinKind.INNER, keys, keys, null, null));
        assertThat(different.report())
                .extracting(Circuit.OperatorReport::operator)
                .containsExactly("Source changes", "Aggregate", "Aggregate", "InnerJoin");
    }

    @Test
    @SuppressWarnings("unchecked")
    void aStreamThatOnlyGrowsRefusesNegativeWeights() {
        SourceSpec stream = TestPlans.source("events", Kind.STREAM);
        Circuit circuit = Harness.build(TestPlans.node(stream));
        Batch batch = batch(stream, row(1, 1L));
        batch.appendValues(row(2, 2L), -1);
        assertThatThrownBy(() -> circuit.step(List.of(batch), NO_WATERMARK))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("stream events only grows")
                .hasMessageContaining("row 1");
    }

    @Test
    void aStepNeedsOneDeltaForEachSource() {
        Circuit circuit = Harness.build(INPUT);
        assertThatThrownBy(() -> circuit.step(List.of(), new long[0]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 sources, found 0 deltas");
    }

    @Test
    void aCheckpointOfAnotherPlanIsRefused() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Harness.build(new PlanNode.Distinct(INPUT)).save(new DataOutputStream(bytes));
        Circuit other = Harness.build(TestPlans.aggregate(INPUT, new int[] {0}, TestPlans.count()));
        assertThatThrownBy(() -> other.restore(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()))))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected Aggregate, found Distinct");
    }
}
