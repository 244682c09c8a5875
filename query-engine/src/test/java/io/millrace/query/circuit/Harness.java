package io.millrace.query.circuit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.millrace.query.data.Batch;
import io.millrace.query.oracle.Multiset;
import io.millrace.query.oracle.NaiveEvaluator;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// Runs a plan under hostile schedules and compares the sum of its outputs with the naive evaluator.
final class Harness {
    enum Schedule {
        ONE_ROW_AT_A_TIME,
        ALL_AT_ONCE,
        RANDOM_CUTS,
        /// rows that are not in the feed come and go between its rows
        CHURN,
        /// one source after the other
        SOURCE_BY_SOURCE,
        /// a new circuit restored from a checkpoint after every step
        RESTORED
    }

    private Harness() {}

    static Circuit build(PlanNode plan) {
        return Circuits.build(plan, TestCalc::compile, CircuitSettings.unlimited());
    }

    /// Runs all schedules.
    static void check(PlanNode plan, Feed feed, long seed) {
        for (Schedule schedule : Schedule.values()) {
            run(plan, feed, schedule, new SplittableRandom(seed), "seed " + seed + ", " + schedule);
        }
    }

    static void run(PlanNode plan, Feed feed, Schedule schedule, SplittableRandom random, String what) {
        Circuit circuit = build(plan);
        List<SourceSpec> sources = circuit.sources();
        int[] taken = new int[sources.size()];
        Multiset sum = new Multiset();
        List<List<Feed.Change>> visitors = new ArrayList<>();
        sources.forEach(source -> visitors.add(new ArrayList<>()));
        boolean done = false;
        while (!done) {
            done = true;
            List<Batch> deltas = new ArrayList<>();
            boolean chosen = false;
            for (int i = 0; i < taken.length; i++) {
                SourceSpec source = sources.get(i);
                List<Feed.Change> all = feed.of(source);
                int left = all.size() - taken[i];
                int count = switch (schedule) {
                    case ALL_AT_ONCE -> left;
                    case ONE_ROW_AT_A_TIME -> Math.min(left, chosen ? 0 : 1);
                    case SOURCE_BY_SOURCE -> chosen ? 0 : Math.min(left, random.nextInt(1, 5));
                    case RANDOM_CUTS, CHURN, RESTORED -> Math.min(left, random.nextInt(0, 5));
                };
                chosen |= count > 0;
                Batch delta = new Batch(Circuits.inputSchema(source));
                boolean churns = schedule == Schedule.CHURN
                        && source.format() == SourceSpec.Format.CHANGES
                        && source.watermark() == null;
                if (churns) {
                    churn(delta, all, visitors.get(i), random, taken[i] + count == all.size());
                }
                for (Feed.Change change : all.subList(taken[i], taken[i] + count)) {
                    delta.appendValues(change.row(), change.weight());
                }
                taken[i] += count;
                done &= taken[i] == all.size();
                deltas.add(delta);
            }
            long[] watermarks = watermarks(feed, sources, taken, done);
            Batch output = circuit.step(deltas, watermarks);
            add(sum, output, what);
            boolean churning = visitors.stream().anyMatch(rows -> !rows.isEmpty());
            if (done || (!churning && random.nextInt(6) == 0)) {
                Multiset expected = expected(plan, feed, sources, taken, watermarks);
                if (!sum.equals(expected)) {
                    assertThat(sum.toString())
                            .as("%s, after %s rows of\n%s", what, Arrays.toString(taken), plan)
                            .isEqualTo(expected.toString());
                    fail("%s: equal as text only, after %s rows of\n%s", what, Arrays.toString(taken), plan);
                }
            }
            if (schedule == Schedule.RESTORED) {
                circuit = restored(plan, circuit);
            }
        }
    }

    private static void churn(
            Batch delta, List<Feed.Change> all, List<Feed.Change> visitors, SplittableRandom random, boolean last) {
        for (Feed.Change visitor : visitors) {
            delta.appendValues(visitor.row(), -visitor.weight());
        }
        visitors.clear();
        while (!last && !all.isEmpty() && random.nextInt(3) > 0) {
            Feed.Change visitor = all.get(random.nextInt(all.size()));
            visitors.add(visitor);
            delta.appendValues(visitor.row(), visitor.weight());
        }
    }

    static long[] watermarks(Feed feed, List<SourceSpec> sources, int[] taken, boolean ended) {
        long[] watermarks = new long[sources.size()];
        for (int i = 0; i < watermarks.length; i++) {
            watermarks[i] = ended ? Long.MAX_VALUE : feed.watermark(sources.get(i), taken[i]);
        }
        return watermarks;
    }

    static Circuit restored(PlanNode plan, Circuit circuit) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            circuit.save(new DataOutputStream(bytes));
            Circuit copy = build(plan);
            copy.restore(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Adds a step's output to the sum; it must be consolidated.
    static void add(Multiset sum, Batch output, String what) {
        Multiset step = new Multiset();
        for (int row = 0; row < output.count(); row++) {
            List<@Nullable Object> values = output.row(row);
            if (output.weight(row) == 0 || step.weight(values) != 0) {
                fail("%s: row %s twice in one step, or with weight 0", what, values);
            }
            step.add(values, output.weight(row));
        }
        sum.addAll(step);
    }

    private static Multiset expected(
            PlanNode plan, Feed feed, List<SourceSpec> sources, int[] taken, long[] watermarks) {
        Map<SourceSpec, Multiset> inputs = new LinkedHashMap<>();
        for (int i = 0; i < taken.length; i++) {
            inputs.put(sources.get(i), feed.prefix(sources.get(i), taken[i]));
        }
        ToLongFunction<PlanNode.EmitFinal> waterline = emit -> TestPlans.waterline(emit, watermarks);
        return NaiveEvaluator.evaluate(plan, inputs, TestCalc::rowFunction, waterline);
    }
}
