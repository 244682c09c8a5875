package io.millrace.query.circuit;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.Schema;
import io.millrace.query.oracle.Multiset;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.SourceSpec;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Money moves between ten accounts; at no moment may the sum of all balances be anything but 0.
///
/// The internal-consistency test of scattered-thoughts.net (2021), at the level of plans.
class BankTest {
    private static final int ACCOUNTS = 10;
    private static final long SEED = 42;

    private static final SourceSpec TRANSACTIONS = new SourceSpec(
            "transactions",
            "transactions",
            SourceSpec.Format.JSON,
            Map.of(),
            Stream.of("id", "from_account", "to_account", "amount")
                    .map(name ->
                            new SourceSpec.SourceColumn(name, TestPlans.BIGINT, SourceSpec.Origin.FIELD, List.of(name)))
                    .toList(),
            null,
            SourceSpec.Side.GOOD,
            List.of());

    private static PlanNode balance() {
        // two nodes for one source, as a front end would write them
        PlanNode debits = TestPlans.aggregate(
                TestPlans.node(TRANSACTIONS), new int[] {1}, TestPlans.call(Function.SUM, 3, TestPlans.BIGINT));
        PlanNode credits = TestPlans.aggregate(
                TestPlans.node(TRANSACTIONS), new int[] {2}, TestPlans.call(Function.SUM, 3, TestPlans.BIGINT));
        PlanNode both = TestPlans.join(credits, debits, JoinKind.INNER, new int[] {0}, new int[] {0}, null, null);
        Schema schema =
                Schema.of(new ColumnInfo("account", TestPlans.BIGINT), new ColumnInfo("balance", TestPlans.BIGINT));
        return new PlanNode.Calc(
                both,
                TestCalc.program(
                        both.schema(),
                        null,
                        List.of(
                                TestCalc.ref(both.schema(), 0),
                                TestCalc.REX.makeCall(
                                        SqlStdOperatorTable.MINUS,
                                        TestCalc.ref(both.schema(), 1),
                                        TestCalc.ref(both.schema(), 3))),
                        schema));
    }

    private static void append(Batch batch, long id, long from, long to, long amount) {
        batch.longs(0).append(id);
        batch.longs(1).append(from);
        batch.longs(2).append(to);
        batch.longs(3).append(amount);
        batch.endRow(1);
    }

    /// One transfer of each account to itself, so that every account has a balance.
    private static Batch warmUp() {
        Batch batch = new Batch(Circuits.inputSchema(TRANSACTIONS));
        for (int account = 0; account < ACCOUNTS; account++) {
            append(batch, -1 - account, account, account, 1);
        }
        return batch;
    }

    private static void nextCut(Batch batch, SplittableRandom random, long firstId, long lastId) {
        batch.clear();
        int count = random.nextInt(4) == 0 ? random.nextInt(1, 4) : random.nextInt(1, 3_000);
        for (long id = firstId; id < Math.min(lastId, firstId + count); id++) {
            append(batch, id, random.nextInt(ACCOUNTS), random.nextInt(ACCOUNTS), random.nextLong(1, 100));
        }
    }

    @Test
    void theTotalIsZeroAfterEveryStep() {
        int transactions = 1_000_000;
        PlanNode total = TestPlans.aggregate(balance(), new int[0], TestPlans.call(Function.SUM, 1, TestPlans.BIGINT));
        Circuit totals = Harness.build(total);
        Circuit balances = Harness.build(balance());
        assertThat(totals.sources()).containsExactly(TRANSACTIONS);

        Multiset totalNow = new Multiset();
        Multiset balancesNow = new Multiset();
        long[] expected = new long[ACCOUNTS];
        SplittableRandom random = new SplittableRandom(SEED);
        long[] watermarks = {Long.MIN_VALUE};
        Harness.add(totalNow, totals.step(List.of(warmUp()), watermarks), "warm-up");
        Harness.add(balancesNow, balances.step(List.of(warmUp()), watermarks), "warm-up");
        Batch cut = new Batch(Circuits.inputSchema(TRANSACTIONS));
        for (long id = 0; id < transactions; id += cut.count()) {
            nextCut(cut, random, id, transactions);
            for (int row = 0; row < cut.count(); row++) {
                expected[(int) cut.longs(1).get(row)] -= cut.longs(3).get(row);
                expected[(int) cut.longs(2).get(row)] += cut.longs(3).get(row);
            }
            Batch change = totals.step(List.of(cut), watermarks);
            assertThat(change.count())
                    .as("seed %d, change of the total at id %d", SEED, id)
                    .isZero();
            Harness.add(balancesNow, balances.step(List.of(cut), watermarks), "balances");
        }
        assertThat(totalNow.toString()).isEqualTo("+1 [0]\n");
        Multiset book = new Multiset();
        for (long account = 0; account < ACCOUNTS; account++) {
            book.add(List.of(account, expected[(int) account]), 1);
        }
        assertThat(balancesNow.toString()).isEqualTo(book.toString());
    }

    @Test
    void theOuterSelfJoinNeverShowsNull() {
        outerSelfJoin(200_000);
    }

    @Test
    @Tag("campaign")
    void theOuterSelfJoinOfAMillionNeverShowsNull() {
        outerSelfJoin(1_000_000);
    }

    private static void outerSelfJoin(int transactions) {
        PlanNode one = TestPlans.node(TRANSACTIONS);
        PlanNode left = new PlanNode.Calc(one, TestCalc.project(one.schema(), 0, 3));
        PlanNode other = TestPlans.node(TRANSACTIONS);
        PlanNode right = new PlanNode.Calc(other, TestCalc.project(other.schema(), 0, 1));
        Circuit circuit =
                Harness.build(TestPlans.join(left, right, JoinKind.LEFT, new int[] {0}, new int[] {0}, null, null));
        SplittableRandom random = new SplittableRandom(SEED);
        Batch cut = new Batch(Circuits.inputSchema(TRANSACTIONS));
        long rows = 0;
        for (long id = 0; id < transactions; id += cut.count()) {
            nextCut(cut, random, id, transactions);
            Batch change = circuit.step(List.of(cut), new long[] {Long.MIN_VALUE});
            assertThat(change.count()).as("seed %d, id %d", SEED, id).isEqualTo(cut.count());
            for (int row = 0; row < change.count(); row++) {
                rows += change.weight(row);
                if (change.weight(row) != 1 || change.column(2).isNull(row)) {
                    assertThat(change.row(row)).as("seed %d, id %d", SEED, id).doesNotContainNull();
                    assertThat(change.weight(row))
                            .as("seed %d, id %d", SEED, id)
                            .isEqualTo(1);
                }
            }
        }
        assertThat(rows).isEqualTo(transactions);
    }
}
