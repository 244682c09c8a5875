package io.millrace.query.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.AggregateCall;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexProgram;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexSubQuery;
import org.apache.calcite.tools.RelBuilder;
import org.apache.calcite.util.ImmutableBitSet;
import org.apache.calcite.util.mapping.Mappings;
import org.jspecify.annotations.Nullable;

/// Questions about trees of relational algebra.
final class Rels {
    private Rels() {}

    static boolean any(RelNode rel, Predicate<RelNode> test) {
        if (test.test(rel)) {
            return true;
        }
        for (RelNode input : rel.getInputs()) {
            if (any(input, test)) {
                return true;
            }
        }
        return false;
    }

    /// What a CASE may come to.
    static List<RexNode> values(RexCall choice) {
        List<RexNode> operands = choice.getOperands();
        List<RexNode> values = new ArrayList<>();
        for (int i = 1; i < operands.size(); i += 2) {
            values.add(operands.get(i));
        }
        values.add(operands.getLast());
        return values;
    }

    /// Puts a projection between each aggregate and the relation it reads: the trimmer leaves out those of
    /// which hardly a column is used.
    static RelNode narrowed(RelNode rel, RelBuilder builder) {
        List<RelNode> inputs = new ArrayList<>();
        for (RelNode input : rel.getInputs()) {
            inputs.add(narrowed(input, builder));
        }
        RelNode copy = inputs.equals(rel.getInputs()) ? rel : rel.copy(rel.getTraitSet(), inputs);
        return copy instanceof Aggregate aggregate && aggregate.getInput() instanceof TableScan
                ? narrowed(aggregate, builder)
                : copy;
    }

    private static RelNode narrowed(Aggregate aggregate, RelBuilder builder) {
        RelNode scan = aggregate.getInput();
        int width = scan.getRowType().getFieldCount();
        ImmutableBitSet used = ImmutableBitSet.of(RelOptUtil.getAllFields(aggregate));
        if (used.isEmpty()) {
            used = ImmutableBitSet.of(
                    Math.max(0, scan.getRowType().getFieldNames().indexOf("_offset")));
        }
        List<Integer> columns = used.toList();
        RelNode project = builder.push(scan).project(builder.fields(columns)).build();
        Mappings.TargetMapping mapping = Mappings.target(column -> columns.indexOf(column), width, columns.size());
        List<AggregateCall> calls = new ArrayList<>();
        for (AggregateCall call : aggregate.getAggCallList()) {
            calls.add(call.transform(mapping));
        }
        return aggregate.copy(
                aggregate.getTraitSet(),
                project,
                aggregate.getGroupSet().permute(mapping),
                aggregate.getGroupSets().stream()
                        .map(set -> set.permute(mapping))
                        .toList(),
                calls);
    }

    /// The input column of each output, if the program does nothing but move columns; else null.
    static int @Nullable [] columns(RexProgram program) {
        if (program.getCondition() != null) {
            return null;
        }
        int[] columns = new int[program.getProjectList().size()];
        for (int i = 0; i < columns.length; i++) {
            if (!(program.expandLocalRef(program.getProjectList().get(i)) instanceof RexInputRef reference)) {
                return null;
            }
            columns[i] = reference.getIndex();
        }
        return columns;
    }

    static boolean hasSubQuery(RelNode rel) {
        return any(rel, Rels::hasSubQueryItself);
    }

    static boolean hasSubQueryItself(RelNode rel) {
        boolean[] found = {false};
        rel.accept(new RexShuttle() {
            @Override
            public RexNode visitSubQuery(RexSubQuery subQuery) {
                found[0] = true;
                return subQuery;
            }
        });
        return found[0];
    }
}
