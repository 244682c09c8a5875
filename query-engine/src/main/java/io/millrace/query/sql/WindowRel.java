package io.millrace.query.sql;

import java.util.List;
import org.apache.calcite.plan.RelOptCluster;
import org.apache.calcite.plan.RelTraitSet;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.RelWriter;
import org.apache.calcite.rel.SingleRel;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.util.ImmutableIntList;

/// Rows with their windows: the input's columns, then `window_start` and `window_end`.
///
/// Takes the place of Calcite's function scan, through which nothing can be pushed.
final class WindowRel extends SingleRel {
    enum Kind {
        TUMBLE,
        HOP,
        CUMULATE,
        SESSION
    }

    final Kind kind;
    final int timeColumn;
    final ImmutableIntList keys;
    // the gap for SESSION
    final long sizeMs;
    final long slideMs;
    final long offsetMs;

    WindowRel(
            RelOptCluster cluster,
            RelTraitSet traits,
            RelNode input,
            Kind kind,
            int timeColumn,
            List<Integer> keys,
            long sizeMs,
            long slideMs,
            long offsetMs) {
        super(cluster, traits, input);
        this.kind = kind;
        this.timeColumn = timeColumn;
        this.keys = ImmutableIntList.copyOf(keys);
        this.sizeMs = sizeMs;
        this.slideMs = slideMs;
        this.offsetMs = offsetMs;
    }

    WindowRel over(RelNode input, int newTimeColumn, List<Integer> newKeys) {
        return new WindowRel(
                getCluster(), getTraitSet(), input, kind, newTimeColumn, newKeys, sizeMs, slideMs, offsetMs);
    }

    @Override
    public RelNode copy(RelTraitSet traits, List<RelNode> inputs) {
        return new WindowRel(
                getCluster(), traits, inputs.getFirst(), kind, timeColumn, keys, sizeMs, slideMs, offsetMs);
    }

    @Override
    protected RelDataType deriveRowType() {
        RelDataTypeFactory types = getCluster().getTypeFactory();
        RelDataType time = types.createSqlType(SqlTypeName.TIMESTAMP, 3);
        return types.builder()
                .kind(getInput().getRowType().getStructKind())
                .addAll(getInput().getRowType().getFieldList())
                .add(WindowFunctions.START, time)
                .add(WindowFunctions.END, time)
                .build();
    }

    @Override
    public RelWriter explainTerms(RelWriter writer) {
        return super.explainTerms(writer)
                .item("kind", kind)
                .item("time", timeColumn)
                .item("keys", keys)
                .item("size", sizeMs)
                .item("slide", slideMs)
                .item("offset", offsetMs);
    }
}
