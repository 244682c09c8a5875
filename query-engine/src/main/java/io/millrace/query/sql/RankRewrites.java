package io.millrace.query.sql;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelCollations;
import org.apache.calcite.rel.RelFieldCollation;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rel.logical.LogicalProject;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexFieldCollation;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexOver;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlKind;
import org.jspecify.annotations.Nullable;

/// ROW_NUMBER becomes a [TopRel], with a limit when a filter right above keeps only the first rows.
final class RankRewrites {
    private RankRewrites() {}

    static RelNode apply(RelNode rel) {
        if (rel instanceof Filter filter && filter.getInput() instanceof Project project && project.containsOver()) {
            RelNode ranked = rank(project, limit(filter, project));
            return filter.copy(filter.getTraitSet(), List.of(ranked));
        }
        if (rel instanceof Project project && project.containsOver()) {
            return rank(project, -1);
        }
        List<RelNode> inputs = new ArrayList<>();
        boolean changed = false;
        for (RelNode input : rel.getInputs()) {
            RelNode converted = apply(input);
            changed |= converted != input;
            inputs.add(converted);
        }
        return changed ? rel.copy(rel.getTraitSet(), inputs) : rel;
    }

    private static RelNode rank(Project project, long fetch) {
        RexOver over = only(project);
        RelNode input = apply(project.getInput());
        RexBuilder rex = project.getCluster().getRexBuilder();
        // keys and order must be columns: computed ones are appended to the input
        List<RexNode> columns = new ArrayList<>(rex.identityProjects(input.getRowType()));
        List<String> names = new ArrayList<>(input.getRowType().getFieldNames());
        List<Integer> keys = new ArrayList<>();
        for (RexNode key : over.getWindow().partitionKeys) {
            keys.add(column(key, columns, names));
        }
        List<RelFieldCollation> order = new ArrayList<>();
        for (RexFieldCollation field : over.getWindow().orderKeys) {
            int index = column(field.left, columns, names);
            order.add(new RelFieldCollation(index, field.getDirection(), field.getNullDirection()));
        }
        int width = input.getRowType().getFieldCount();
        RelNode source = columns.size() == width
                ? input
                : LogicalProject.create(input, List.of(), columns, names, java.util.Set.of());
        TopRel top =
                new TopRel(project.getCluster(), input.getTraitSet(), source, keys, RelCollations.of(order), fetch);
        RexNode number = rex.makeInputRef(top, columns.size());
        List<RexNode> outputs = new RexShuttle() {
            @Override
            public RexNode visitOver(RexOver call) {
                return rex.ensureType(call.getType(), number, true);
            }
        }.visitList(project.getProjects());
        return LogicalProject.create(
                top, List.of(), outputs, project.getRowType().getFieldNames(), java.util.Set.of());
    }

    private static int column(RexNode expression, List<RexNode> columns, List<String> names) {
        if (expression instanceof RexInputRef reference) {
            return reference.getIndex();
        }
        int known = columns.indexOf(expression);
        if (known >= 0) {
            return known;
        }
        columns.add(expression);
        names.add("rank_key_" + columns.size());
        return columns.size() - 1;
    }

    private static RexOver only(Project project) {
        List<RexOver> overs = new ArrayList<>();
        RexShuttle finder = new RexShuttle() {
            @Override
            public RexNode visitOver(RexOver over) {
                if (!overs.contains(over)) {
                    overs.add(over);
                }
                return over;
            }
        };
        finder.visitList(project.getProjects());
        for (RexOver over : overs) {
            if (over.getAggOperator().getKind() != SqlKind.ROW_NUMBER) {
                throw Problems.unsupported(
                        "Of the functions with OVER (…), only ROW_NUMBER is supported yet: SUM, RANK, LAG and so on are not",
                        null,
                        "For sums and counts, GROUP BY in a sub-query and join it.");
            }
        }
        if (overs.size() > 1) {
            throw Problems.unsupported(
                    "More than one ROW_NUMBER() OVER (…) in one SELECT is not supported yet",
                    null,
                    "Put the second one into a sub-query.");
        }
        return overs.getFirst();
    }

    /// The largest row number that passes the filter, −1 when it sets no bound.
    private static long limit(Filter filter, Project project) {
        long limit = -1;
        for (RexNode conjunct : RelOptUtil.conjunctions(inTermsOf(filter.getCondition(), project))) {
            Long bound = bound(conjunct);
            if (bound != null) {
                limit = limit < 0 ? bound : Math.min(limit, bound);
            }
        }
        return limit;
    }

    private static RexNode inTermsOf(RexNode condition, Project project) {
        RexNode expanded = RexUtil.expandSearch(project.getCluster().getRexBuilder(), null, condition);
        RexNode pushed = expanded.accept(new RexShuttle() {
            @Override
            public RexNode visitInputRef(RexInputRef reference) {
                return project.getProjects().get(reference.getIndex());
            }
        });
        return RexUtil.expandSearch(project.getCluster().getRexBuilder(), null, pushed);
    }

    private static @Nullable Long bound(RexNode conjunct) {
        if (!(conjunct instanceof RexCall call) || call.getOperands().size() != 2) {
            return null;
        }
        RexNode left = uncast(call.getOperands().get(0));
        RexNode right = uncast(call.getOperands().get(1));
        SqlKind kind = call.getKind();
        if (right instanceof RexOver) {
            RexNode swapped = left;
            left = right;
            right = swapped;
            kind = kind.reverse();
        }
        if (!(left instanceof RexOver)
                || !(right instanceof RexLiteral literal)
                || !(literal.getValue() instanceof BigDecimal number)) {
            return null;
        }
        BigDecimal whole = number.setScale(0, java.math.RoundingMode.FLOOR);
        if (whole.unscaledValue().bitLength() > 62) {
            return null;
        }
        boolean exact = whole.compareTo(number) == 0;
        return switch (kind) {
            case LESS_THAN_OR_EQUAL, EQUALS -> Math.max(0, whole.longValue());
            case LESS_THAN -> Math.max(0, exact ? whole.longValue() - 1 : whole.longValue());
            default -> null; // any other comparison bounds nothing from above
        };
    }

    private static RexNode uncast(RexNode node) {
        return node instanceof RexCall cast && cast.getKind() == SqlKind.CAST
                ? cast.getOperands().get(0)
                : node;
    }
}
