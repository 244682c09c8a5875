package io.millrace.query.sql;

import java.util.function.Predicate;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexProgram;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexSubQuery;
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
