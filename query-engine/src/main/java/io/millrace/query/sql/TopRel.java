package io.millrace.query.sql;

import java.util.List;
import org.apache.calcite.plan.RelOptCluster;
import org.apache.calcite.plan.RelTraitSet;
import org.apache.calcite.rel.RelCollation;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.RelWriter;
import org.apache.calcite.rel.SingleRel;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.util.ImmutableIntList;

/// The first rows of every partition with their ROW_NUMBER as a last column.
///
/// @implNote `fetch` is −1 for all
final class TopRel extends SingleRel {
    final ImmutableIntList keys;
    final RelCollation order;
    final long fetch;

    TopRel(
            RelOptCluster cluster,
            RelTraitSet traits,
            RelNode input,
            List<Integer> keys,
            RelCollation order,
            long fetch) {
        super(cluster, traits, input);
        this.keys = ImmutableIntList.copyOf(keys);
        this.order = order;
        this.fetch = fetch;
    }

    @Override
    public RelNode copy(RelTraitSet traits, List<RelNode> inputs) {
        return new TopRel(getCluster(), traits, inputs.getFirst(), keys, order, fetch);
    }

    @Override
    protected RelDataType deriveRowType() {
        RelDataTypeFactory types = getCluster().getTypeFactory();
        return types.builder()
                .kind(getInput().getRowType().getStructKind())
                .addAll(getInput().getRowType().getFieldList())
                .add("row_number", types.createSqlType(SqlTypeName.BIGINT))
                .build();
    }

    @Override
    public RelWriter explainTerms(RelWriter writer) {
        return super.explainTerms(writer)
                .item("keys", keys)
                .item("order", order)
                .item("fetch", fetch);
    }
}
