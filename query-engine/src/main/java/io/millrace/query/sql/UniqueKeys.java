package io.millrace.query.sql;

import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.SourceSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLocalRef;

/// Columns of a plan's output that no two rows share.
public final class UniqueKeys {
    private UniqueKeys() {}

    /// Absent when rows may repeat. Never empty: where there is one row only, all columns are the key.
    public static Optional<int[]> of(PlanNode node) {
        return key(node).map(key -> key.isEmpty() ? all(node) : ints(key));
    }

    private static int[] all(PlanNode node) {
        int[] all = new int[node.schema().size()];
        Arrays.setAll(all, i -> i);
        return all;
    }

    private static int[] ints(TreeSet<Integer> key) {
        return key.stream().mapToInt(Integer::intValue).toArray();
    }

    private static Optional<TreeSet<Integer>> key(PlanNode node) {
        return switch (node) {
            case PlanNode.Source source -> source(source);
            case PlanNode.Values values -> values.rows().size() <= 1 ? Optional.of(new TreeSet<>()) : Optional.empty();
            case PlanNode.Calc calc -> key(calc.input()).flatMap(key -> through(calc.program(), key));
            case PlanNode.Window window ->
                key(window.input()).map(key -> {
                    TreeSet<Integer> longer = new TreeSet<>(key);
                    if (window.kind() == PlanNode.WindowKind.CUMULATE) {
                        longer.add(window.schema().size() - 1);
                    } else if (window.sizeMs() != window.slideMs()) {
                        longer.add(window.schema().size() - 2);
                    }
                    return longer;
                });
            case PlanNode.Session session -> key(session.input());
            case PlanNode.Aggregate aggregate -> Optional.of(range(aggregate.keys().length));
            case PlanNode.Join join -> join(join);
            case PlanNode.Union union ->
                union.inputs().size() == 1 ? key(union.inputs().getFirst()) : Optional.empty();
            case PlanNode.Distinct distinct ->
                Optional.of(key(distinct.input()).orElse(range(distinct.schema().size())));
            case PlanNode.SetOperation operation ->
                operation.all()
                        ? Optional.empty()
                        : Optional.of(range(operation.schema().size()));
            case PlanNode.TopN top -> top(top);
            case PlanNode.EmitFinal emit -> key(emit.input());
            case PlanNode.Failed failed -> Optional.empty();
        };
    }

    private static TreeSet<Integer> range(int end) {
        TreeSet<Integer> range = new TreeSet<>();
        for (int i = 0; i < end; i++) {
            range.add(i);
        }
        return range;
    }

    private static Optional<TreeSet<Integer>> source(PlanNode.Source node) {
        SourceSpec spec = node.source();
        List<String> names = new ArrayList<>();
        if (spec.upsertKey().isEmpty()) {
            if (spec.format() == SourceSpec.Format.CHANGES) {
                return Optional.empty();
            }
            spec.columns().stream()
                    .filter(column -> column.origin() == SourceSpec.Origin.PARTITION
                            || column.origin() == SourceSpec.Origin.OFFSET)
                    .forEach(column -> names.add(column.name()));
            if (names.size() != 2) {
                return Optional.empty();
            }
        } else {
            spec.upsertKey()
                    .forEach(index -> names.add(spec.columns().get(index).name()));
        }
        TreeSet<Integer> key = new TreeSet<>();
        for (String name : names) {
            int index = node.schema().indexOf(name);
            if (index < 0) {
                return Optional.empty();
            }
            key.add(index);
        }
        return Optional.of(key);
    }

    private static Optional<TreeSet<Integer>> through(CalcProgram program, TreeSet<Integer> key) {
        TreeSet<Integer> mapped = new TreeSet<>();
        for (int wanted : key) {
            int found = -1;
            List<RexLocalRef> projects = program.rex().getProjectList();
            for (int i = 0; i < projects.size() && found < 0; i++) {
                if (program.rex().expandLocalRef(projects.get(i)) instanceof RexInputRef reference
                        && reference.getIndex() == wanted) {
                    found = i;
                }
            }
            if (found < 0) {
                return Optional.empty();
            }
            mapped.add(found);
        }
        return Optional.of(mapped);
    }

    private static Optional<TreeSet<Integer>> join(PlanNode.Join join) {
        Optional<TreeSet<Integer>> left = key(join.left());
        if (left.isEmpty() || join.kind() == JoinKind.SEMI || join.kind() == JoinKind.ANTI) {
            return left;
        }
        Optional<TreeSet<Integer>> right = key(join.right());
        if (right.isEmpty()) {
            return Optional.empty();
        }
        boolean rightOnce = Arrays.stream(join.rightKeys()).boxed().toList().containsAll(right.get());
        if (rightOnce && (join.kind() == JoinKind.INNER || join.kind() == JoinKind.LEFT)) {
            return left;
        }
        TreeSet<Integer> both = new TreeSet<>(left.get());
        right.get().forEach(column -> both.add(join.left().schema().size() + column));
        return Optional.of(both);
    }

    private static Optional<TreeSet<Integer>> top(PlanNode.TopN top) {
        if (top.rank()) {
            TreeSet<Integer> key = new TreeSet<>();
            Arrays.stream(top.partitionKeys()).forEach(key::add);
            key.add(top.schema().size() - 1);
            return Optional.of(key);
        }
        return key(top.input());
    }
}
