package io.millrace.query.sql;

import java.util.List;
import java.util.stream.Stream;
import org.apache.calcite.plan.RelOptCluster;
import org.apache.calcite.plan.RelOptRule;
import org.apache.calcite.plan.hep.HepMatchOrder;
import org.apache.calcite.plan.hep.HepPlanner;
import org.apache.calcite.plan.hep.HepProgram;
import org.apache.calcite.plan.hep.HepProgramBuilder;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Correlate;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rel.core.RelFactories;
import org.apache.calcite.rel.metadata.DefaultRelMetadataProvider;
import org.apache.calcite.rel.metadata.JaninoRelMetadataProvider;
import org.apache.calcite.rel.metadata.RelMetadataQueryBase;
import org.apache.calcite.rel.rules.AggregateCaseToFilterRule;
import org.apache.calcite.rel.rules.CalcMergeRule;
import org.apache.calcite.rel.rules.CalcRemoveRule;
import org.apache.calcite.rel.rules.FilterAggregateTransposeRule;
import org.apache.calcite.rel.rules.FilterCalcMergeRule;
import org.apache.calcite.rel.rules.FilterJoinRule;
import org.apache.calcite.rel.rules.FilterMergeRule;
import org.apache.calcite.rel.rules.FilterProjectTransposeRule;
import org.apache.calcite.rel.rules.FilterSetOpTransposeRule;
import org.apache.calcite.rel.rules.FilterToCalcRule;
import org.apache.calcite.rel.rules.MarkToSemiOrAntiJoinRule;
import org.apache.calcite.rel.rules.ProjectCalcMergeRule;
import org.apache.calcite.rel.rules.ProjectMergeRule;
import org.apache.calcite.rel.rules.ProjectRemoveRule;
import org.apache.calcite.rel.rules.ProjectToCalcRule;
import org.apache.calcite.rel.rules.PruneEmptyRules;
import org.apache.calcite.rel.rules.ReduceExpressionsRule;
import org.apache.calcite.rel.rules.SubQueryRemoveRule;
import org.apache.calcite.rel.rules.UnionMergeRule;
import org.apache.calcite.sql2rel.RelDecorrelator;
import org.apache.calcite.sql2rel.TopDownGeneralDecorrelator;
import org.apache.calcite.tools.RelBuilder;

/// Relational algebra to simpler relational algebra, in fixed phases.
///
/// Rules are taken from their own `Config`s: `CoreRules` would build all four hundred of them. Nothing here
/// reorders joins: their order decides what state is kept.
final class Optimizer {
    private static final HepProgram SUB_QUERIES_TO_MARKS = program(
            HepMatchOrder.TOP_DOWN,
            SubQueryRemoveRule.Config.FILTER_ENABLE_MARK_JOIN.toRule(),
            SubQueryRemoveRule.Config.PROJECT_ENABLE_MARK_JOIN.toRule(),
            SubQueryRemoveRule.Config.JOIN.toRule());
    private static final HepProgram MARKS_TO_JOINS = program(
            HepMatchOrder.TOP_DOWN,
            ProjectMergeRule.Config.DEFAULT.toRule(),
            ProjectRemoveRule.Config.DEFAULT.toRule(),
            FilterMergeRule.Config.DEFAULT.toRule(),
            MarkToSemiOrAntiJoinRule.Config.DEFAULT.toRule());
    private static final HepProgram SUB_QUERIES_TO_JOINS = program(
            HepMatchOrder.TOP_DOWN,
            SubQueryRemoveRule.Config.FILTER.toRule(),
            SubQueryRemoveRule.Config.PROJECT.toRule(),
            SubQueryRemoveRule.Config.JOIN.toRule());
    private static final RelOptRule[] MERGES = {
        FilterMergeRule.Config.DEFAULT.toRule(),
        ProjectMergeRule.Config.DEFAULT.toRule(),
        ProjectRemoveRule.Config.DEFAULT.toRule(),
        UnionMergeRule.Config.DEFAULT.toRule(),
        AggregateCaseToFilterRule.Config.DEFAULT.toRule()
    };
    private static final RelOptRule[] PROOFS = {
        ReduceExpressionsRule.FilterReduceExpressionsRule.FilterReduceExpressionsRuleConfig.DEFAULT.toRule(),
        ReduceExpressionsRule.ProjectReduceExpressionsRule.ProjectReduceExpressionsRuleConfig.DEFAULT.toRule(),
        ReduceExpressionsRule.JoinReduceExpressionsRule.JoinReduceExpressionsRuleConfig.DEFAULT.toRule(),
        PruneEmptyRules.PROJECT_INSTANCE,
        PruneEmptyRules.FILTER_INSTANCE,
        PruneEmptyRules.UNION_INSTANCE
    };
    private static final HepProgram NORMALIZE_AS_WRITTEN = program(HepMatchOrder.ARBITRARY, MERGES);
    private static final HepProgram NORMALIZE = program(
            HepMatchOrder.ARBITRARY,
            Stream.of(PROOFS, MERGES).flatMap(Stream::of).toArray(RelOptRule[]::new));
    private static final HepProgram PUSH_DOWN = program(
            HepMatchOrder.BOTTOM_UP,
            FilterJoinRule.FilterIntoJoinRule.FilterIntoJoinRuleConfig.DEFAULT.toRule(),
            FilterJoinRule.JoinConditionPushRule.JoinConditionPushRuleConfig.DEFAULT.toRule(),
            FilterProjectTransposeRule.Config.DEFAULT.toRule(),
            FilterAggregateTransposeRule.Config.DEFAULT.toRule(),
            FilterSetOpTransposeRule.Config.DEFAULT.toRule(),
            FilterMergeRule.Config.DEFAULT.toRule(),
            ProjectMergeRule.Config.DEFAULT.toRule(),
            ProjectRemoveRule.Config.DEFAULT.toRule());
    private static final HepProgram TO_CALC = program(
            HepMatchOrder.BOTTOM_UP,
            FilterToCalcRule.Config.DEFAULT.toRule(),
            ProjectToCalcRule.Config.DEFAULT.toRule(),
            FilterCalcMergeRule.Config.DEFAULT.toRule(),
            ProjectCalcMergeRule.Config.DEFAULT.toRule(),
            CalcMergeRule.Config.DEFAULT.toRule(),
            CalcRemoveRule.Config.DEFAULT.toRule());
    private static final int WINDOW_DEPTH_MAX = 8;

    /// How much the optimizer tries to find out.
    enum Effort {
        /// Also what expressions must come to, and which parts have no rows.
        FULL,
        /// Expressions stay as they are.
        AS_WRITTEN
    }

    /// Told the plan after each phase; for tests.
    interface Witness {
        Witness NONE = (phase, before, after) -> {};

        void phase(String name, RelNode before, RelNode after);
    }

    private final RelOptCluster cluster;
    private final Witness witness;
    private final RelBuilder builder;

    Optimizer(RelOptCluster cluster, Witness witness) {
        this.cluster = cluster;
        this.witness = witness;
        this.builder = RelFactories.LOGICAL_BUILDER.create(cluster, null);
    }

    private static HepProgram program(HepMatchOrder order, RelOptRule... rules) {
        HepProgramBuilder program = HepProgram.builder().addMatchOrder(order).addMatchLimit(100_000);
        return program.addRuleCollection(List.of(rules)).build();
    }

    RelNode optimize(RelNode root, Effort effort) {
        HepProgram normalize = switch (effort) {
            case FULL -> NORMALIZE;
            case AS_WRITTEN -> NORMALIZE_AS_WRITTEN;
        };
        RelMetadataQueryBase.THREAD_PROVIDERS.set(JaninoRelMetadataProvider.of(DefaultRelMetadataProvider.INSTANCE));
        try {
            RelNode rel = step("windows", root, WindowRewrites.apply(root));
            rel = step("sub-queries", rel, withoutSubQueries(rel));
            rel = step("ranks", rel, RankRewrites.apply(rel));
            rel = step("normalize", rel, run(normalize, rel));
            rel = step("push down", rel, pushDown(rel));
            rel = step("trim", rel, new FieldTrimmer(builder).trim(rel));
            rel = step("normalize again", rel, run(PUSH_DOWN, run(normalize, rel)));
            rel = step("narrow", rel, Rels.narrowed(rel, builder));
            return step("calc", rel, run(TO_CALC, rel));
        } finally {
            RelMetadataQueryBase.THREAD_PROVIDERS.remove();
        }
    }

    private RelNode step(String name, RelNode before, RelNode after) {
        witness.phase(name, before, after);
        return after;
    }

    private static RelNode run(HepProgram program, RelNode rel) {
        HepPlanner planner = new HepPlanner(program);
        planner.setRoot(rel);
        return planner.findBestExp();
    }

    private RelNode pushDown(RelNode rel) {
        RelNode pushed = run(PUSH_DOWN, rel);
        for (int i = 0; i < WINDOW_DEPTH_MAX; i++) {
            RelNode below = WindowRewrites.filtersBelow(pushed, builder);
            if (below == pushed) {
                return pushed;
            }
            pushed = run(PUSH_DOWN, below);
        }
        return pushed;
    }

    private RelNode withoutSubQueries(RelNode rel) {
        if (!Rels.hasSubQuery(rel)) {
            return rel;
        }
        try {
            RelNode marks = run(SUB_QUERIES_TO_MARKS, rel);
            RelNode joins = run(MARKS_TO_JOINS, TopDownGeneralDecorrelator.decorrelateQuery(marks, builder));
            if (!Rels.any(joins, Optimizer::isLeftOver)) {
                return joins;
            }
        } catch (RuntimeException | AssertionError newWayFailed) {
            // the general decorrelation is young; what it cannot do, the classic one below may
        }
        RelNode correlated = run(SUB_QUERIES_TO_JOINS, rel);
        return RelDecorrelator.decorrelateQuery(correlated, builder);
    }

    private static boolean isLeftOver(RelNode rel) {
        return rel instanceof Correlate
                || (rel instanceof Join join && join.getJoinType() == JoinRelType.LEFT_MARK)
                || Rels.hasSubQueryItself(rel);
    }

    RelOptCluster cluster() {
        return cluster;
    }
}
