package io.millrace.query.circuit;

import io.millrace.query.Seeds;
import io.millrace.query.circuit.TestPlans.Kind;
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
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.calcite.rex.RexNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Each kind of operator on seeded random inputs, under all schedules, against the naive evaluator.
class OperatorsTest {
    private static final int CASES = 1_000;

    /// For each of six kinds of join, three times.
    private static final int CASES_OF_A_JOIN = 200;

    private static final int PLANS = 600;

    private interface Plan {
        PlanNode over(PlanNode left, PlanNode right, SplittableRandom random);
    }

    /// Two sources of random kinds, a plan over them, all schedules.
    private static void check(Plan plan, Kind... kinds) {
        check(1, CASES, plan, kinds);
    }

    private static void check(long firstSeed, int cases, Plan plan, Kind... kinds) {
        for (long seed : Seeds.from(firstSeed, cases).toArray()) {
            SplittableRandom random = new SplittableRandom(seed);
            Kind leftKind = kinds[random.nextInt(kinds.length)];
            Kind rightKind = kinds[random.nextInt(kinds.length)];
            SourceSpec left = TestPlans.source("left", leftKind);
            SourceSpec right = TestPlans.source("right", rightKind);
            Feed feed = new Feed();
            TestPlans.fill(feed, left, leftKind, random, random.nextInt(0, 16));
            TestPlans.fill(feed, right, rightKind, random, random.nextInt(0, 16));
            Harness.check(plan.over(TestPlans.node(left), TestPlans.node(right), random), feed, seed);
        }
    }

    @Test
    void calcEqualsTheOracle() {
        check(
                (left, right, random) -> new PlanNode.Calc(
                        left,
                        TestCalc.filter(
                                left.schema(),
                                TestCalc.greater(
                                        TestCalc.ref(left.schema(), TestPlans.V),
                                        TestCalc.number(random.nextLong(-2, 4))))),
                Kind.STREAM,
                Kind.CHANGES);
    }

    /// Divisions by a number that may be zero, in a projection and in the condition of a join, and a group that
    /// may have one value only.
    @Test
    void rowsThatFailEqualTheOracleAndAreTakenBackWithTheirRows() {
        check(
                1,
                CASES_OF_A_JOIN,
                (left, right, random) -> {
                    boolean alike = left.schema().size() == right.schema().size();
                    PlanNode both = new PlanNode.Union(alike ? List.of(left, right) : List.of(left), left.schema());
                    RexNode quotient = TestCalc.divided(
                            TestCalc.number(12),
                            TestCalc.plus(
                                    TestCalc.ref(both.schema(), TestPlans.V), TestCalc.number(random.nextLong(-2, 3))));
                    List<RexNode> outputs = TestCalc.refs(both.schema());
                    outputs.set(TestPlans.V, quotient);
                    PlanNode divided =
                            new PlanNode.Calc(both, TestCalc.program(both.schema(), null, outputs, both.schema()));
                    PlanNode plan = switch (random.nextInt(4)) {
                        case 0 -> divided;
                        case 1 ->
                            TestPlans.aggregate(
                                    divided,
                                    new int[] {TestPlans.K},
                                    TestPlans.call(Function.SINGLE_VALUE, TestPlans.V, TestPlans.BIGINT));
                        case 2 -> new PlanNode.Distinct(divided);
                        default -> {
                            Schema pair = TestPlans.pair(left, right);
                            RexNode condition = TestCalc.greater(
                                    TestCalc.divided(TestCalc.number(5), TestCalc.ref(pair, TestPlans.V)),
                                    TestCalc.number(1));
                            yield TestPlans.join(
                                    left,
                                    right,
                                    JoinKind.values()[random.nextInt(JoinKind.values().length)],
                                    new int[] {TestPlans.K},
                                    new int[] {TestPlans.K},
                                    TestCalc.filter(pair, condition),
                                    null);
                        }
                    };
                    return new PlanNode.Failed(plan);
                },
                Kind.STREAM,
                Kind.CHANGES,
                Kind.TABLE);
    }

    @Test
    void projectionSharesColumnsAndEqualsTheOracle() {
        check(
                (left, right, random) -> new PlanNode.Calc(
                        left, TestCalc.project(left.schema(), TestPlans.columns(left.schema(), 3, random))),
                Kind.STREAM,
                Kind.CHANGES,
                Kind.TABLE);
    }

    @Test
    void windowsEqualTheOracle() {
        check((left, right, random) -> window(left, random), Kind.STREAM, Kind.CHANGES, Kind.TIMED, Kind.TABLE);
    }

    private static PlanNode window(PlanNode input, SplittableRandom random) {
        long slide = random.nextLong(1, 5) * 500;
        long offset = random.nextLong(-2, 3) * 250;
        return switch (random.nextInt(3)) {
            case 0 -> TestPlans.window(input, WindowKind.HOP, TestPlans.T, slide, slide, offset);
            case 1 -> TestPlans.window(input, WindowKind.HOP, TestPlans.T, random.nextLong(1, 9) * 500, slide, offset);
            default ->
                TestPlans.window(input, WindowKind.CUMULATE, TestPlans.T, slide * random.nextLong(1, 4), slide, offset);
        };
    }

    @Test
    void aggregatesEqualTheOracle() {
        check(
                (left, right, random) -> {
                    AggregateCall[] calls = new AggregateCall[random.nextInt(1, 4)];
                    for (int i = 0; i < calls.length; i++) {
                        calls[i] = TestPlans.call(left.schema(), random);
                    }
                    int[] keys = TestPlans.columns(left.schema(), random.nextInt(0, 3), random);
                    return TestPlans.aggregate(left, keys, calls);
                },
                Kind.STREAM,
                Kind.CHANGES,
                Kind.TIMED,
                Kind.TIMED_CHANGES,
                Kind.TABLE);
    }

    @Test
    void windowedAggregatesEqualTheOracle() {
        check(
                (left, right, random) -> {
                    PlanNode windowed = window(left, random);
                    int start = windowed.schema().size() - 2;
                    int[] keys = random.nextBoolean()
                            ? new int[] {start, start + 1, TestPlans.S}
                            : new int[] {TestPlans.K, start + 1};
                    return TestPlans.aggregate(
                            windowed,
                            keys,
                            TestPlans.call(left.schema(), random),
                            TestPlans.call(left.schema(), random));
                },
                Kind.TIMED,
                Kind.TIMED_CHANGES);
    }

    @ParameterizedTest
    @EnumSource(JoinKind.class)
    void joinsEqualTheOracle(JoinKind kind) {
        check(
                kind.ordinal() * 10_000L + 1,
                CASES_OF_A_JOIN,
                (left, right, random) -> {
                    int key = random.nextInt(3) == 0 ? TestPlans.S : TestPlans.K;
                    int[] keys = switch (random.nextInt(6)) {
                        case 0 -> new int[0];
                        case 1 -> new int[] {TestPlans.K, TestPlans.B};
                        default -> new int[] {key};
                    };
                    CalcProgram residual = null;
                    if (random.nextBoolean()) {
                        var pair = TestPlans.pair(left, right);
                        residual = TestCalc.filter(
                                pair,
                                TestCalc.greater(
                                        TestCalc.ref(pair, TestPlans.V),
                                        TestCalc.ref(pair, left.schema().size() + TestPlans.V)));
                    }
                    return TestPlans.join(left, right, kind, keys, keys, residual, null);
                },
                Kind.STREAM,
                Kind.CHANGES,
                Kind.TABLE);
    }

    @ParameterizedTest
    @EnumSource(JoinKind.class)
    void windowedJoinsEqualTheOracle(JoinKind kind) {
        check(
                kind.ordinal() * 10_000L + 1,
                CASES_OF_A_JOIN,
                (left, right, random) -> {
                    PlanNode a = TestPlans.tumble(left, TestPlans.T, 1_000);
                    PlanNode b = TestPlans.tumble(right, TestPlans.T, 1_000);
                    int start = a.schema().size() - 2;
                    int[] keys = {TestPlans.K, start, start + 1};
                    return TestPlans.join(a, b, kind, keys, keys, null, null);
                },
                Kind.TIMED,
                Kind.TIMED_CHANGES);
    }

    @ParameterizedTest
    @EnumSource(JoinKind.class)
    void timeBoundJoinsEqualTheOracle(JoinKind kind) {
        check(
                kind.ordinal() * 10_000L + 1,
                CASES_OF_A_JOIN,
                (left, right, random) -> {
                    TimeBound bound = new TimeBound(
                            TestPlans.T, TestPlans.T, random.nextLong(-2_000, 1), random.nextLong(0, 2_000));
                    int[] keys = random.nextBoolean() ? new int[] {TestPlans.K} : new int[0];
                    return TestPlans.join(left, right, kind, keys, keys, TestPlans.within(left, right, bound), bound);
                },
                Kind.TIMED,
                Kind.TIMED_CHANGES);
    }

    @Test
    void unionsEqualTheOracle() {
        check(
                (left, right, random) -> new PlanNode.Union(List.of(left, right, left), left.schema()),
                Kind.STREAM,
                Kind.CHANGES,
                Kind.TIMED);
    }

    private static PlanNode narrow(PlanNode input) {
        return new PlanNode.Calc(input, TestCalc.project(input.schema(), TestPlans.K, TestPlans.B));
    }

    @Test
    void distinctEqualsTheOracle() {
        check((left, right, random) -> new PlanNode.Distinct(narrow(left)), Kind.STREAM, Kind.CHANGES, Kind.TABLE);
        check(
                (left, right, random) -> new PlanNode.Distinct(
                        new PlanNode.Calc(left, TestCalc.project(left.schema(), TestPlans.T, TestPlans.B))),
                Kind.TIMED,
                Kind.TIMED_CHANGES);
    }

    @Test
    void setOperationsEqualTheOracle() {
        check(
                (left, right, random) -> {
                    PlanNode a = narrow(left);
                    return new PlanNode.SetOperation(
                            a, narrow(right), random.nextBoolean(), random.nextBoolean(), a.schema());
                },
                Kind.STREAM,
                Kind.CHANGES,
                Kind.TABLE);
    }

    private static List<SortKey> order(PlanNode input, SplittableRandom random) {
        List<SortKey> order = new ArrayList<>();
        for (int column : TestPlans.columns(input.schema(), random.nextInt(0, 3), random)) {
            order.add(new SortKey(column, random.nextBoolean(), random.nextBoolean()));
        }
        return order;
    }

    @Test
    void topEqualsTheOracle() {
        check(
                (left, right, random) -> TestPlans.top(
                        left,
                        TestPlans.columns(left.schema(), random.nextInt(0, 2), random),
                        order(left, random),
                        random.nextInt(3) == 0 ? random.nextLong(0, 3) : 0,
                        random.nextLong(-1, 4),
                        random.nextBoolean()),
                Kind.STREAM,
                Kind.CHANGES,
                Kind.TIMED,
                Kind.TIMED_CHANGES,
                Kind.TABLE);
    }

    @Test
    void sessionsEqualTheOracle() {
        check(
                (left, right, random) -> new PlanNode.Session(
                        left,
                        TestPlans.T,
                        random.nextBoolean() ? new int[] {TestPlans.K} : new int[0],
                        random.nextLong(1, 2_500),
                        PlanNode.windowed(left.schema())),
                Kind.STREAM,
                Kind.CHANGES,
                Kind.TIMED,
                Kind.TIMED_CHANGES,
                Kind.TABLE);
    }

    @Test
    void aggregatesOfSessionsEqualTheOracle() {
        check(
                (left, right, random) -> {
                    PlanNode session = new PlanNode.Session(
                            left, TestPlans.T, new int[] {TestPlans.K}, 1_500, PlanNode.windowed(left.schema()));
                    int start = session.schema().size() - 2;
                    return TestPlans.aggregate(
                            session,
                            new int[] {TestPlans.K, start, start + 1},
                            TestPlans.count(),
                            TestPlans.call(left.schema(), random));
                },
                Kind.TIMED,
                Kind.TIMED_CHANGES);
    }

    @Test
    void finalRowsEqualTheOracle() {
        check(
                (left, right, random) -> {
                    long slide = random.nextLong(1, 4) * 500;
                    PlanNode windowed = TestPlans.window(
                            left,
                            WindowKind.HOP,
                            TestPlans.T,
                            slide * random.nextLong(1, 3),
                            slide,
                            random.nextLong(0, 2) * 250);
                    int start = windowed.schema().size() - 2;
                    int time = start + random.nextInt(2);
                    PlanNode aggregate = TestPlans.aggregate(
                            windowed, new int[] {TestPlans.B, time}, TestPlans.call(left.schema(), random));
                    return new PlanNode.EmitFinal(aggregate, 1);
                },
                Kind.TIMED,
                Kind.TIMED_CHANGES);
    }

    @Test
    void tablesKeepTheNewestVersionHoweverVersionsArrive() {
        check((left, right, random) -> left, Kind.TABLE);
    }

    @Test
    void constantRowsAreThereFromTheFirstStepOn() {
        check(
                (left, right, random) -> new PlanNode.Union(
                        List.of(
                                new PlanNode.Values(
                                        List.of(TestPlans.row(random, 5, false), TestPlans.row(random, 6, false)),
                                        left.schema()),
                                left),
                        left.schema()),
                Kind.STREAM,
                Kind.CHANGES);
    }

    @Test
    void randomPlansEqualTheOracle() {
        checkPlans(1, PLANS);
    }

    @Test
    @Tag("campaign")
    void manyRandomPlansEqualTheOracle() {
        checkPlans(1_000_000, 30_000);
    }

    private static void checkPlans(long firstSeed, int plans) {
        for (long seed : Seeds.from(firstSeed, plans).toArray()) {
            SplittableRandom random = new SplittableRandom(seed);
            RandomPlan plan = new RandomPlan(random);
            PlanNode root = plan.make(random.nextInt(2, 6));
            Harness.check(root, plan.feed(), seed);
        }
    }

    /// Trees of all operators over five sources, with shared parts.
    private static final class RandomPlan {
        private final SplittableRandom random;
        private final List<SourceSpec> sources = new ArrayList<>();
        private final List<PlanNode> made = new ArrayList<>();

        RandomPlan(SplittableRandom random) {
            this.random = random;
            for (Kind kind : Kind.values()) {
                sources.add(TestPlans.source(kind.name(), kind));
            }
        }

        Feed feed() {
            Feed feed = new Feed();
            for (Kind kind : Kind.values()) {
                TestPlans.fill(feed, sources.get(kind.ordinal()), kind, random, random.nextInt(0, 9));
            }
            return feed;
        }

        PlanNode make(int depth) {
            if (!made.isEmpty() && random.nextInt(5) == 0) {
                return made.get(random.nextInt(made.size())); // a diamond
            }
            PlanNode node = depth == 0 ? leaf() : inner(depth - 1);
            made.add(node);
            return node;
        }

        private PlanNode leaf() {
            PlanNode source = TestPlans.node(sources.get(random.nextInt(sources.size())));
            return new PlanNode.Calc(
                    source,
                    TestCalc.project(source.schema(), TestPlans.K, TestPlans.T, TestPlans.V, 1 + random.nextInt(6)));
        }

        private PlanNode inner(int depth) {
            PlanNode input = make(depth);
            int time = TestPlans.column(input.schema(), SqlType.TIMESTAMP, random);
            int number = TestPlans.column(input.schema(), SqlType.BIGINT, random);
            return switch (random.nextInt(10)) {
                case 0 -> number < 0 ? input : filtered(input, number);
                case 1 -> time < 0 ? new PlanNode.Distinct(input) : TestPlans.tumble(input, time, 2_000);
                case 2 ->
                    time < 0
                            ? new PlanNode.Distinct(input)
                            : new PlanNode.Session(
                                    input,
                                    time,
                                    TestPlans.columns(input.schema(), 1, random),
                                    1_000,
                                    PlanNode.windowed(input.schema()));
                case 3, 4 ->
                    TestPlans.aggregate(
                            input,
                            TestPlans.columns(input.schema(), random.nextInt(0, 4), random),
                            TestPlans.call(input.schema(), random),
                            TestPlans.call(input.schema(), random));
                case 5, 6 -> joined(input, make(depth), number);
                case 7 ->
                    new PlanNode.Union(List.of(input, number < 0 ? input : filtered(input, number)), input.schema());
                case 8 ->
                    new PlanNode.SetOperation(
                            input,
                            number < 0 ? input : filtered(input, number),
                            random.nextBoolean(),
                            random.nextBoolean(),
                            input.schema());
                default ->
                    TestPlans.top(
                            input,
                            TestPlans.columns(input.schema(), 1, random),
                            order(input, random),
                            0,
                            random.nextLong(1, 3),
                            random.nextBoolean());
            };
        }

        private PlanNode filtered(PlanNode input, int number) {
            return new PlanNode.Calc(
                    input,
                    TestCalc.filter(
                            input.schema(),
                            TestCalc.greater(
                                    TestCalc.ref(input.schema(), number), TestCalc.number(random.nextLong(-1, 3)))));
        }

        private PlanNode joined(PlanNode left, PlanNode right, int leftNumber) {
            int rightNumber = TestPlans.column(right.schema(), SqlType.BIGINT, random);
            if (leftNumber < 0
                    || rightNumber < 0
                    || left.schema().size() + right.schema().size() > 16) {
                return new PlanNode.Distinct(left);
            }
            JoinKind kind = JoinKind.values()[random.nextInt(JoinKind.values().length)];
            return TestPlans.join(left, right, kind, new int[] {leftNumber}, new int[] {rightNumber}, null, null);
        }
    }
}
