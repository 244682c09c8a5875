package io.millrace.query.sql;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.calcite.plan.RelDigest;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelCollation;
import org.apache.calcite.rel.RelFieldCollation;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.Calc;
import org.apache.calcite.rel.core.Correlate;
import org.apache.calcite.rel.core.Intersect;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.Minus;
import org.apache.calcite.rel.core.SetOp;
import org.apache.calcite.rel.core.Sort;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rel.core.Union;
import org.apache.calcite.rel.core.Values;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rel.type.RelDataTypeField;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexProgram;
import org.apache.calcite.rex.RexProgramBuilder;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.util.ImmutableBitSet;
import org.jspecify.annotations.Nullable;

/// Relational algebra to the engine's operators, node by node. Equal sub-trees become one object.
final class PlanTranslator {
    private final RexBuilder rex;
    private final RelDataTypeFactory types;
    private final SourceColumns sources;
    private final Planning planning;
    private final Map<RelDigest, PlanNode> done = new HashMap<>();

    private PlanTranslator(RelNode root, Planning planning) {
        rex = root.getCluster().getRexBuilder();
        types = root.getCluster().getTypeFactory();
        sources = SourceColumns.of(root);
        this.planning = planning;
    }

    static PlanNode translate(RelNode root, Planning planning) {
        return new PlanTranslator(root, planning).translate(root);
    }

    private PlanNode translate(RelNode rel) {
        PlanNode known = done.get(rel.getRelDigest());
        if (known == null) {
            known = make(rel);
            done.put(rel.getRelDigest(), known);
        }
        return known;
    }

    private PlanNode make(RelNode rel) {
        return switch (rel) {
            case Calc calc -> calc(calc);
            case TableScan scan -> scan(scan);
            case Values values -> values(values);
            case WindowRel window -> window(window);
            case PlannedRel planned -> planned.plan;
            case TopRel top ->
                new PlanNode.TopN(
                        translate(top.getInput()),
                        ints(top.keys),
                        order(top.order),
                        0,
                        top.fetch,
                        true,
                        Types.schema(top.getRowType()));
            case Sort sort -> sort(sort);
            case Aggregate aggregate -> aggregate(aggregate);
            case Join join -> new JoinTranslator(this, rex, planning).translate(join);
            case Union union -> union(union);
            case Intersect intersect -> setOperation(intersect, true);
            case Minus minus -> setOperation(minus, false);
            case Correlate correlate ->
                throw Problems.unsupported(
                        "This correlated sub-query cannot be turned into a join",
                        null,
                        "Join on equal columns instead of comparing with <, > or <> inside the sub-query.");
            default ->
                throw Problems.unsupported(
                        rel.getRelTypeName().replaceFirst("^Logical", "") + " is not supported yet", null, null);
        };
    }

    // ---- rows in and out of programs

    private PlanNode calc(Calc calc) {
        RexProgram program = calc.getProgram();
        if (calc.getInput() instanceof TableScan scan) {
            return scan(scan, program);
        }
        PlanNode input = translate(calc.getInput());
        return calc(input, program);
    }

    private static PlanNode calc(PlanNode input, RexProgram program) {
        if (program.isTrivial()) {
            return input;
        }
        if (input instanceof PlanNode.Calc inner) {
            RexBuilder builder = new RexBuilder(Dialect.TYPES);
            return calc(
                    inner.input(),
                    RexProgramBuilder.mergePrograms(program, inner.program().rex(), builder, true));
        }
        return new PlanNode.Calc(
                input, new CalcProgram(program, input.schema(), Types.schema(program.getOutputRowType())));
    }

    private PlanNode scan(TableScan scan) {
        // the rows of a table's source come in another order than those of the scan
        return scan(scan, RexProgram.createIdentity(scan.getRowType()));
    }

    private PlanNode scan(TableScan scan, RexProgram program) {
        Relation.Stored relation = SourceColumns.relation(scan);
        List<SourceColumns.Need> needs = SourceColumns.needs(program, relation);
        Schema schema = SourceColumns.schema(needs);
        PlanNode.Source source = new PlanNode.Source(sources.spec(relation), schema);
        RelDataTypeFactory.Builder row = types.builder();
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < needs.size(); i++) {
            ColumnInfo column = needs.get(i).column();
            places.put(column.name(), i);
            row.add(column.name(), Types.toCalcite(column.type(), types));
        }
        RexShuttle placed = new SourceColumns.Replacement(relation) {
            @Override
            RexNode replace(SourceColumns.Need need, RexNode node) {
                RexInputRef reference = new RexInputRef(
                        Objects.requireNonNull(places.get(need.column().name())), node.getType());
                RelDataType real = Types.toCalcite(need.column().type(), types);
                return node.getType().equals(real)
                        ? reference
                        : rex.ensureType(node.getType(), new RexInputRef(reference.getIndex(), real), false);
            }
        };
        List<RexNode> projects = new ArrayList<>();
        for (RexLocalRef project : program.getProjectList()) {
            projects.add(program.expandLocalRef(project).accept(placed));
        }
        RexLocalRef condition = program.getCondition();
        RexNode filter =
                condition == null ? null : program.expandLocalRef(condition).accept(placed);
        return calc(source, RexProgram.create(row.build(), projects, filter, program.getOutputRowType(), rex));
    }

    private static PlanNode values(Values values) {
        Schema schema = Types.schema(values.getRowType());
        List<List<@Nullable Object>> rows = new ArrayList<>();
        for (List<RexLiteral> tuple : values.getTuples()) {
            List<@Nullable Object> row = new ArrayList<>();
            for (int i = 0; i < tuple.size(); i++) {
                row.add(Literals.boxed(tuple.get(i), schema.type(i)));
            }
            rows.add(row);
        }
        return new PlanNode.Values(rows, schema);
    }

    private PlanNode window(WindowRel window) {
        PlanNode input = translate(window.getInput());
        Schema schema = PlanNode.windowed(input.schema());
        return switch (window.kind) {
            case TUMBLE, HOP ->
                new PlanNode.Window(
                        input,
                        PlanNode.WindowKind.HOP,
                        window.timeColumn,
                        window.sizeMs,
                        window.slideMs,
                        window.offsetMs,
                        schema);
            case CUMULATE ->
                new PlanNode.Window(
                        input,
                        PlanNode.WindowKind.CUMULATE,
                        window.timeColumn,
                        window.sizeMs,
                        window.slideMs,
                        window.offsetMs,
                        schema);
            case SESSION -> new PlanNode.Session(input, window.timeColumn, ints(window.keys), window.sizeMs, schema);
        };
    }

    private PlanNode sort(Sort sort) {
        PlanNode input = translate(sort.getInput());
        long fetch = Literals.count(sort.fetch, -1);
        long offset = Literals.count(sort.offset, 0);
        if (fetch < 0 && offset == 0) {
            return input; // rows inside a query have no order
        }
        return new PlanNode.TopN(input, new int[0], order(sort.getCollation()), offset, fetch, false, input.schema());
    }

    static List<PlanNode.SortKey> order(RelCollation collation) {
        List<PlanNode.SortKey> keys = new ArrayList<>();
        for (RelFieldCollation field : collation.getFieldCollations()) {
            boolean descending = field.getDirection().isDescending();
            boolean nullsFirst = switch (field.nullDirection) {
                case FIRST -> true;
                case LAST -> false;
                // as PostgreSQL: NULL is larger than anything
                case UNSPECIFIED -> descending;
            };
            keys.add(new PlanNode.SortKey(field.getFieldIndex(), descending, nullsFirst));
        }
        return keys;
    }

    static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }

    // ---- aggregates

    private PlanNode aggregate(Aggregate aggregate) {
        PlanNode input = translate(aggregate.getInput());
        int[] columns = identity(input.schema().size());
        if (input instanceof PlanNode.Calc calc && Rels.columns(calc.program().rex()) instanceof int[] moved) {
            // an aggregate takes its columns from anywhere: moving them first would only copy them
            input = calc.input();
            columns = moved;
        }
        RelDataType output = aggregate.getRowType();
        if (aggregate.getGroupType() == Aggregate.Group.SIMPLE) {
            return grouped(input, columns, aggregate, aggregate.getGroupSet(), output);
        }
        List<PlanNode> parts = new ArrayList<>();
        for (ImmutableBitSet set : aggregate.getGroupSets()) {
            parts.add(grouped(input, columns, aggregate, set, output));
        }
        return new PlanNode.Union(parts, parts.getFirst().schema());
    }

    /// One grouping set, with NULL for the keys that are not in it.
    private PlanNode grouped(
            PlanNode input, int[] moved, Aggregate aggregate, ImmutableBitSet set, RelDataType output) {
        List<AggregateCall> calls = new ArrayList<>();
        AggregateArguments arguments = new AggregateArguments(input, moved, rowType(input.schema()), rex);
        List<Integer> places = new ArrayList<>();
        for (org.apache.calcite.rel.core.AggregateCall call : aggregate.getAggCallList()) {
            if (isGrouping(call) || isConstant(call)) {
                places.add(-1);
            } else {
                places.add(calls.size());
                calls.add(arguments.call(call));
            }
        }
        int[] keys = Arrays.stream(set.toArray()).map(key -> moved[key]).toArray();
        List<ColumnInfo> columns = new ArrayList<>();
        for (int key : keys) {
            columns.add(input.schema().columns().get(key));
        }
        int width = aggregate.getGroupCount();
        for (int i = 0; i < places.size(); i++) {
            if (places.get(i) >= 0) {
                String name = output.getFieldNames().get(width + i);
                columns.add(new ColumnInfo(name, calls.get(places.get(i)).type()));
            }
        }
        Schema schema = new Schema(columns);
        PlanNode source = arguments.input();
        boolean allColumns =
                calls.isEmpty() && Arrays.equals(keys, identity(source.schema().size()));
        PlanNode plan =
                allColumns ? new PlanNode.Distinct(source) : new PlanNode.Aggregate(source, keys, calls, schema);

        RelDataType row = rowType(schema);
        List<RexNode> projects = new ArrayList<>();
        int next = 0;
        for (int key : aggregate.getGroupSet()) {
            RelDataType wanted = output.getFieldList().get(projects.size()).getType();
            projects.add(
                    set.get(key)
                            ? rex.ensureType(wanted, RexInputRef.of(next++, row), set.equals(aggregate.getGroupSet()))
                            : rex.makeNullLiteral(wanted));
        }
        for (int i = 0; i < places.size(); i++) {
            RelDataType wanted = output.getFieldList().get(width + i).getType();
            int place = places.get(i);
            projects.add(
                    place < 0
                            ? constant(aggregate.getAggCallList().get(i), set, wanted)
                            : rex.ensureType(wanted, RexInputRef.of(keys.length + place, row), true));
        }
        boolean plain = true;
        for (int i = 0; i < projects.size(); i++) {
            plain &= projects.get(i) instanceof RexInputRef reference && reference.getIndex() == i;
        }
        return plain && projects.size() == row.getFieldCount()
                ? plan
                : calc(plan, RexProgram.create(row, projects, null, output.getFieldNames(), rex));
    }

    private static int[] identity(int size) {
        int[] identity = new int[size];
        Arrays.setAll(identity, i -> i);
        return identity;
    }

    private static boolean isGrouping(org.apache.calcite.rel.core.AggregateCall call) {
        SqlKind kind = call.getAggregation().getKind();
        return kind == SqlKind.GROUPING || kind == SqlKind.GROUPING_ID || kind == SqlKind.GROUP_ID;
    }

    /// LITERAL_AGG, which sub-queries leave behind: the same for every group.
    private static boolean isConstant(org.apache.calcite.rel.core.AggregateCall call) {
        return call.getAggregation().getKind() == SqlKind.LITERAL_AGG;
    }

    private RexNode constant(org.apache.calcite.rel.core.AggregateCall call, ImmutableBitSet set, RelDataType wanted) {
        return isConstant(call) ? call.rexList.getFirst() : grouping(call, set, wanted);
    }

    /// GROUPING(a, b): a bit for each argument, 1 when it is not in the set.
    private RexNode grouping(org.apache.calcite.rel.core.AggregateCall call, ImmutableBitSet set, RelDataType wanted) {
        long bits = 0;
        for (int argument : call.getArgList()) {
            bits = bits * 2 + (set.get(argument) ? 0 : 1);
        }
        return rex.makeExactLiteral(java.math.BigDecimal.valueOf(bits), wanted);
    }

    // ---- set operations

    private PlanNode union(Union union) {
        List<PlanNode> inputs = coerced(union);
        PlanNode all = inputs.size() == 1
                ? inputs.getFirst()
                : new PlanNode.Union(inputs, inputs.getFirst().schema());
        return union.all ? all : new PlanNode.Distinct(all);
    }

    private PlanNode setOperation(SetOp operation, boolean intersect) {
        List<PlanNode> inputs = coerced(operation);
        PlanNode result = inputs.getFirst();
        for (PlanNode input : inputs.subList(1, inputs.size())) {
            result = new PlanNode.SetOperation(result, input, intersect, operation.all, result.schema());
        }
        return result;
    }

    /// The inputs with the types of the operation's own columns.
    private List<PlanNode> coerced(SetOp operation) {
        Schema wanted = Types.schema(operation.getRowType());
        List<PlanNode> inputs = new ArrayList<>();
        for (RelNode input : operation.getInputs()) {
            inputs.add(coerced(translate(input), wanted, operation.getRowType()));
        }
        return inputs;
    }

    private PlanNode coerced(PlanNode input, Schema wanted, RelDataType row) {
        boolean same = true;
        for (int i = 0; i < wanted.size(); i++) {
            same &= sameStorage(input.schema().type(i), wanted.type(i));
        }
        if (same) {
            return input;
        }
        RelDataType from = rowType(input.schema());
        List<RexNode> projects = new ArrayList<>();
        for (RelDataTypeField field : row.getFieldList()) {
            projects.add(rex.ensureType(field.getType(), RexInputRef.of(field.getIndex(), from), false));
        }
        return calc(input, RexProgram.create(from, projects, null, row, rex));
    }

    /// Whether values of both types are kept alike and compare alike without a cast.
    static boolean sameStorage(ColumnType left, ColumnType right) {
        SqlType first = left.type();
        SqlType second = right.type();
        if (first == second) {
            return first != SqlType.DECIMAL || left.scale() == right.scale();
        }
        return isWhole(first) && isWhole(second);
    }

    private static boolean isWhole(SqlType type) {
        return type == SqlType.SMALLINT || type == SqlType.INTEGER || type == SqlType.BIGINT;
    }

    // ---- for the parts

    PlanNode input(RelNode rel) {
        return translate(rel);
    }

    RelDataType rowType(Schema schema) {
        RelDataTypeFactory.Builder row = types.builder();
        for (ColumnInfo column : schema.columns()) {
            row.add(column.name(), Types.toCalcite(column.type(), types));
        }
        return row.build();
    }

    static PlanNode calcOver(PlanNode input, RexProgram program) {
        return calc(input, program);
    }

    static List<RexNode> conjuncts(RexBuilder rex, RexNode condition) {
        return RelOptUtil.conjunctions(RexUtil.expandSearch(rex, null, condition));
    }
}
