package io.millrace.query.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.calcite.rel.RelCollations;
import org.apache.calcite.rel.RelFieldCollation;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.type.RelDataTypeField;
import org.apache.calcite.sql2rel.RelFieldTrimmer;
import org.apache.calcite.tools.RelBuilder;
import org.apache.calcite.util.ImmutableBitSet;
import org.apache.calcite.util.mapping.Mapping;
import org.apache.calcite.util.mapping.MappingType;
import org.apache.calcite.util.mapping.Mappings;
import org.jspecify.annotations.Nullable;

/// Calcite's removal of columns that nobody asks for, which also knows our own nodes.
///
/// Public only because Calcite calls it by reflection.
public final class FieldTrimmer extends RelFieldTrimmer {
    FieldTrimmer(RelBuilder builder) {
        super(null, builder);
    }

    @Override
    public TrimResult trimFields(RelNode rel, ImmutableBitSet used, Set<RelDataTypeField> extra) {
        return switch (rel) {
            case WindowRel window -> trim(window, used);
            case TopRel top -> trim(top, used);
            default -> super.trimFields(rel, used, extra);
        };
    }

    private TrimResult trim(WindowRel window, ImmutableBitSet used) {
        int width = window.getInput().getRowType().getFieldCount();
        ImmutableBitSet needed = used.intersect(ImmutableBitSet.range(width))
                .set(window.timeColumn)
                .union(ImmutableBitSet.of(window.keys));
        TrimResult input = trimChild(window, window.getInput(), needed, Set.of());
        RelNode trimmed =
                window.over(input.left, input.right.getTarget(window.timeColumn), targets(window.keys, input.right));
        return result(trimmed, appended(input.right, width, input.left, 2), window);
    }

    private TrimResult trim(TopRel top, ImmutableBitSet used) {
        int width = top.getInput().getRowType().getFieldCount();
        ImmutableBitSet needed = used.intersect(ImmutableBitSet.range(width)).union(ImmutableBitSet.of(top.keys));
        for (RelFieldCollation field : top.order.getFieldCollations()) {
            needed = needed.set(field.getFieldIndex());
        }
        TrimResult input = trimChild(top, top.getInput(), needed, Set.of());
        List<RelFieldCollation> order = new ArrayList<>();
        for (RelFieldCollation field : top.order.getFieldCollations()) {
            order.add(field.withFieldIndex(input.right.getTarget(field.getFieldIndex())));
        }
        RelNode trimmed = new TopRel(
                top.getCluster(),
                top.getTraitSet(),
                input.left,
                targets(top.keys, input.right),
                RelCollations.of(order),
                top.fetch);
        return result(trimmed, appended(input.right, width, input.left, 1), top);
    }

    private static List<Integer> targets(List<Integer> columns, Mapping mapping) {
        List<Integer> targets = new ArrayList<>();
        for (int column : columns) {
            targets.add(mapping.getTarget(column));
        }
        return targets;
    }

    private static Mapping appended(Mapping mapping, int width, RelNode input, int more) {
        int newWidth = input.getRowType().getFieldCount();
        Mapping longer = Mappings.create(MappingType.INVERSE_SURJECTION, width + more, newWidth + more);
        for (int i = 0; i < width; i++) {
            int target = mapping.getTargetOpt(i);
            if (target >= 0) {
                longer.set(i, target);
            }
        }
        for (int i = 0; i < more; i++) {
            longer.set(width + i, newWidth + i);
        }
        return longer;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
