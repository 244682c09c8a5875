package io.millrace.query.sql;

import java.util.Set;
import org.apache.calcite.plan.RelOptTable;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.schema.TranslatableTable;
import org.apache.calcite.schema.impl.AbstractTable;

/// Relations as Calcite's tables.
final class Tables {
    private Tables() {}

    /// Turns itself into a plan: of the query behind a view, or of the expressions of computed columns.
    interface Expansion {
        RelNode expand();
    }

    /// Common to both: which columns `SELECT *` leaves out.
    abstract static class RelationTable extends AbstractTable {
        private final RelDataType row;
        private final Set<String> hidden;

        RelationTable(RelDataType row, Set<String> hidden) {
            this.row = row;
            this.hidden = Set.copyOf(hidden);
        }

        @Override
        public RelDataType getRowType(RelDataTypeFactory types) {
            return row;
        }

        boolean hides(String column) {
            return hidden.contains(column);
        }
    }

    /// Read from a topic.
    static final class Scanned extends RelationTable {
        final Relation.Stored relation;

        Scanned(Relation.Stored relation, RelDataType row, Set<String> hidden) {
            super(row, hidden);
            this.relation = relation;
        }
    }

    /// Computed from others.
    static final class Expanded extends RelationTable implements TranslatableTable {
        private final Expansion expansion;

        Expanded(RelDataType row, Set<String> hidden, Expansion expansion) {
            super(row, hidden);
            this.expansion = expansion;
        }

        @Override
        public RelNode toRel(RelOptTable.ToRelContext context, RelOptTable table) {
            return expansion.expand();
        }
    }
}
