package io.millrace.query.circuit;

import io.millrace.query.circuit.Circuit.Growth;
import io.millrace.query.circuit.Circuit.StateBound;
import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.expression.CompiledCalc;
import io.millrace.query.expression.CompiledCalc.Failures;
import io.millrace.query.operator.AggregateOperator;
import io.millrace.query.operator.CalcOperator;
import io.millrace.query.operator.DistinctOperator;
import io.millrace.query.operator.EmitFinalOperator;
import io.millrace.query.operator.FailedRow;
import io.millrace.query.operator.FailedRows;
import io.millrace.query.operator.FailedRowsOperator;
import io.millrace.query.operator.JoinOperator;
import io.millrace.query.operator.Operator;
import io.millrace.query.operator.ProjectOperator;
import io.millrace.query.operator.SessionOperator;
import io.millrace.query.operator.SetOperator;
import io.millrace.query.operator.SourceOperator;
import io.millrace.query.operator.TopOperator;
import io.millrace.query.operator.UnionOperator;
import io.millrace.query.operator.UpsertOperator;
import io.millrace.query.operator.ValuesOperator;
import io.millrace.query.operator.WindowOperator;
import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import io.millrace.query.plan.PlanNode.TimeBound;
import io.millrace.query.plan.PlanNode.WindowKind;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.plan.SourceSpec.Origin;
import io.millrace.query.plan.SourceSpec.SourceColumn;
import io.millrace.query.plan.Waterline;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.jspecify.annotations.Nullable;

/// Turns plan nodes into operators, inputs first, each different node once.
///
/// Two nodes are the same when their descriptions are: kind, parameters and the numbers of their inputs. So a
/// plan that names a sub-plan twice, in one object or in two, becomes a diamond.
final class CircuitBuilder {
    /// Calls that have a value for every row.
    private static final Set<SqlKind> NEVER_FAIL = EnumSet.of(
            SqlKind.AND,
            SqlKind.OR,
            SqlKind.NOT,
            SqlKind.EQUALS,
            SqlKind.NOT_EQUALS,
            SqlKind.LESS_THAN,
            SqlKind.LESS_THAN_OR_EQUAL,
            SqlKind.GREATER_THAN,
            SqlKind.GREATER_THAN_OR_EQUAL,
            SqlKind.IS_NULL,
            SqlKind.IS_NOT_NULL,
            SqlKind.IS_TRUE,
            SqlKind.IS_NOT_TRUE,
            SqlKind.IS_FALSE,
            SqlKind.IS_NOT_FALSE,
            SqlKind.CASE,
            SqlKind.SEARCH);

    /// An operator and what belongs to it.
    record Stage(
            int id,
            String name,
            Operator operator,
            PlanFacts facts,
            @Nullable StateBound bound) {}

    private final Function<CalcProgram, CompiledCalc> compiler;
    private final List<SourceSpec> sources = new ArrayList<>(); // as they are read
    private final List<SourceSpec> planned = new ArrayList<>(); // the same, as the plan has them
    private final Set<SourceSpec> traced = new HashSet<>(); // whose records failed rows shall name
    private final Map<Operator, Trace> traces = new IdentityHashMap<>();
    private final List<Stage> stages = new ArrayList<>();
    private final Map<String, Stage> byDescription = new HashMap<>();
    private Map<PlanNode, Stage> byNode = new IdentityHashMap<>();
    private FailedRow.Sink failures;
    private String scope = ""; // failures go elsewhere in another scope, so nothing is shared between them

    /// Where the rows of an operator come from.
    ///
    /// @param rows row by row those of the operator, with the columns that name the record
    private record Trace(String topic, Supplier<Batch> rows, int partitionColumn, int offsetColumn) {}

    CircuitBuilder(Function<CalcProgram, CompiledCalc> compiler, CircuitSettings settings) {
        this.compiler = compiler;
        failures = settings.failures();
    }

    /// Adds a plan. Streams are read with partition and offset where failed rows shall name their record and an
    /// expression right above may fail.
    Stage addRoot(PlanNode root) {
        trace(root, failures.wantsRecords());
        return add(root);
    }

    private void trace(PlanNode node, boolean wanted) {
        if (wanted
                && node instanceof PlanNode.Calc calc
                && calc.input() instanceof PlanNode.Source source
                && source.source().upsertKey().isEmpty()
                && canFail(calc.program())) {
            traced.add(source.source());
        }
        node.inputs().forEach(input -> trace(input, wanted || node instanceof PlanNode.Failed));
    }

    private static boolean canFail(CalcProgram program) {
        return program.rex().getExprList().stream()
                .anyMatch(node -> node instanceof RexCall call && !NEVER_FAIL.contains(call.getKind()));
    }

    List<SourceSpec> sources() {
        return sources;
    }

    /// In an order in which inputs come first; the last is the root.
    List<Stage> stages() {
        return stages;
    }

    List<StateBound> bounds() {
        List<StateBound> bounds = new ArrayList<>();
        for (Stage stage : stages) {
            StateBound bound = stage.bound();
            if (bound != null) {
                bounds.add(bound);
            }
        }
        return bounds;
    }

    Stage add(PlanNode node) {
        Stage known = byNode.get(node);
        if (known == null && node instanceof PlanNode.Failed failed) {
            known = addFailed(failed);
            byNode.put(node, known);
        }
        if (known == null) {
            List<Stage> inputs = new ArrayList<>();
            for (PlanNode input : node.inputs()) {
                inputs.add(add(input));
            }
            String description = scope + describe(node, inputs);
            known = byDescription.get(description);
            if (known == null) {
                known = make(node, inputs);
                byDescription.put(description, known);
            }
            byNode.put(node, known);
        }
        return known;
    }

    /// The operators below are made anew, with a place of their own for what fails in them.
    private Stage addFailed(PlanNode.Failed node) {
        Map<PlanNode, Stage> outerNodes = byNode;
        FailedRow.Sink outerFailures = failures;
        String outerScope = scope;
        FailedRows rows = new FailedRows();
        int from = stages.size();
        byNode = new IdentityHashMap<>();
        failures = rows;
        scope = "failed " + from + ' ';
        Stage input = add(node.input());
        byNode = outerNodes;
        failures = outerFailures;
        scope = outerScope;
        boolean appendOnly = stages.subList(from, stages.size()).stream()
                .allMatch(stage -> stage.facts().appendOnly());
        return stage(
                "Failed",
                new FailedRowsOperator(input.operator(), rows),
                PlanFacts.ofFailed(input.facts(), appendOnly),
                null);
    }

    /// Where an operator of this name reports what fails in the rows of `input`.
    private Failures failuresOf(String name, @Nullable Trace trace) {
        FailedRow.Sink sink = failures;
        if (trace == null) {
            return (rows, row, reason) -> sink.failed(new FailedRow(name, null, -1, -1, rows, row, reason));
        }
        return (rows, row, reason) -> {
            Batch records = trace.rows().get();
            sink.failed(new FailedRow(
                    name,
                    trace.topic(),
                    (int) number(records, trace.partitionColumn(), row),
                    number(records, trace.offsetColumn(), row),
                    rows,
                    row,
                    reason));
        };
    }

    private static long number(Batch rows, int column, int row) {
        return ((LongColumn) rows.column(column)).values()[row];
    }

    private Stage stage(String name, Operator operator, PlanFacts facts, @Nullable StateBound bound) {
        Stage stage = new Stage(stages.size(), name, operator, facts, bound);
        stages.add(stage);
        return stage;
    }

    private static StateBound bounded(PlanNode node, String name, String bound) {
        return new StateBound(node, name, bound, Growth.BOUNDED);
    }

    /// Nothing but tables and constants below keeps it as small as they are.
    private StateBound growing(PlanNode node, String name, PlanFacts facts, String growth, Growth with) {
        Set<String> tables = new TreeSet<>();
        for (int source : facts.sources()) {
            if (sources.get(source).upsertKey().isEmpty()) {
                return new StateBound(node, name, "nothing: " + growth, with);
            }
            tables.add(sources.get(source).name());
        }
        return bounded(node, name, tables.isEmpty() ? "constant rows" : "rows of " + String.join(" and ", tables));
    }

    /// For operators that keep rows of their inputs.
    private static Growth ofRows(PlanNode node) {
        return node.inputs().stream().allMatch(CircuitBuilder::isKeyed) ? Growth.KEYS : Growth.ROWS;
    }

    /// Whether the rows there are at one time are as many as groups or keys, not as all rows that ever came.
    private static boolean isKeyed(PlanNode node) {
        return switch (node) {
            case PlanNode.Source source -> !source.source().upsertKey().isEmpty();
            case PlanNode.Aggregate aggregate -> true;
            case PlanNode.Distinct distinct -> true;
            case PlanNode.Values values -> true;
            case PlanNode.Calc calc -> isKeyed(calc.input());
            case PlanNode.Window window -> isKeyed(window.input());
            case PlanNode.Session session -> isKeyed(session.input());
            case PlanNode.TopN top -> isKeyed(top.input());
            case PlanNode.EmitFinal emit -> isKeyed(emit.input());
            case PlanNode.Failed failed -> false;
            case PlanNode.Join join -> isKeyed(join.left()) && isKeyed(join.right());
            case PlanNode.Union union -> union.inputs().stream().allMatch(CircuitBuilder::isKeyed);
            case PlanNode.SetOperation operation -> operation.inputs().stream().allMatch(CircuitBuilder::isKeyed);
        };
    }

    private Stage make(PlanNode node, List<Stage> inputs) {
        if (node instanceof PlanNode.Source source) {
            return makeSource(source);
        }
        PlanFacts facts = PlanFacts.of(node, inputs.stream().map(Stage::facts).toList());
        Schema schema = node.schema();
        return switch (node) {
            case PlanNode.Source source -> makeSource(source);
            case PlanNode.Failed failed -> addFailed(failed);
            case PlanNode.Values values -> stage("Values", new ValuesOperator(schema, values.rows()), facts, null);
            case PlanNode.Calc calc -> makeCalc(calc, inputs.get(0), facts);
            case PlanNode.Window window -> makeWindow(window, inputs.get(0), facts);
            case PlanNode.Session session -> makeSession(session, inputs.get(0), facts);
            case PlanNode.Aggregate aggregate -> makeAggregate(aggregate, inputs.get(0), facts);
            case PlanNode.Join join -> makeJoin(join, inputs.get(0), inputs.get(1), facts);
            case PlanNode.Union union ->
                stage(
                        "Union",
                        new UnionOperator(
                                schema, inputs.stream().map(Stage::operator).toList()),
                        facts,
                        null);
            case PlanNode.Distinct distinct -> {
                int column = facts.firstBounded();
                Waterline waterline = column < 0 ? null : facts.waterlines().get(column);
                yield stage(
                        "Distinct",
                        new DistinctOperator(schema, inputs.get(0).operator(), column, waterline),
                        facts,
                        rowsBound(node, "Distinct", facts, "every distinct row is kept", Growth.KEYS, waterline));
            }
            case PlanNode.SetOperation operation -> {
                String name = (operation.intersect() ? "Intersect" : "Except") + (operation.all() ? "All" : "");
                int column = facts.firstBounded();
                Waterline waterline = column < 0 ? null : facts.waterlines().get(column);
                yield stage(
                        name,
                        new SetOperator(
                                schema,
                                inputs.get(0).operator(),
                                inputs.get(1).operator(),
                                operation.intersect(),
                                operation.all(),
                                column,
                                waterline),
                        facts,
                        rowsBound(
                                node,
                                name,
                                facts,
                                "every distinct row of both inputs is kept",
                                ofRows(node),
                                waterline));
            }
            case PlanNode.TopN top -> makeTop(top, inputs.get(0), facts);
            case PlanNode.EmitFinal emit -> {
                Waterline known = inputs.get(0).facts().waterlines().get(emit.timeColumn());
                Waterline waterline = known == null ? new Waterline.Ended(facts.sources()) : known;
                yield stage(
                        "EmitFinal",
                        new EmitFinalOperator(schema, inputs.get(0).operator(), emit.timeColumn(), waterline),
                        facts,
                        rowsBound(
                                node,
                                "EmitFinal",
                                facts,
                                "no row is ever final before the input ends",
                                ofRows(node),
                                known));
            }
        };
    }

    private StateBound rowsBound(
            PlanNode node, String name, PlanFacts facts, String growth, Growth with, @Nullable Waterline waterline) {
        return waterline == null ? growing(node, name, facts, growth, with) : bounded(node, name, words(waterline));
    }

    private Stage makeSource(PlanNode.Source node) {
        int index = planned.indexOf(node.source());
        if (index < 0) {
            index = planned.size();
            planned.add(node.source());
            sources.add(traced.contains(node.source()) ? withRecord(node.source()) : node.source());
        }
        SourceSpec spec = sources.get(index);
        PlanFacts facts = PlanFacts.ofSource(node, index);
        int[] columns = PlanFacts.sourceColumns(node);
        if (spec.upsertKey().isEmpty()) {
            SourceOperator source = new SourceOperator(node.schema(), index, columns, facts.appendOnly(), spec.name());
            trace(source, spec, source::delta);
            return stage("Source " + spec.name(), source, facts, null);
        }
        Schema all = Circuits.inputSchema(spec);
        Stage table = byDescription.get(scope + "table " + index);
        if (table == null) {
            Operator raw = new SourceOperator(all, index, all(all), false, spec.name());
            stage("Source " + spec.name(), raw, facts, null);
            int[] key = spec.upsertKey().stream().mapToInt(Integer::intValue).toArray();
            String name = "Upsert " + spec.name();
            StateBound bound = bounded(node, name, "keys of table " + spec.name() + ", deleted ones included");
            table = stage(name, new UpsertOperator(all, raw, key), facts, bound);
            trace(table.operator(), spec, table.operator()::output);
            byDescription.put(scope + "table " + index, table);
        }
        if (Arrays.equals(columns, all(all))) {
            return table;
        }
        Operator project = new ProjectOperator(node.schema(), table.operator(), columns);
        trace(project, spec, table.operator()::output);
        return stage("Project", project, facts, null);
    }

    /// The source with the columns that name the record behind the others.
    private static SourceSpec withRecord(SourceSpec spec) {
        List<SourceColumn> columns = new ArrayList<>(spec.columns());
        if (column(spec, Origin.PARTITION) < 0) {
            columns.add(new SourceColumn(
                    "_partition", ColumnType.of(SqlType.INTEGER).withNullable(false), Origin.PARTITION, List.of()));
        }
        if (column(spec, Origin.OFFSET) < 0) {
            columns.add(new SourceColumn(
                    "_offset", ColumnType.of(SqlType.BIGINT).withNullable(false), Origin.OFFSET, List.of()));
        }
        return new SourceSpec(
                spec.name(),
                spec.topic(),
                spec.format(),
                spec.options(),
                columns,
                spec.watermark(),
                spec.side(),
                spec.upsertKey(),
                spec.declared());
    }

    private static int column(SourceSpec spec, Origin origin) {
        for (int i = 0; i < spec.columns().size(); i++) {
            if (spec.columns().get(i).origin() == origin) {
                return i;
            }
        }
        return -1;
    }

    private void trace(Operator operator, SourceSpec spec, Supplier<Batch> rows) {
        int partition = column(spec, Origin.PARTITION);
        int offset = column(spec, Origin.OFFSET);
        if (partition >= 0 && offset >= 0) {
            traces.put(operator, new Trace(spec.topic(), rows, partition, offset));
        }
    }

    private static int[] all(Schema schema) {
        int[] columns = new int[schema.size()];
        Arrays.setAll(columns, i -> i);
        return columns;
    }

    private Stage makeCalc(PlanNode.Calc calc, Stage input, PlanFacts facts) {
        int[] columns = plainColumns(calc.program());
        Trace trace = traces.get(input.operator());
        Operator operator = columns != null
                ? new ProjectOperator(calc.schema(), input.operator(), columns)
                : new CalcOperator(
                        calc.schema(), input.operator(), compiler.apply(calc.program()), failuresOf("Calc", trace));
        if (columns != null && trace != null) {
            traces.put(operator, trace);
        }
        return stage(columns != null ? "Project" : "Calc", operator, facts, null);
    }

    /// The input column of each output when there is nothing to compute, else null.
    private static int @Nullable [] plainColumns(CalcProgram program) {
        if (program.rex().getCondition() != null) {
            return null;
        }
        List<RexLocalRef> outputs = program.rex().getProjectList();
        int[] columns = new int[outputs.size()];
        for (int i = 0; i < columns.length; i++) {
            RexNode node = program.rex().getExprList().get(outputs.get(i).getIndex());
            if (!(node instanceof RexInputRef reference)) {
                return null;
            }
            columns[i] = reference.getIndex();
            boolean sameStorage = program.input().type(columns[i]).type().storage()
                    == program.output().type(i).type().storage();
            if (!sameStorage) {
                return null;
            }
        }
        return columns;
    }

    private Stage makeWindow(PlanNode.Window window, Stage input, PlanFacts facts) {
        boolean cumulate = window.kind() == WindowKind.CUMULATE;
        if (window.sizeMs() <= 0 || window.slideMs() <= 0) {
            throw new IllegalArgumentException("a window needs size and slide above 0, found size " + window.sizeMs()
                    + " ms and slide " + window.slideMs() + " ms");
        }
        if (cumulate && window.sizeMs() % window.slideMs() != 0) {
            throw new IllegalArgumentException("CUMULATE needs a size that is a multiple of its step, found size "
                    + window.sizeMs() + " ms and step " + window.slideMs() + " ms");
        }
        Operator operator = new WindowOperator(
                window.schema(),
                input.operator(),
                window.timeColumn(),
                cumulate,
                window.sizeMs(),
                window.slideMs(),
                window.offsetMs());
        return stage("Window", operator, facts, null);
    }

    private Stage makeSession(PlanNode.Session session, Stage input, PlanFacts facts) {
        Waterline waterline = input.facts().waterlines().get(session.timeColumn());
        Operator operator = new SessionOperator(
                session.schema(),
                input.operator(),
                session.timeColumn(),
                session.partitionKeys(),
                session.gapMs(),
                waterline);
        return stage(
                "Session",
                operator,
                facts,
                rowsBound(session, "Session", facts, "every row is kept", ofRows(session), waterline));
    }

    private Stage makeAggregate(PlanNode.Aggregate aggregate, Stage input, PlanFacts facts) {
        int paneKey = input.facts().firstBounded(aggregate.keys());
        Waterline waterline =
                paneKey < 0 ? null : input.facts().waterlines().get(aggregate.keys()[paneKey]);
        Operator operator = new AggregateOperator(
                aggregate.schema(),
                input.operator(),
                aggregate.keys(),
                aggregate.calls(),
                input.facts().appendOnly(),
                paneKey,
                waterline,
                failuresOf("Aggregate", null));
        StateBound bound;
        if (aggregate.keys().length == 0 && keepsNoValues(aggregate, input.facts())) {
            bound = bounded(aggregate, "Aggregate", "one row");
        } else if (aggregate.keys().length == 0) {
            bound = growing(aggregate, "Aggregate", facts, "every distinct value is kept", Growth.KEYS);
        } else {
            String growth = keepsNoValues(aggregate, input.facts())
                    ? "one row for each group"
                    : "one row for each group, and its distinct values";
            bound = rowsBound(aggregate, "Aggregate", facts, growth, Growth.KEYS, waterline);
        }
        return stage("Aggregate", operator, facts, bound);
    }

    private static boolean keepsNoValues(PlanNode.Aggregate aggregate, PlanFacts input) {
        return aggregate.calls().stream()
                .allMatch(call -> !call.distinct()
                        && switch (call.function()) {
                            case COUNT, SUM, SUM0, AVG, VAR_POP, VAR_SAMP, STDDEV_POP, STDDEV_SAMP, BOOL_AND, BOOL_OR ->
                                true;
                            case MIN, MAX, ANY_VALUE -> input.appendOnly();
                            case ARRAY_AGG, SINGLE_VALUE -> false;
                        });
    }

    private Stage makeJoin(PlanNode.Join join, Stage left, Stage right, PlanFacts facts) {
        int paneKey = -1;
        Waterline keyLine = null;
        for (int i = 0; i < join.leftKeys().length && keyLine == null; i++) {
            keyLine = PlanFacts.least(
                    left.facts().waterlines().get(join.leftKeys()[i]),
                    right.facts().waterlines().get(join.rightKeys()[i]));
            paneKey = keyLine == null ? -1 : i;
        }
        TimeBound bound = join.bound();
        Waterline leftLine = null;
        Waterline rightLine = null;
        if (bound != null) {
            // a left row is done with when all future right rows are too late for it, and the other way round
            Waterline rightTime = right.facts().waterlines().get(bound.rightColumn());
            leftLine = rightTime == null ? null : new Waterline.Shifted(rightTime, bound.lowerMs());
            Waterline leftTime = left.facts().waterlines().get(bound.leftColumn());
            rightLine = leftTime == null ? null : new Waterline.Shifted(leftTime, -bound.upperMs());
        }
        CalcProgram residual = join.residual();
        String kind =
                join.kind().name().charAt(0) + join.kind().name().substring(1).toLowerCase(java.util.Locale.ROOT);
        String name = kind + "Join";
        Operator operator = new JoinOperator(
                join,
                left.operator(),
                right.operator(),
                residual == null ? null : compiler.apply(residual),
                new JoinOperator.Lines(
                        paneKey,
                        keyLine,
                        bound == null ? -1 : bound.leftColumn(),
                        leftLine,
                        bound == null ? -1 : bound.rightColumn(),
                        rightLine),
                left.facts().appendOnly(),
                right.facts().appendOnly(),
                failuresOf(name, null));
        boolean rightRows = join.kind() != JoinKind.SEMI && join.kind() != JoinKind.ANTI || residual != null;
        StateBound stateBound;
        if (keyLine != null) {
            stateBound = bounded(join, name, words(keyLine));
        } else if (leftLine != null && rightLine != null) {
            stateBound = bounded(join, name, words(new Waterline.Min(List.of(leftLine, rightLine))));
        } else if (leftLine != null || rightLine != null) {
            stateBound = growing(
                    join,
                    name,
                    facts,
                    "only one side is bounded, by the "
                            + words(Objects.requireNonNull(leftLine != null ? leftLine : rightLine)),
                    ofRows(join));
        } else {
            stateBound = growing(
                    join,
                    name,
                    facts,
                    rightRows ? "every row of both sides is kept" : "every row of the left side is kept",
                    ofRows(join));
        }
        return stage(name, operator, facts, stateBound);
    }

    private Stage makeTop(PlanNode.TopN top, Stage input, PlanFacts facts) {
        int paneKey = input.facts().firstBounded(top.partitionKeys());
        Waterline waterline = paneKey < 0 ? null : input.facts().waterlines().get(top.partitionKeys()[paneKey]);
        Operator operator = new TopOperator(top, input.operator(), input.facts().appendOnly(), paneKey, waterline);
        StateBound bound;
        if (waterline != null) {
            bound = bounded(top, "TopN", words(waterline));
        } else if (top.partitionKeys().length == 0
                && top.fetch() >= 0
                && input.facts().appendOnly()) {
            bound = bounded(top, "TopN", "the first " + (top.offset() + top.fetch()) + " rows");
        } else {
            boolean few = top.fetch() >= 0 && input.facts().appendOnly();
            bound = growing(
                    top,
                    "TopN",
                    facts,
                    few ? "the first " + (top.offset() + top.fetch()) + " rows of each partition" : "every row is kept",
                    few ? Growth.KEYS : ofRows(top));
        }
        return stage("TopN", operator, facts, bound);
    }

    // --- words ----------------------------------------------------------------------------------------------

    /// A waterline as EXPLAIN STATE names it.
    private String words(Waterline waterline) {
        List<String> parts = new ArrayList<>();
        collect(waterline, parts);
        List<String> different = parts.stream().distinct().toList();
        return switch (different.size()) {
            case 0 -> "end of the input";
            case 1 -> "watermark of " + different.get(0);
            default -> "watermarks of " + String.join(", ", different);
        };
    }

    private void collect(Waterline waterline, List<String> parts) {
        switch (waterline) {
            case Waterline.OfSource(int index) -> {
                SourceSpec spec = sources.get(index);
                SourceSpec.WatermarkSpec watermark = spec.watermark();
                parts.add(
                        watermark == null
                                ? spec.name()
                                : spec.name() + "."
                                        + spec.columns()
                                                .get(watermark.timeColumn())
                                                .name());
            }
            case Waterline.Shifted(Waterline base, long ms) -> collect(base, parts);
            case Waterline.FloorTo(Waterline base, long size, long offset) -> collect(base, parts);
            case Waterline.Ended(List<Integer> ended) -> {
                // names no column
            }
            case Waterline.Min(List<Waterline> least) -> least.forEach(part -> collect(part, parts));
        }
    }

    /// Equal texts mean equal nodes.
    private String describe(PlanNode node, List<Stage> inputs) {
        StringBuilder text = new StringBuilder(node.getClass().getSimpleName());
        for (Stage input : inputs) {
            text.append(" #").append(input.id());
        }
        text.append(' ').append(node.schema());
        switch (node) {
            case PlanNode.Source source -> text.append(source.source());
            case PlanNode.Values values ->
                values.rows()
                        .forEach(row -> row.forEach(value -> text.append(
                                        value instanceof byte[] bytes
                                                ? Arrays.toString(bytes)
                                                : value instanceof Object[] fields
                                                        ? Arrays.deepToString(fields)
                                                        : String.valueOf(value))
                                .append(';')));
            case PlanNode.Calc calc -> describe(calc.program(), text);
            case PlanNode.Window window ->
                text.append(window.kind()).append(Arrays.toString(new long[] {
                    window.timeColumn(), window.sizeMs(), window.slideMs(), window.offsetMs()
                }));
            case PlanNode.Session session ->
                text.append(session.timeColumn())
                        .append(Arrays.toString(session.partitionKeys()))
                        .append(session.gapMs());
            case PlanNode.Aggregate aggregate ->
                text.append(Arrays.toString(aggregate.keys())).append(aggregate.calls());
            case PlanNode.Join join -> {
                text.append(join.kind())
                        .append(Arrays.toString(join.leftKeys()))
                        .append(Arrays.toString(join.rightKeys()))
                        .append(join.bound());
                if (join.residual() != null) {
                    describe(join.residual(), text);
                }
            }
            case PlanNode.Union union -> text.append(union.inputs().size());
            case PlanNode.Distinct distinct -> text.append(distinct.schema().size());
            case PlanNode.SetOperation operation ->
                text.append(operation.intersect()).append(operation.all());
            case PlanNode.TopN top ->
                text.append(Arrays.toString(top.partitionKeys()))
                        .append(top.order())
                        .append(Arrays.toString(new long[] {top.offset(), top.fetch()}))
                        .append(top.rank());
            case PlanNode.EmitFinal emit -> text.append(emit.timeColumn());
            case PlanNode.Failed failed -> text.append(failed.schema().size());
        }
        return text.toString();
    }

    private static void describe(CalcProgram program, StringBuilder text) {
        text.append(program.output());
        for (RexNode node : program.rex().getExprList()) {
            text.append(node)
                    .append(':')
                    .append(node.getType().getFullTypeString())
                    .append(';');
        }
        text.append(program.rex().getProjectList())
                .append('?')
                .append(program.rex().getCondition());
    }
}
