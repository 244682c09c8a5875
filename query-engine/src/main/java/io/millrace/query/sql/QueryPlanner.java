package io.millrace.query.sql;

import io.millrace.query.Frontier;
import io.millrace.query.SqlException;
import io.millrace.query.circuit.Circuit;
import io.millrace.query.circuit.Circuits;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.Schema;
import io.millrace.query.parser.node.SqlEmit;
import io.millrace.query.parser.node.SqlQueryWithEmit;
import io.millrace.query.plan.PlanNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.RelRoot;
import org.apache.calcite.rel.core.Sort;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexSubQuery;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.util.SqlBasicVisitor;
import org.jspecify.annotations.Nullable;

/// Queries to plans.
final class QueryPlanner {
    private final Relations relations;
    private final Planning planning;
    private final Optimizer.Witness witness;

    QueryPlanner(Relations relations, Optimizer.Witness witness) {
        this.relations = relations;
        this.planning = relations.planning();
        this.witness = witness;
    }

    /// @param goesOn the query writes a topic, and so goes on for ever whatever EMIT says
    PlannedStatement.Query plan(SqlQueryWithEmit statement) {
        String frontier = statement.frontier();
        if (frontier != null) {
            checkFrontier(statement, frontier);
        }
        SqlEmit emit = statement.emit();
        planning.continuous(emit != null);
        return plan(statement.query(), emit(emit, emit != null), statement.emit(), frontier);
    }

    private static void checkFrontier(SqlQueryWithEmit statement, String frontier) {
        try {
            Frontier.parse(frontier);
        } catch (IllegalArgumentException malformed) {
            throw Problems.at(
                    "invalid_frontier", String.valueOf(malformed.getMessage()), statement.frontierPosition(), null);
        }
    }

    static PlannedStatement.Emit emit(@Nullable SqlEmit emit, boolean continuous) {
        if (!continuous) {
            return PlannedStatement.Emit.ONCE;
        }
        return emit == null
                ? new PlannedStatement.Emit(true, false, 0, 0)
                : new PlannedStatement.Emit(true, emit.finalOnly(), ms(emit.every()), ms(emit.delay()));
    }

    private static long ms(@Nullable Duration duration) {
        return duration == null ? 0 : duration.toMillis();
    }

    /// @param query is changed by this
    PlannedStatement.Query plan(
            SqlNode query, PlannedStatement.Emit emit, @Nullable SqlNode emitPlace, @Nullable String asOf) {
        SqlParserPos place = query.getParserPosition();
        QueryCompiler compiler = new QueryCompiler(relations);
        try {
            SqlNode written = Copies.deep(query);
            RelRoot root = compiler.convert(compiler.check(query));
            return plan(root, written, emit, emitPlace, asOf);
        } catch (RuntimeException | AssertionError | StackOverflowError failure) {
            throw Problems.of(failure, place, compiler.known());
        }
    }

    private PlannedStatement.Query plan(
            RelRoot root,
            SqlNode written,
            PlannedStatement.Emit emit,
            @Nullable SqlNode emitPlace,
            @Nullable String asOf) {
        RelRoot visible = withVisibleFirst(root);
        RelNode rel = visible.rel;
        List<PlanNode.SortKey> order = List.of();
        long offset = 0;
        long fetch = -1;
        if (rel instanceof Sort sort) {
            long sortFetch = Literals.count(sort.fetch, -1);
            long sortOffset = Literals.count(sort.offset, 0);
            if (!emit.continuous()) {
                order = PlanTranslator.order(sort.getCollation());
                offset = sortOffset;
                fetch = sortFetch;
                rel = sort.getInput();
            } else if (sortFetch < 0 && sortOffset == 0) {
                planning.notice("The changes of a continuous query come in the order of its input: ORDER BY without"
                        + " LIMIT is ignored.");
                rel = sort.getInput();
            }
        }
        int columns = visible.fields.size();
        if (emit.continuous() && rel.getRowType().getFieldCount() > columns) {
            rel = RelRoot.of(rel, visible.validatedRowType, visible.kind)
                    .withCollation(visible.collation)
                    .project();
        }
        if (emit.continuous()) {
            refuseUnrepeatable(rel, written);
        }
        PlanNode plan = emit.finalOnly() ? finalPlan(rel, emitPlace) : planned(rel, Optimizer.Effort.FULL);
        List<String> called = OutputNames.of(
                written, visible.fields.stream().map(field -> field.getValue()).toList());
        List<ColumnInfo> names = new ArrayList<>();
        for (int i = 0; i < columns; i++) {
            names.add(new ColumnInfo(called.get(i), plan.schema().type(i)));
        }
        if (emit.continuous()) {
            noticeUnbounded(plan);
        }
        return new PlannedStatement.Query(
                plan, new Schema(names), order, offset, fetch, emit, asOf, planning.notices());
    }

    /// The columns that the user sees first, in order; those that are only sorted by behind them.
    private static RelRoot withVisibleFirst(RelRoot root) {
        boolean inOrder = true;
        for (int i = 0; i < root.fields.size(); i++) {
            inOrder &= root.fields.get(i).getKey() == i;
        }
        if (inOrder) {
            return root;
        }
        RelNode projected = root.project(true);
        return RelRoot.of(projected, root.validatedRowType, root.kind);
    }

    /// What gives another result each time cannot be taken back, and cannot be computed again after a crash.
    private static void refuseUnrepeatable(RelNode rel, SqlNode written) {
        Rels.any(rel, node -> {
            node.accept(new RexShuttle() {
                @Override
                public RexNode visitCall(RexCall call) {
                    if (!call.getOperator().isDeterministic()) {
                        throw Problems.unsupported(
                                call.getOperator().getName()
                                        + " gives another value each time, which a continuous query could neither take"
                                        + " back nor repeat after a restart",
                                place(written, call.getOperator().getName()),
                                "Derive the value from the row, for instance with MD5 of its key or from _offset.");
                    }
                    return super.visitCall(call);
                }

                @Override
                public RexNode visitSubQuery(RexSubQuery subQuery) {
                    refuseUnrepeatable(subQuery.rel, written);
                    return super.visitSubQuery(subQuery);
                }
            });
            return false;
        });
    }

    /// Where a function is called; null when that is within a view.
    private static @Nullable SqlParserPos place(SqlNode written, String function) {
        List<SqlParserPos> found = new ArrayList<>();
        written.accept(new SqlBasicVisitor<@Nullable Void>() {
            @Override
            public @Nullable Void visit(SqlCall call) {
                if (call.getOperator().getName().equalsIgnoreCase(function)) {
                    found.add(call.getParserPosition());
                }
                return super.visit(call);
            }
        });
        return found.isEmpty() ? null : found.getFirst();
    }

    private PlanNode planned(RelNode rel, Optimizer.Effort effort) {
        RelNode optimized = new Optimizer(planning.cluster(), witness).optimize(rel, effort);
        return PlanTranslator.translate(optimized, planning);
    }

    /// The plan with rows held back until they are final.
    ///
    /// What the optimizer finds out decides how a query runs, not whether it may: a time column that it has
    /// replaced by the only value it can have still says when a row is final, so then the query is planned as
    /// it is written.
    private PlanNode finalPlan(RelNode rel, @Nullable SqlNode place) {
        PlanNode emitted = FinalRows.of(planned(rel, Optimizer.Effort.FULL));
        if (emitted == null) {
            emitted = FinalRows.of(planned(rel, Optimizer.Effort.AS_WRITTEN));
        }
        if (emitted == null) {
            throw Problems.at(
                    "emit_final_needs_watermark",
                    "EMIT FINAL needs a time column with a watermark in the result, or a window over one: nothing says"
                            + " when a row is final.",
                    place == null ? SqlParserPos.ZERO : place.getParserPosition(),
                    "Declare one: CREATE STREAM s (…, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND),"
                            + " and group by a window over it.");
        }
        return emitted;
    }

    private void noticeUnbounded(PlanNode plan) {
        for (Circuit.StateBound bound : Circuits.stateBounds(plan)) {
            switch (bound.growth()) {
                case BOUNDED -> {
                    // nothing to say
                }
                case KEYS ->
                    planning.notice("The state of " + Explain.name(bound.node())
                            + " grows with the number of its groups; EXPLAIN STATE says more.");
                case ROWS ->
                    planning.notice(
                            "Nothing bounds the state of " + Explain.name(bound.node()) + "; EXPLAIN STATE says more.");
            }
        }
    }

    /// A view or table holds a row for each group anyway, so state of that size is accepted for them.
    ///
    /// @param rowForEachGroup the query keeps a view or a table
    /// @throws SqlException the state of a query that is kept running would grow for ever
    static void refuseUnbounded(
            PlannedStatement.Query query, boolean allowed, boolean rowForEachGroup, SqlParserPos place) {
        if (allowed) {
            return;
        }
        for (Circuit.StateBound bound : Circuits.stateBounds(query.plan())) {
            boolean accepted = switch (bound.growth()) {
                case BOUNDED -> true;
                case KEYS -> rowForEachGroup;
                case ROWS -> false;
            };
            if (!accepted) {
                throw Problems.at(
                        "unbounded_state",
                        "The state of " + Explain.name(bound.node()) + " would grow for ever: "
                                + bound.bound().replaceFirst("^nothing: ", "") + ".",
                        place,
                        "Group by a window, join within a time range, or accept it: WITH (unbounded = 'allow').");
            }
        }
    }
}
