package io.millrace.query.sql;

import io.millrace.query.Session;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.calcite.plan.RelOptCluster;
import org.apache.calcite.plan.hep.HepPlanner;
import org.apache.calcite.plan.hep.HepProgram;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.sql.SqlNode;

/// What the parts of planning one statement share.
///
/// Threading: the thread that plans.
final class Planning {
    private final Session session;
    private final ColumnInference inference;
    private final long nowMs;
    private final RelOptCluster cluster =
            RelOptCluster.create(new HepPlanner(HepProgram.builder().build()), new RexBuilder(Dialect.TYPES));
    private final Set<String> notices = new LinkedHashSet<>();
    private final List<String> open = new ArrayList<>();
    private boolean continuous;

    Planning(Session session, ColumnInference inference, long nowMs) {
        this.session = session;
        this.inference = inference;
        this.nowMs = nowMs;
    }

    Session session() {
        return session;
    }

    ColumnInference inference() {
        return inference;
    }

    long nowMs() {
        return nowMs;
    }

    RelOptCluster cluster() {
        return cluster;
    }

    boolean continuous() {
        return continuous;
    }

    void continuous(boolean goesOn) {
        continuous = goesOn;
    }

    /// The same is said once, also when a statement is planned twice.
    void notice(String text) {
        if (!notices.contains(text)) {
            notices.add(text);
        }
    }

    List<String> notices() {
        return List.copyOf(notices);
    }

    /// Refuses to look into a definition while that same definition is being looked into.
    <T> T guarded(String name, SqlNode place, Supplier<T> work) {
        if (open.contains(name)) {
            List<String> cycle = new ArrayList<>(open.subList(open.indexOf(name), open.size()));
            cycle.add(name);
            throw Problems.at(
                    "circular_definition",
                    "'" + name + "' is defined by itself: " + String.join(" → ", cycle) + ".",
                    place,
                    null);
        }
        open.add(name);
        try {
            return work.get();
        } finally {
            open.removeLast();
        }
    }
}
