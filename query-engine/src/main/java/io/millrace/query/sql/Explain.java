package io.millrace.query.sql;

import io.millrace.query.circuit.Circuit;
import io.millrace.query.circuit.Circuits;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.jspecify.annotations.Nullable;

/// Plans as text, one line for each operator, its inputs indented below it.
final class Explain {
    private final List<String> lines = new ArrayList<>();
    private final Map<PlanNode, Integer> shared = new IdentityHashMap<>();
    private final Map<PlanNode, Integer> uses = new IdentityHashMap<>();

    private Explain() {}

    static List<String> plan(PlannedStatement.Query query) {
        Explain explain = new Explain();
        String emit = emit(query);
        if (!emit.isEmpty()) {
            explain.lines.add(emit);
        }
        explain.count(query.plan());
        explain.write(query.plan(), emit.isEmpty() ? 0 : 1);
        return explain.lines;
    }

    /// `operator` and `bound` of every operator that keeps state.
    static List<List<String>> state(PlanNode plan) {
        List<List<String>> rows = new ArrayList<>();
        for (Circuit.StateBound bound : Circuits.stateBounds(plan)) {
            rows.add(List.of(line(bound.node()), bound.bound(), Boolean.toString(bound.bounded())));
        }
        return rows;
    }

    private static String emit(PlannedStatement.Query query) {
        List<String> parts = new ArrayList<>();
        PlannedStatement.Emit emit = query.emit();
        if (emit.continuous()) {
            parts.add(emit.finalOnly() ? "Emit final rows" : "Emit changes");
            if (emit.everyMs() > 0) {
                parts.add("at most every " + duration(emit.everyMs()));
            }
            if (emit.delayMs() > 0) {
                parts.add("after " + duration(emit.delayMs()));
            }
        }
        if (!query.order().isEmpty()) {
            parts.add("Sort by " + order(query.order(), query.plan().schema()));
        }
        if (query.fetch() >= 0) {
            parts.add("Limit " + query.fetch());
        }
        if (query.offset() > 0) {
            parts.add("Offset " + query.offset());
        }
        return String.join(", ", parts);
    }

    private void count(PlanNode node) {
        if (uses.merge(node, 1, Integer::sum) == 1) {
            node.inputs().forEach(this::count);
        }
    }

    private void write(PlanNode node, int depth) {
        String indent = "  ".repeat(depth);
        Integer number = shared.get(node);
        if (number != null) {
            lines.add(indent + "= #" + number);
            return;
        }
        String mark = "";
        if (uses.getOrDefault(node, 1) > 1) {
            shared.put(node, shared.size() + 1);
            mark = "#" + shared.get(node) + " ";
        }
        lines.add(indent + mark + line(node));
        for (PlanNode input : node.inputs()) {
            write(input, depth + 1);
        }
    }

    static String name(PlanNode node) {
        return switch (node) {
            case PlanNode.Source source -> "the source " + source.source().name();
            case PlanNode.Values values -> "the constants";
            case PlanNode.Calc calc -> "the projection";
            case PlanNode.Window window -> "the window";
            case PlanNode.Session session -> "the session window";
            case PlanNode.Aggregate aggregate ->
                "the aggregate by " + names(aggregate.keys(), aggregate.input().schema());
            case PlanNode.Join join -> "the join";
            case PlanNode.Union union -> "the union";
            case PlanNode.Distinct distinct -> "DISTINCT";
            case PlanNode.SetOperation operation -> operation.intersect() ? "INTERSECT" : "EXCEPT";
            case PlanNode.TopN top -> "the ranking";
            case PlanNode.EmitFinal emit -> "EMIT FINAL";
            case PlanNode.Failed failed -> "the rows that fail";
        };
    }

    static String line(PlanNode node) {
        return switch (node) {
            case PlanNode.Source source -> source(source);
            case PlanNode.Values values ->
                "Values " + values.rows().size() + (values.rows().size() == 1 ? " row" : " rows");
            case PlanNode.Calc calc -> calc(calc.program());
            case PlanNode.Window window ->
                (window.kind() == PlanNode.WindowKind.CUMULATE
                                ? "Window CUMULATE " + duration(window.slideMs()) + " up to "
                                        + duration(window.sizeMs())
                                : window.sizeMs() == window.slideMs()
                                        ? "Window TUMBLE " + duration(window.sizeMs())
                                        : "Window HOP " + duration(window.sizeMs()) + " every "
                                                + duration(window.slideMs()))
                        + " on " + window.input().schema().name(window.timeColumn())
                        + (window.offsetMs() == 0 ? "" : " offset " + duration(window.offsetMs()));
            case PlanNode.Session session ->
                "Window SESSION gap " + duration(session.gapMs()) + " on "
                        + session.input().schema().name(session.timeColumn())
                        + (session.partitionKeys().length == 0
                                ? ""
                                : " by "
                                        + names(
                                                session.partitionKeys(),
                                                session.input().schema()));
            case PlanNode.Aggregate aggregate -> aggregate(aggregate);
            case PlanNode.Join join -> join(join);
            case PlanNode.Union union -> "Union all";
            case PlanNode.Distinct distinct -> "Distinct";
            case PlanNode.SetOperation operation ->
                (operation.intersect() ? "Intersect" : "Except") + (operation.all() ? " all" : "");
            case PlanNode.TopN top -> top(top);
            case PlanNode.EmitFinal emit -> "Final by " + emit.schema().name(emit.timeColumn());
            case PlanNode.Failed failed -> "Rows that fail in";
        };
    }

    private static String source(PlanNode.Source node) {
        SourceSpec spec = node.source();
        StringBuilder text = new StringBuilder(spec.upsertKey().isEmpty() ? "Source " : "Table ");
        text.append(spec.name());
        List<String> notes = new ArrayList<>();
        if (!spec.topic().equals(spec.name())) {
            notes.add("topic " + spec.topic());
        }
        notes.add(spec.format().name().toLowerCase(Locale.ROOT));
        if (spec.side() != SourceSpec.Side.GOOD) {
            notes.add(spec.side().name().toLowerCase(Locale.ROOT) + " rows");
        }
        text.append(" (").append(String.join(", ", notes)).append("): ");
        text.append(
                node.schema().columns().stream().map(column -> column.name()).collect(Collectors.joining(", ")));
        if (!spec.upsertKey().isEmpty()) {
            text.append("; key ")
                    .append(spec.upsertKey().stream()
                            .map(index -> spec.columns().get(index).name())
                            .collect(Collectors.joining(", ")));
        }
        SourceSpec.WatermarkSpec watermark = spec.watermark();
        if (watermark != null) {
            text.append("; watermark ")
                    .append(spec.columns().get(watermark.timeColumn()).name());
            if (watermark.delayMs() > 0) {
                text.append(" - ").append(duration(watermark.delayMs()));
            }
        }
        return text.toString();
    }

    private static String calc(CalcProgram program) {
        List<String> outputs = new ArrayList<>();
        int index = 0;
        for (RexLocalRef project : program.rex().getProjectList()) {
            RexNode expression = program.rex().expandLocalRef(project);
            String text = ExpressionText.of(expression, program.input());
            String name = program.output().name(index++);
            boolean same = expression instanceof RexInputRef && text.equals(name);
            outputs.add(same ? text : name + " = " + text);
        }
        boolean identity = program.rex().projectsOnlyIdentity();
        String filter = condition(program);
        if (filter == null) {
            return "Project " + String.join(", ", outputs);
        }
        return "Filter " + filter + (identity ? "" : " → " + String.join(", ", outputs));
    }

    private static @Nullable String condition(CalcProgram program) {
        RexLocalRef condition = program.rex().getCondition();
        return condition == null ? null : ExpressionText.of(program.rex().expandLocalRef(condition), program.input());
    }

    private static String aggregate(PlanNode.Aggregate node) {
        Schema input = node.input().schema();
        String calls = node.calls().stream().map(call -> call(call, input)).collect(Collectors.joining(", "));
        String keys = node.keys().length == 0 ? "" : " by " + names(node.keys(), input);
        return "Aggregate" + keys + (calls.isEmpty() ? "" : ": " + calls);
    }

    private static String call(AggregateCall call, Schema input) {
        String argument = call.argument() < 0 ? "*" : input.name(call.argument());
        return call.function() + "(" + (call.distinct() ? "DISTINCT " : "") + argument
                + ")"
                + (call.filter() < 0 ? "" : " FILTER " + input.name(call.filter()));
    }

    private static String join(PlanNode.Join join) {
        StringBuilder text = new StringBuilder("Join ").append(join.kind());
        Schema left = join.left().schema();
        Schema right = join.right().schema();
        List<String> conditions = new ArrayList<>();
        for (int i = 0; i < join.leftKeys().length; i++) {
            conditions.add("left." + left.name(join.leftKeys()[i]) + " = right." + right.name(join.rightKeys()[i]));
        }
        CalcProgram residual = join.residual();
        if (residual != null) {
            String rest = condition(sided(residual, left.size()));
            conditions.add(rest == null ? "true" : rest);
        }
        if (!conditions.isEmpty()) {
            text.append(" on ").append(String.join(" AND ", conditions));
        }
        PlanNode.TimeBound bound = join.bound();
        if (bound != null) {
            text.append("; left.")
                    .append(left.name(bound.leftColumn()))
                    .append(" within ")
                    .append(signed(bound.lowerMs()))
                    .append(" .. ")
                    .append(signed(bound.upperMs()))
                    .append(" of right.")
                    .append(right.name(bound.rightColumn()));
        }
        return text.toString();
    }

    private static CalcProgram sided(CalcProgram residual, int leftSize) {
        List<io.millrace.query.data.ColumnInfo> columns = new ArrayList<>();
        for (int i = 0; i < residual.input().size(); i++) {
            columns.add(new io.millrace.query.data.ColumnInfo(
                    (i < leftSize ? "left." : "right.") + residual.input().name(i),
                    residual.input().type(i)));
        }
        return new CalcProgram(residual.rex(), new Schema(columns), residual.output());
    }

    private static String top(PlanNode.TopN top) {
        Schema input = top.input().schema();
        StringBuilder text = new StringBuilder(top.fetch() < 0 ? "Rank" : "Top " + top.fetch());
        if (top.offset() > 0) {
            text.append(" after ").append(top.offset());
        }
        if (top.partitionKeys().length > 0) {
            text.append(" of each ").append(names(top.partitionKeys(), input));
        }
        if (!top.order().isEmpty()) {
            text.append(" by ").append(order(top.order(), input));
        }
        return text.append(top.rank() ? " with row_number" : "").toString();
    }

    private static String order(List<PlanNode.SortKey> keys, Schema schema) {
        return keys.stream()
                .map(key -> schema.name(key.column())
                        + (key.descending() ? " DESC" : "")
                        + (key.nullsFirst() == key.descending()
                                ? ""
                                : key.nullsFirst() ? " NULLS FIRST" : " NULLS LAST"))
                .collect(Collectors.joining(", "));
    }

    private static String names(int[] columns, Schema schema) {
        return Arrays.stream(columns).mapToObj(schema::name).collect(Collectors.joining(", "));
    }

    private static String signed(long ms) {
        return ms < 0 ? "-" + duration(-ms) : "+" + duration(ms);
    }

    /// `1 min 30 s`, in the largest units that fit.
    static String duration(long ms) {
        if (ms < 0) {
            return "-" + duration(-ms);
        }
        List<String> parts = new ArrayList<>();
        long rest = ms;
        long[] sizes = {86_400_000, 3_600_000, 60_000, 1000, 1};
        String[] units = {"d", "h", "min", "s", "ms"};
        for (int i = 0; i < sizes.length; i++) {
            if (rest >= sizes[i]) {
                parts.add(rest / sizes[i] + " " + units[i]);
                rest %= sizes[i];
            }
        }
        return parts.isEmpty() ? "0 s" : String.join(" ", parts);
    }
}
