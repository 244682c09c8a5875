package io.millrace.query.oracle;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.Schema;
import io.millrace.query.format.RowJsonWriter;
import io.millrace.query.format.TextBuffer;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.PlanNode.SortKey;
import io.millrace.query.plan.PlanNode.WindowKind;
import io.millrace.query.plan.SourceSpec;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// Evaluates a plan over whole inputs, as dumb as possible.
public final class NaiveEvaluator {
    private final Map<SourceSpec, Multiset> sources;
    private final Function<CalcProgram, RowFunction> calcs;
    private final ToLongFunction<PlanNode.EmitFinal> waterlines;

    private Multiset failures = new Multiset(); // of what is evaluated now; sub-plans that are used twice count twice

    private NaiveEvaluator(
            Map<SourceSpec, Multiset> sources,
            Function<CalcProgram, RowFunction> calcs,
            ToLongFunction<PlanNode.EmitFinal> waterlines) {
        this.sources = sources;
        this.calcs = calcs;
        this.waterlines = waterlines;
    }

    /// @param sources all rows of each source, with the columns of its spec; of a table all versions
    /// @param calcs runs programs on boxed rows
    /// @param waterlines below which EMIT FINAL has emitted
    public static Multiset evaluate(
            PlanNode root,
            Map<SourceSpec, Multiset> sources,
            Function<CalcProgram, RowFunction> calcs,
            ToLongFunction<PlanNode.EmitFinal> waterlines) {
        return new NaiveEvaluator(sources, calcs, waterlines).evaluate(root);
    }

    private Multiset evaluate(PlanNode node) {
        return switch (node) {
            case PlanNode.Source source -> source(source);
            case PlanNode.Values values -> {
                Multiset result = new Multiset();
                values.rows().forEach(row -> result.add(row, 1));
                yield result;
            }
            case PlanNode.Calc calc -> {
                RowFunction function = calcs.apply(calc.program());
                Multiset result = new Multiset();
                evaluate(calc.input()).forEach((row, weight) -> {
                    String failure = function.failure(row);
                    if (failure != null) {
                        fail(failure, "Calc", calc.input().schema(), row, weight);
                    }
                    List<@Nullable Object> projected = failure != null ? null : function.apply(row);
                    if (projected != null) {
                        result.add(projected, weight);
                    }
                });
                yield result;
            }
            case PlanNode.Window window -> window(window);
            case PlanNode.Session session -> session(session);
            case PlanNode.Aggregate aggregate -> aggregate(aggregate);
            case PlanNode.Join join -> join(join);
            case PlanNode.Union union -> {
                Multiset result = new Multiset();
                union.inputs().forEach(input -> result.addAll(evaluate(input)));
                yield result;
            }
            case PlanNode.Distinct distinct -> {
                Multiset result = new Multiset();
                evaluate(distinct.input()).forEach((row, weight) -> result.add(row, weight > 0 ? 1 : 0));
                yield result;
            }
            case PlanNode.SetOperation operation -> setOperation(operation);
            case PlanNode.TopN top -> top(top);
            case PlanNode.Failed failed -> {
                Multiset outer = failures;
                failures = new Multiset();
                evaluate(failed.input());
                Multiset found = failures;
                failures = outer;
                yield found;
            }
            case PlanNode.EmitFinal emit -> {
                long limit = waterlines.applyAsLong(emit);
                Multiset result = new Multiset();
                evaluate(emit.input()).forEach((row, weight) -> {
                    if (row.get(emit.timeColumn()) instanceof Long time && time < limit) {
                        result.add(row, weight);
                    }
                });
                yield result;
            }
        };
    }

    private void fail(
            String reason, String operator, Schema schema, List<? extends @Nullable Object> row, long weight) {
        Batch one = new Batch(schema);
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < row.size(); i++) {
            values.add(
                    switch (row.get(i)) {
                        case Double number -> number + 0.0;
                        case BigDecimal number -> number.setScale(schema.type(i).scale());
                        case Object other -> other;
                        case null -> null;
                    });
        }
        one.appendValues(values, 1);
        TextBuffer text = new TextBuffer(64);
        new RowJsonWriter(schema).object(one, 0, text);
        failures.add(
                Arrays.asList(
                        reason.getBytes(StandardCharsets.UTF_8),
                        operator.getBytes(StandardCharsets.UTF_8),
                        null,
                        null,
                        null,
                        text.toByteArray()),
                weight);
    }

    private Multiset source(PlanNode.Source node) {
        SourceSpec spec = node.source();
        Multiset all = sources.getOrDefault(spec, new Multiset());
        Multiset rows = spec.upsertKey().isEmpty() ? all : newest(spec, all);
        Multiset result = new Multiset();
        rows.forEach((row, weight) -> {
            List<@Nullable Object> needed = new ArrayList<>();
            node.schema().columns().forEach(column -> {
                for (int i = 0; i < spec.columns().size(); i++) {
                    if (spec.columns().get(i).name().equals(column.name())) {
                        needed.add(row.get(i));
                        break;
                    }
                }
            });
            result.add(needed, weight);
        });
        return result;
    }

    private static Multiset newest(SourceSpec spec, Multiset versions) {
        Map<Object, List<@Nullable Object>> best = new LinkedHashMap<>();
        Map<Object, Long> bestWeight = new LinkedHashMap<>();
        int size = spec.columns().size();
        versions.forEach((row, weight) -> {
            List<@Nullable Object> key = new ArrayList<>();
            spec.upsertKey().forEach(column -> key.add(Multiset.canonical(row.get(column))));
            List<@Nullable Object> known = best.get(key);
            int order = 1;
            if (known != null) {
                order = 0;
                for (int i = size - 3; i < size && order == 0; i++) {
                    order = NaiveOrder.compare(row.get(i), known.get(i));
                }
            }
            if (order > 0) {
                best.put(key, row);
                bestWeight.put(key, weight);
            }
        });
        Multiset result = new Multiset();
        best.forEach((key, row) -> {
            if (bestWeight.getOrDefault(key, 0L) > 0) {
                result.add(row, 1);
            }
        });
        return result;
    }

    private Multiset window(PlanNode.Window window) {
        Multiset result = new Multiset();
        evaluate(window.input()).forEach((row, weight) -> {
            if (!(row.get(window.timeColumn()) instanceof Long time)) {
                return;
            }
            long size = window.sizeMs();
            long slide = window.slideMs();
            // every aligned boundary in reach, asked one by one
            long origin = Math.floorDiv(time - window.offsetMs(), size * slide) * size * slide + window.offsetMs();
            if (window.kind() == WindowKind.HOP) {
                long alignedBefore = origin - (size / slide + 1) * slide;
                for (long start = alignedBefore; start <= time; start += slide) {
                    if (start <= time && time < start + size) {
                        result.add(with(row, start, start + size), weight);
                    }
                }
            } else {
                for (long base = origin; base <= time; base += size) {
                    for (long end = base + slide; end <= base + size; end += slide) {
                        if (time >= base && time < end) {
                            result.add(with(row, base, end), weight);
                        }
                    }
                }
            }
        });
        return result;
    }

    private static List<@Nullable Object> with(List<@Nullable Object> row, Object... more) {
        List<@Nullable Object> values = new ArrayList<>(row);
        Collections.addAll(values, more);
        return values;
    }

    private record Weighted(List<@Nullable Object> row, long weight) {}

    private static Map<Object, List<Weighted>> groups(Multiset rows, int[] keys) {
        Map<Object, List<Weighted>> groups = new LinkedHashMap<>();
        rows.forEach((row, weight) -> {
            List<@Nullable Object> key = new ArrayList<>();
            for (int column : keys) {
                key.add(Multiset.canonical(row.get(column)));
            }
            groups.computeIfAbsent(key, absent -> new ArrayList<>()).add(new Weighted(row, weight));
        });
        return groups;
    }

    private Multiset session(PlanNode.Session session) {
        Multiset present = new Multiset();
        evaluate(session.input()).forEach((row, weight) -> {
            if (row.get(session.timeColumn()) != null && weight > 0) {
                present.add(row, weight);
            }
        });
        Multiset result = new Multiset();
        groups(present, session.partitionKeys()).values().forEach(rows -> {
            for (Weighted weighted : rows) {
                long first = time(weighted, session);
                long last = first;
                boolean grew = true;
                while (grew) {
                    grew = false;
                    for (Weighted other : rows) {
                        long time = time(other, session);
                        if (time < first && first - time < session.gapMs()) {
                            first = time;
                            grew = true;
                        }
                        if (time > last && time - last < session.gapMs()) {
                            last = time;
                            grew = true;
                        }
                    }
                }
                result.add(with(weighted.row, first, last + session.gapMs()), weighted.weight);
            }
        });
        return result;
    }

    private static long time(Weighted weighted, PlanNode.Session session) {
        return weighted.row.get(session.timeColumn()) instanceof Long time ? time : 0;
    }

    private Multiset aggregate(PlanNode.Aggregate aggregate) {
        Map<Object, List<Weighted>> groups = groups(evaluate(aggregate.input()), aggregate.keys());
        if (aggregate.keys().length == 0 && groups.isEmpty()) {
            groups.put(List.of(), List.of());
        }
        Multiset result = new Multiset();
        for (List<Weighted> rows : groups.values()) {
            long total = rows.stream().mapToLong(Weighted::weight).sum();
            if (aggregate.keys().length > 0 && total <= 0) {
                continue;
            }
            List<@Nullable Object> output = new ArrayList<>();
            for (int key : aggregate.keys()) {
                output.add(rows.getFirst().row.get(key));
            }
            String failure = null;
            for (AggregateCall call : aggregate.calls()) {
                List<NaiveAggregate.Value> values = new ArrayList<>();
                for (Weighted weighted : rows) {
                    boolean counts = call.filter() < 0 || Long.valueOf(1).equals(weighted.row.get(call.filter()));
                    if (counts) {
                        Object value = call.argument() < 0 ? Boolean.TRUE : weighted.row.get(call.argument());
                        values.add(new NaiveAggregate.Value(value, weighted.weight));
                    }
                }
                NaiveAggregate.Result value = NaiveAggregate.compute(call, values);
                failure = failure == null ? value.failure() : failure;
                output.add(value.value());
            }
            if (failure == null) {
                result.add(output, 1);
            } else {
                List<@Nullable Object> key = output.subList(0, aggregate.keys().length);
                fail(
                        failure,
                        "Aggregate",
                        new Schema(aggregate.schema().columns().subList(0, key.size())),
                        key,
                        1);
            }
        }
        return result;
    }

    private Multiset join(PlanNode.Join join) {
        List<Weighted> left = new ArrayList<>();
        List<Weighted> right = new ArrayList<>();
        evaluate(join.left()).forEach((row, weight) -> left.add(new Weighted(row, weight)));
        evaluate(join.right()).forEach((row, weight) -> right.add(new Weighted(row, weight)));
        CalcProgram residual = join.residual();
        RowFunction condition = residual == null ? null : calcs.apply(residual);
        long[] leftMatches = new long[left.size()];
        long[] rightMatches = new long[right.size()];
        Multiset result = new Multiset();
        boolean pairs = join.kind() != JoinKind.SEMI && join.kind() != JoinKind.ANTI;
        for (int a = 0; a < left.size(); a++) {
            for (int b = 0; b < right.size(); b++) {
                List<@Nullable Object> pair = new ArrayList<>(left.get(a).row);
                pair.addAll(right.get(b).row);
                boolean meet = keysEqual(join, left.get(a), right.get(b));
                String failure = meet && condition != null ? condition.failure(pair) : null;
                if (failure != null) {
                    String kind = join.kind().name();
                    List<ColumnInfo> columns =
                            new ArrayList<>(join.left().schema().columns());
                    columns.addAll(join.right().schema().columns());
                    fail(
                            failure,
                            kind.charAt(0) + kind.substring(1).toLowerCase(Locale.ROOT) + "Join",
                            new Schema(columns),
                            pair,
                            left.get(a).weight * right.get(b).weight);
                }
                if (meet && failure == null && (condition == null || condition.apply(pair) != null)) {
                    leftMatches[a] += right.get(b).weight;
                    rightMatches[b] += left.get(a).weight;
                    if (pairs) {
                        result.add(pair, left.get(a).weight * right.get(b).weight);
                    }
                }
            }
        }
        boolean padLeft = join.kind() == JoinKind.LEFT || join.kind() == JoinKind.FULL;
        boolean padRight = join.kind() == JoinKind.RIGHT || join.kind() == JoinKind.FULL;
        int rightSize = join.right().schema().size();
        int leftSize = join.left().schema().size();
        for (int a = 0; a < left.size(); a++) {
            List<@Nullable Object> row = left.get(a).row;
            if (join.kind() == JoinKind.SEMI && leftMatches[a] > 0) {
                result.add(row, left.get(a).weight);
            }
            if (join.kind() == JoinKind.ANTI && leftMatches[a] <= 0) {
                result.add(row, left.get(a).weight);
            }
            if (padLeft && leftMatches[a] <= 0) {
                List<@Nullable Object> padded = new ArrayList<>(row);
                padded.addAll(Collections.nCopies(rightSize, null));
                result.add(padded, left.get(a).weight);
            }
        }
        for (int b = 0; b < right.size(); b++) {
            if (padRight && rightMatches[b] <= 0) {
                List<@Nullable Object> padded = new ArrayList<>(Collections.nCopies(leftSize, null));
                padded.addAll(right.get(b).row);
                result.add(padded, right.get(b).weight);
            }
        }
        return result;
    }

    private static boolean keysEqual(PlanNode.Join join, Weighted left, Weighted right) {
        for (int i = 0; i < join.leftKeys().length; i++) {
            Object a = left.row.get(join.leftKeys()[i]);
            Object b = right.row.get(join.rightKeys()[i]);
            if (a == null || b == null || NaiveOrder.compare(a, b) != 0) {
                return false;
            }
        }
        return true;
    }

    private Multiset setOperation(PlanNode.SetOperation operation) {
        Multiset left = evaluate(operation.left());
        Multiset right = evaluate(operation.right());
        Multiset result = new Multiset();
        left.forEach((row, weight) -> {
            long a = Math.max(0, weight);
            long b = Math.max(0, right.weight(row));
            long kept;
            if (operation.intersect()) {
                kept = operation.all() ? Math.min(a, b) : a > 0 && b > 0 ? 1 : 0;
            } else {
                kept = operation.all() ? Math.max(0, a - b) : a > 0 && b == 0 ? 1 : 0;
            }
            result.add(row, kept);
        });
        return result;
    }

    private Multiset top(PlanNode.TopN top) {
        Multiset result = new Multiset();
        groups(evaluate(top.input()), top.partitionKeys()).values().forEach(rows -> {
            List<List<@Nullable Object>> copies = new ArrayList<>();
            for (Weighted weighted : rows) {
                for (long copy = 0; copy < weighted.weight; copy++) {
                    copies.add(weighted.row);
                }
            }
            copies.sort((a, b) -> order(top, a, b));
            long end = top.fetch() < 0 ? copies.size() : Math.min(copies.size(), top.offset() + top.fetch());
            for (long i = top.offset(); i < end; i++) {
                List<@Nullable Object> row = copies.get((int) i);
                result.add(top.rank() ? with(row, i + 1) : row, 1);
            }
        });
        return result;
    }

    private static int order(PlanNode.TopN top, List<@Nullable Object> a, List<@Nullable Object> b) {
        for (SortKey key : top.order()) {
            Object x = a.get(key.column());
            Object y = b.get(key.column());
            int order;
            if (x == null || y == null) {
                order = x == y ? 0 : (x == null) == key.nullsFirst() ? -1 : 1;
            } else {
                order = key.descending() ? NaiveOrder.compare(y, x) : NaiveOrder.compare(x, y);
            }
            if (order != 0) {
                return order;
            }
        }
        for (int i = 0; i < a.size(); i++) {
            int order = NaiveOrder.compare(a.get(i), b.get(i));
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }
}
