package io.millrace.query.circuit;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.circuit.TestPlans.Kind;
import io.millrace.query.data.Schema;
import io.millrace.query.expression.MillraceFunctions;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.WindowKind;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.plan.Waterline;
import java.math.BigDecimal;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.LongUnaryOperator;
import org.apache.calcite.avatica.util.TimeUnit;
import org.apache.calcite.avatica.util.TimeUnitRange;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlIntervalQualifier;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.junit.jupiter.api.Test;

/// A waterline is the least value that rows at or after the watermark can have, neither more nor less.
class WaterlineTest {
    private static final SourceSpec SOURCE = TestPlans.source("timed", Kind.TIMED);
    private static final PlanNode.Source INPUT = TestPlans.node(SOURCE);
    private static final PlanFacts FACTS = PlanFacts.ofSource(INPUT, 0);

    /// @param least the smallest result over a row at this time
    private static void assertExact(PlanNode node, int column, long reachMs, LongUnaryOperator least) {
        Waterline waterline = PlanFacts.of(node, List.of(FACTS)).waterlines().get(column);
        assertThat(waterline).isNotNull();
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 200; i++) {
            long watermark = random.nextLong(-20_000, 20_000);
            long expected = Long.MAX_VALUE;
            for (long time = watermark; time <= watermark + reachMs; time++) {
                expected = Math.min(expected, least.applyAsLong(time));
            }
            assertThat(Objects.requireNonNull(waterline).at(new long[] {watermark}))
                    .as("%s at watermark %d", waterline, watermark)
                    .isEqualTo(expected);
        }
        assertThat(Objects.requireNonNull(waterline).at(new long[] {Long.MAX_VALUE}))
                .isEqualTo(Long.MAX_VALUE);
        assertThat(waterline.at(new long[] {Waterline.NONE})).isEqualTo(Waterline.NONE);
    }

    private static long floor(long time, long size, long offset) {
        return Math.floorDiv(time - offset, size) * size + offset;
    }

    @Test
    void hoppingWindowsCountTheEarliestWindowThatCanStillGetARow() {
        long[][] shapes = {{600, 600, 0}, {600, 200, 0}, {700, 200, 50}, {500, 800, -100}, {250, 1_000, 30}};
        for (long[] shape : shapes) {
            long size = shape[0];
            long slide = shape[1];
            long offset = shape[2];
            PlanNode node = TestPlans.window(INPUT, WindowKind.HOP, TestPlans.T, size, slide, offset);
            LongUnaryOperator earliest = time -> {
                long start = floor(time, slide, offset);
                if (start + size <= time) {
                    return Long.MAX_VALUE; // in a gap between windows
                }
                while (start - slide + size > time) {
                    start -= slide;
                }
                return start;
            };
            int column = INPUT.schema().size();
            assertExact(node, column, 2 * (size + slide), earliest);
            assertExact(node, column + 1, 2 * (size + slide), time -> {
                long start = earliest.applyAsLong(time);
                return start == Long.MAX_VALUE ? start : start + size;
            });
        }
    }

    @Test
    void cumulatingWindowsEndAfterTheWatermark() {
        PlanNode node = TestPlans.window(INPUT, WindowKind.CUMULATE, TestPlans.T, 900, 300, 70);
        int column = INPUT.schema().size();
        assertExact(node, column, 2_000, time -> floor(time, 900, 70));
        assertExact(node, column + 1, 2_000, time -> floor(time, 300, 70) + 300);
    }

    @Test
    void expressionsThatNeverDecreaseKeepTheWaterline() {
        Schema schema = INPUT.schema();
        RexNode time = TestCalc.ref(schema, TestPlans.T);
        RexNode seconds = TestCalc.REX.makeIntervalLiteral(
                BigDecimal.valueOf(5_000), new SqlIntervalQualifier(TimeUnit.SECOND, null, SqlParserPos.ZERO));
        List<RexNode> outputs = List.of(
                time,
                TestCalc.REX.makeCall(MillraceFunctions.WINDOW_START, time, TestCalc.number(700), TestCalc.number(40)),
                TestCalc.REX.makeCall(MillraceFunctions.WINDOW_END, time, TestCalc.number(700), TestCalc.number(40)),
                TestCalc.REX.makeCall(SqlStdOperatorTable.FLOOR, time, TestCalc.REX.makeFlag(TimeUnitRange.SECOND)),
                TestCalc.REX.makeCall(SqlStdOperatorTable.DATETIME_PLUS, time, seconds),
                TestCalc.ref(schema, TestPlans.V));
        Schema result = new Schema(outputs.stream()
                .map(output -> schema.columns().get(output == outputs.getLast() ? TestPlans.V : TestPlans.T))
                .toList());
        PlanNode node = new PlanNode.Calc(INPUT, TestCalc.program(schema, null, outputs, result));
        assertExact(node, 0, 10, moment -> moment);
        assertExact(node, 1, 1_500, moment -> floor(moment, 700, 40));
        assertExact(node, 2, 1_500, moment -> floor(moment, 700, 40) + 700);
        assertExact(node, 3, 2_000, moment -> floor(moment, 1_000, 0));
        assertExact(node, 4, 10, moment -> moment + 5_000);
        assertThat(PlanFacts.of(node, List.of(FACTS)).waterlines().get(5)).isNull();
    }

    @Test
    void tablesAndSidesHaveNoWaterline() {
        SourceSpec late = new SourceSpec(
                SOURCE.name(),
                SOURCE.topic(),
                SOURCE.format(),
                SOURCE.options(),
                SOURCE.columns(),
                SOURCE.watermark(),
                SourceSpec.Side.LATE,
                List.of());
        assertThat(PlanFacts.ofSource(TestPlans.node(late), 0).waterlines()).containsOnlyNulls();
        assertThat(PlanFacts.ofSource(TestPlans.node(TestPlans.source("table", Kind.TABLE)), 0)
                        .waterlines())
                .containsOnlyNulls();
    }
}
