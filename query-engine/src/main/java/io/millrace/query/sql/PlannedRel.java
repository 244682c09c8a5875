package io.millrace.query.sql;

import io.millrace.query.plan.PlanNode;
import org.apache.calcite.plan.RelOptCluster;
import org.apache.calcite.rel.AbstractRelNode;
import org.apache.calcite.rel.RelWriter;
import org.apache.calcite.rel.type.RelDataType;

/// What has been planned already, as a leaf: nothing is pushed into it, and nothing in it is changed.
final class PlannedRel extends AbstractRelNode {
    final String name;
    final PlanNode plan;

    /// @param name distinguishes it from others in the same query
    PlannedRel(RelOptCluster cluster, RelDataType row, String name, PlanNode plan) {
        super(cluster, cluster.traitSet());
        this.rowType = row;
        this.name = name;
        this.plan = plan;
    }

    @Override
    protected RelDataType deriveRowType() {
        RelDataType row = rowType;
        if (row == null) {
            throw new IllegalStateException("given when it was made");
        }
        return row;
    }

    @Override
    public RelWriter explainTerms(RelWriter writer) {
        return super.explainTerms(writer).item("name", name);
    }
}
