package io.millrace.query.sql;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.plan.SourceSpec.Format;
import io.millrace.query.plan.SourceSpec.Origin;
import io.millrace.query.plan.SourceSpec.SourceColumn;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Calc;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexFieldAccess;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexProgram;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.type.SqlTypeName;
import org.jspecify.annotations.Nullable;

/// Which columns of each relation a plan needs, so that nothing else is decoded.
///
/// All scans of one relation share one [SourceSpec], and so one input of the circuit; each takes its columns
/// out of it.
final class SourceColumns {
    /// A field, or what a path of names inside it leads to.
    ///
    /// @param rank of the column within the source
    record Need(int rank, Relation.Field field, List<String> path, ColumnInfo column) {}

    private final Map<Relation.Stored, TreeMap<String, Need>> needs = new IdentityHashMap<>();
    private final Map<Relation.Stored, SourceSpec> specs = new IdentityHashMap<>();

    static SourceColumns of(RelNode root) {
        SourceColumns columns = new SourceColumns();
        columns.collect(root);
        return columns;
    }

    static Relation.Stored relation(TableScan scan) {
        Tables.Scanned scanned = scan.getTable().unwrap(Tables.Scanned.class);
        if (scanned == null) {
            throw new IllegalStateException("not a table of ours: " + scan);
        }
        return scanned.relation;
    }

    private void collect(RelNode rel) {
        if (rel instanceof Calc calc && calc.getInput() instanceof TableScan scan) {
            Relation.Stored relation = relation(scan);
            visit(calc.getProgram(), relation, need -> add(relation, need));
            return;
        }
        if (rel instanceof TableScan scan) {
            Relation.Stored relation = relation(scan);
            for (int i = 0; i < scan.getRowType().getFieldCount(); i++) {
                add(relation, whole(relation, i));
            }
        }
        for (RelNode input : rel.getInputs()) {
            collect(input);
        }
    }

    private void add(Relation.Stored relation, Need need) {
        needs.computeIfAbsent(relation, absent -> new TreeMap<>()).put(need.column.name(), need);
    }

    /// Calls back for each field or path that the program reads.
    private static void visit(RexProgram program, Relation.Stored relation, Consumer<Need> found) {
        Replacement finder = new Replacement(relation) {
            @Override
            RexNode replace(Need need, RexNode node) {
                found.accept(need);
                return node;
            }
        };
        for (RexLocalRef project : program.getProjectList()) {
            program.expandLocalRef(project).accept(finder);
        }
        RexLocalRef condition = program.getCondition();
        if (condition != null) {
            program.expandLocalRef(condition).accept(finder);
        }
    }

    /// Replaces fields and paths, the longest that can be read as a column each.
    abstract static class Replacement extends RexShuttle {
        private final Relation.Stored relation;

        Replacement(Relation.Stored relation) {
            this.relation = relation;
        }

        abstract RexNode replace(Need need, RexNode node);

        @Override
        public RexNode visitInputRef(RexInputRef reference) {
            return replace(whole(relation, reference.getIndex()), reference);
        }

        @Override
        public RexNode visitFieldAccess(RexFieldAccess access) {
            Need need = path(relation, access);
            return need == null ? super.visitFieldAccess(access) : replace(need, access);
        }

        @Override
        public RexNode visitCall(RexCall call) {
            Need need = call.getKind() == SqlKind.ITEM ? path(relation, call) : null;
            return need == null ? super.visitCall(call) : replace(need, call);
        }
    }

    private static Need whole(Relation.Stored relation, int index) {
        List<Relation.Field> all = decoded(relation);
        Relation.Field field = all.get(index);
        return new Need(rank(relation, index, field), field, field.path(), new ColumnInfo(field.name(), field.type()));
    }

    /// What a scan gives: the fields that are decoded, then those that are hidden.
    static List<Relation.Field> decoded(Relation.Stored relation) {
        List<Relation.Field> all = new ArrayList<>();
        for (Relation.Field field : relation.fields()) {
            if (!field.isComputed()) {
                all.add(field);
            }
        }
        all.addAll(relation.hidden());
        return all;
    }

    private static int rank(Relation.Stored relation, int index, Relation.Field field) {
        if (!relation.key().isEmpty()) {
            // which version of a row is newer is decided by the last three columns of a table's source
            switch (field.origin()) {
                case TIMESTAMP -> {
                    return Integer.MAX_VALUE - 3;
                }
                case PARTITION -> {
                    return Integer.MAX_VALUE - 2;
                }
                case OFFSET -> {
                    return Integer.MAX_VALUE - 1;
                }
                case FIELD, KEY, HEADERS, VALUE, REASON, WATERMARK -> {}
            }
        }
        return index;
    }

    private static @Nullable Need path(Relation.Stored relation, RexNode node) {
        if (relation.format() != Format.JSON && relation.format() != Format.CHANGES) {
            return null;
        }
        List<String> names = new ArrayList<>();
        RexNode root = node;
        while (true) {
            if (root instanceof RexFieldAccess access) {
                names.addFirst(access.getField().getName());
                root = access.getReferenceExpr();
            } else if (root instanceof RexCall call
                    && call.getKind() == SqlKind.ITEM
                    && call.getOperands().get(0).getType().getSqlTypeName() == SqlTypeName.VARIANT
                    && call.getOperands().get(1) instanceof RexLiteral literal
                    && SqlTypeName.CHAR_TYPES.contains(literal.getType().getSqlTypeName())) {
                String name = literal.getValueAs(String.class);
                if (name == null) {
                    return null;
                }
                names.addFirst(name);
                root = call.getOperands().get(0);
            } else {
                break;
            }
        }
        if (!(root instanceof RexInputRef reference)) {
            return null;
        }
        Need whole = whole(relation, reference.getIndex());
        if (whole.field.origin() != Origin.FIELD || relation.key().contains(whole.field.name())) {
            return null;
        }
        List<String> path = new ArrayList<>(whole.path);
        path.addAll(names);
        String name = whole.field.name() + "." + String.join(".", names);
        for (Relation.Field other : decoded(relation)) {
            if (other.name().equals(name)) {
                return null; // a declared name that looks like the path: read the whole field
            }
        }
        return new Need(
                whole.rank,
                whole.field,
                List.copyOf(path),
                new ColumnInfo(name, Types.of(node.getType(), name).withNullable(true)));
    }

    /// What to read, the same object for all scans of the relation.
    SourceSpec spec(Relation.Stored relation) {
        return specs.computeIfAbsent(relation, this::make);
    }

    private SourceSpec make(Relation.Stored relation) {
        Map<String, Need> wanted = new TreeMap<>(needs.getOrDefault(relation, new TreeMap<>()));
        List<Relation.Field> decoded = decoded(relation);
        Relation.Watermark watermark = relation.watermark();
        for (int i = 0; i < decoded.size(); i++) {
            Relation.Field field = decoded.get(i);
            boolean version = field.origin() == Origin.TIMESTAMP
                    || field.origin() == Origin.PARTITION
                    || field.origin() == Origin.OFFSET;
            if (relation.key().contains(field.name())
                    || (!relation.key().isEmpty() && version)
                    || (watermark != null && watermark.column().equals(field.name()))
                    || (wanted.isEmpty() && field.origin() == Origin.OFFSET)) {
                Need need = whole(relation, i);
                wanted.put(need.column.name(), need);
            }
        }
        List<Need> sorted = new ArrayList<>(wanted.values());
        sorted.sort(ORDER);
        List<SourceColumn> columns = new ArrayList<>();
        for (Need need : sorted) {
            columns.add(new SourceColumn(need.column.name(), need.column.type(), need.field.origin(), need.path));
        }
        SourceSpec.WatermarkSpec watermarkSpec = watermark == null
                ? null
                : new SourceSpec.WatermarkSpec(index(columns, watermark.column()), watermark.delayMs());
        List<Integer> key = new ArrayList<>();
        for (String name : relation.key()) {
            key.add(index(columns, name));
        }
        return new SourceSpec(
                relation.name(),
                relation.topic(),
                relation.format(),
                relation.options(),
                columns,
                watermarkSpec,
                relation.side(),
                key,
                relation.declared().stream()
                        .map(field -> new SourceColumn(field.name(), field.type(), field.origin(), field.path()))
                        .toList());
    }

    static final Comparator<Need> ORDER = Comparator.comparingInt(Need::rank).thenComparing(need -> need.column.name());

    private static int index(List<SourceColumn> columns, String name) {
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new IllegalStateException("column " + name + " is missing in " + columns);
    }

    /// Columns that one program reads, in the order of the source.
    static List<Need> needs(RexProgram program, Relation.Stored relation) {
        TreeMap<String, Need> found = new TreeMap<>();
        visit(program, relation, need -> found.put(need.column.name(), need));
        List<Need> sorted = new ArrayList<>(found.values());
        sorted.sort(ORDER);
        return sorted;
    }

    static Schema schema(List<Need> needs) {
        return new Schema(needs.stream().map(Need::column).toList());
    }

    /// All columns of a bare scan, in the order of the source.
    static List<Need> all(Relation.Stored relation) {
        List<Need> all = new ArrayList<>();
        for (int i = 0; i < decoded(relation).size(); i++) {
            all.add(whole(relation, i));
        }
        return all;
    }
}
