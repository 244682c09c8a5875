package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.CalcProgram;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.apache.calcite.avatica.util.ByteString;
import org.apache.calcite.avatica.util.TimeUnitRange;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexFieldAccess;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexUnknownAs;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.fun.SqlLikeOperator;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.util.NlsString;
import org.apache.calcite.util.Sarg;
import org.jspecify.annotations.Nullable;

/// Writes the Java text of one program.
///
/// Shape: the condition is one loop that fills a selection vector; outputs are loops over that vector, several
/// to a method as long as it stays small, because HotSpot does not compile methods of more than 8000 bytecodes.
/// A sub-expression that is large by itself becomes a method that leaves its result in fields.
///
/// Every value is a null flag and, by representation, one or three Java expressions. Nullability is derived
/// from the values, never from the planner's types. Shared sub-expressions are computed once in each method and
/// scope: inside a branch of CASE only when the branch is taken.
final class CalcWriter {
    private static final int NODE_LENGTH_MAX = 5_000;
    private static final int METHOD_LENGTH_MAX = 9_000;
    private static final String FN = "io.millrace.query.expression.Functions.";
    private static final String CAST = "io.millrace.query.expression.Casts.";
    private static final String DECIMAL_CLASS = "java.math.BigDecimal";
    private static final RexBuilder REX = ExpressionTypes.REX;

    private final CalcProgram program;
    private final List<RexNode> expressions;
    private final List<Object> constants = new ArrayList<>();
    private final Map<Object, String> constantNames = new HashMap<>();
    private final Map<String, Value> methods = new HashMap<>();
    private final StringBuilder members = new StringBuilder();
    private final CalciteCalls calciteCalls = new CalciteCalls(members);
    private final TreeMap<Integer, ColumnType> boundColumns = new TreeMap<>();
    private final List<int[]> copies = new ArrayList<>();

    private StringBuilder code = new StringBuilder();
    private Deque<Scope> scopes = new ArrayDeque<>();
    private SortedSet<Integer> usedColumns = new TreeSet<>();
    private @Nullable RexNode methodRoot;
    private int names;

    CalcWriter(CalcProgram program) {
        this.program = program;
        expressions = program.rex().getExprList();
    }

    /// How a value is held.
    enum Representation {
        BOOL("boolean", "false"),
        LONG("long", "0L"),
        DOUBLE("double", "0D"),
        DECIMAL(DECIMAL_CLASS, "null"),
        /// array, start, length
        SLICE("byte[]", "EMPTY"),
        TEXT("String", "null"),
        /// as in columns
        OBJECT("Object", "null");

        final String java;
        final String nothing;

        Representation(String java, String nothing) {
            this.java = java;
            this.nothing = nothing;
        }

        boolean primitive() {
            return this == BOOL || this == LONG || this == DOUBLE;
        }
    }

    /// @param value Java expression, without effects; of a slice its array
    /// @param text of a slice: an expression for the same as String, when there is a cheap one
    private record Value(
            String isNull,
            Representation representation,
            String value,
            String start,
            String length,
            @Nullable String text) {
        static Value of(String isNull, Representation representation, String value) {
            return new Value(isNull, representation, value, "0", value + ".length", null);
        }

        static Value nothing(Representation representation) {
            return new Value("true", representation, representation.nothing, "0", "0", null);
        }

        boolean alwaysNull() {
            return isNull.equals("true");
        }

        boolean neverNull() {
            return isNull.equals("false");
        }
    }

    private static final class Scope {
        final Map<Integer, Value> memo = new HashMap<>();
        final List<Integer> order = new ArrayList<>();
    }

    /// @param copies pairs (output column, input column) that need no code
    record Written(String classBody, Object[] constants, int[] copies, boolean hasCondition) {}

    Written write() {
        StringBuilder select = writeSelect();
        StringBuilder project = writeProject();
        StringBuilder body = new StringBuilder();
        for (Map.Entry<Integer, ColumnType> column : boundColumns.entrySet()) {
            int i = column.getKey();
            body.append("private boolean[] n").append(i).append(";\n");
            switch (column.getValue().type().storage()) {
                case LONG -> body.append("private long[] c" + i + ";\n");
                case DOUBLE -> body.append("private double[] c" + i + ";\n");
                case BYTES ->
                    body.append("private byte[] c" + i + "; private int[] s" + i + "; private int[] l" + i + ";\n");
                case OBJECT -> body.append("private Object[] c" + i + ";\n");
            }
        }
        body.append("private static final byte[] EMPTY = new byte[0];\n");
        body.append("private org.apache.calcite.DataContext root;\n");
        for (int i = 0; i < constants.size(); i++) {
            body.append("private ").append(constantType(constants.get(i))).append(" k" + i + ";\n");
        }
        // not a constructor: Janino passes no arguments through class bodies
        body.append(
                "public void prepare(Object[] constants, org.apache.calcite.DataContext context) {\nroot = context;\n");
        for (int i = 0; i < constants.size(); i++) {
            body.append("k" + i + " = (" + constantType(constants.get(i)) + ") constants[" + i + "];\n");
        }
        body.append("}\n");
        body.append("protected void bind(io.millrace.query.data.Batch input) {\n");
        for (Map.Entry<Integer, ColumnType> column : boundColumns.entrySet()) {
            int i = column.getKey();
            body.append("n" + i + " = input.column(" + i + ").nulls();\n");
            switch (column.getValue().type().storage()) {
                case LONG -> body.append("c" + i + " = input.longs(" + i + ").values();\n");
                case DOUBLE -> body.append("c" + i + " = input.doubles(" + i + ").values();\n");
                case BYTES ->
                    body.append("c" + i + " = input.bytes(" + i + ").data(); s" + i + " = input.bytes(" + i
                            + ").starts(); l" + i + " = input.bytes(" + i + ").lengths();\n");
                case OBJECT -> body.append("c" + i + " = input.objects(" + i + ").values();\n");
            }
        }
        body.append("}\n").append(select).append(project).append(members);
        int[] pairs = new int[copies.size() * 2];
        for (int i = 0; i < copies.size(); i++) {
            pairs[2 * i] = copies.get(i)[0];
            pairs[2 * i + 1] = copies.get(i)[1];
        }
        return new Written(
                body.toString(), constants.toArray(), pairs, program.rex().getCondition() != null);
    }

    private StringBuilder writeSelect() {
        StringBuilder text = new StringBuilder("protected int select(int count, int[] into) {\n");
        RexLocalRef condition = program.rex().getCondition();
        if (condition == null) {
            return text.append("return count;\n}\n");
        }
        startMethod();
        Value value = gen(condition);
        String test = value.neverNull() ? value.value : "!(" + value.isNull + ") && (" + value.value + ")";
        declareColumns(text);
        text.append("int kept = 0;\nfor (int row = 0; row < count; row++) {\ntry {\n")
                .append(code)
                .append("if (" + (value.alwaysNull() ? "false" : test) + ") { into[kept++] = row; }\n")
                .append(CATCH)
                .append("}\nreturn kept;\n}\n");
        return text;
    }

    private static final String CATCH =
            "} catch (RuntimeException e) { fail(row, e); } catch (StackOverflowError e) { fail(row, e); }\n";

    private StringBuilder writeProject() {
        StringBuilder loops = new StringBuilder();
        List<RexLocalRef> projects = program.rex().getProjectList();
        int groups = 0;
        int next = 0;
        List<Integer> computed = new ArrayList<>();
        for (int i = 0; i < projects.size(); i++) {
            int input = inputOf(projects.get(i));
            if (input >= 0 && sameStorage(i, input)) {
                copies.add(new int[] {i, input});
            } else {
                computed.add(i);
            }
        }
        while (next < computed.size()) {
            startMethod();
            TreeMap<Integer, String> outputs = new TreeMap<>();
            while (next < computed.size() && code.length() < METHOD_LENGTH_MAX) {
                int output = computed.get(next++);
                Value value = gen(projects.get(output));
                append(output, value, projects.get(output).getType());
                outputs.put(output, columnClass(program.output().type(output)));
            }
            loops.append("private void project" + groups
                    + "(int[] rows, int count, io.millrace.query.data.Batch output) {\n");
            declareColumns(loops);
            outputs.forEach((output, type) -> loops.append("final io.millrace.query.data." + type + " o" + output
                    + " = (io.millrace.query.data." + type + ") output.column(" + output + ");\n"));
            loops.append("for (int i = 0; i < count; i++) {\nfinal int row = rows[i];\ntry {\n")
                    .append(code)
                    .append(CATCH)
                    .append("}\n}\n");
            groups++;
        }
        StringBuilder text = new StringBuilder(
                "protected void project(int[] rows, int count, io.millrace.query.data.Batch output) {\n");
        for (int i = 0; i < groups; i++) {
            text.append("project" + i + "(rows, count, output);\n");
        }
        return text.append("}\n").append(loops);
    }

    private int inputOf(RexLocalRef project) {
        return inputOf(program, project);
    }

    static int inputOf(CalcProgram program, RexLocalRef project) {
        RexNode node = project;
        while (node instanceof RexLocalRef local) {
            node = program.rex().getExprList().get(local.getIndex());
        }
        return node instanceof RexInputRef input ? input.getIndex() : -1;
    }

    private boolean sameStorage(int output, int input) {
        return program.output().type(output).type().storage()
                == program.input().type(input).type().storage();
    }

    private static String columnClass(ColumnType type) {
        return switch (type.type().storage()) {
            case LONG -> "LongColumn";
            case DOUBLE -> "DoubleColumn";
            case BYTES -> "BytesColumn";
            case OBJECT -> "ObjectColumn";
        };
    }

    private void append(int output, Value value, RelDataType from) {
        ColumnType type = program.output().type(output);
        String column = "o" + output;
        if (value.alwaysNull()) {
            code.append(column + ".appendNull();\n");
            return;
        }
        String write = switch (type.type().storage()) {
            case LONG ->
                switch (value.representation) {
                    case BOOL -> column + ".append(" + value.value + " ? 1L : 0L);";
                    case LONG -> column + ".append(" + value.value + ");";
                    default -> throw mismatch(output, from, type);
                };
            case DOUBLE -> {
                if (value.representation != Representation.DOUBLE && value.representation != Representation.LONG) {
                    throw mismatch(output, from, type);
                }
                yield column + ".append(" + value.value + ");";
            }
            case BYTES ->
                switch (value.representation) {
                    case SLICE -> column + ".append(" + value.value + ", " + value.start + ", " + value.length + ");";
                    case TEXT -> column + ".append(" + value.value + ");";
                    default -> throw mismatch(output, from, type);
                };
            case OBJECT -> {
                if (value.representation == Representation.DECIMAL || value.representation == Representation.OBJECT) {
                    yield column + ".append(" + value.value + ");";
                }
                throw mismatch(output, from, type);
            }
        };
        if (value.neverNull()) {
            code.append(write).append('\n');
        } else {
            code.append("if (" + value.isNull + ") { " + column + ".appendNull(); } else { " + write + " }\n");
        }
    }

    private UnsupportedExpressionException mismatch(int output, RelDataType from, ColumnType type) {
        return new UnsupportedExpressionException("output column '"
                + program.output().name(output) + "' of type " + type + " cannot hold an expression of type " + from);
    }

    private void startMethod() {
        code = new StringBuilder();
        scopes = new ArrayDeque<>();
        scopes.push(new Scope());
        usedColumns = new TreeSet<>();
        methodRoot = null;
    }

    /// Local copies of the fields: the compiler cannot keep fields in registers across calls.
    private void declareColumns(StringBuilder text) {
        for (int i : usedColumns) {
            text.append("final boolean[] n" + i + " = this.n" + i + ";\n");
            switch (program.input().type(i).type().storage()) {
                case LONG -> text.append("final long[] c" + i + " = this.c" + i + ";\n");
                case DOUBLE -> text.append("final double[] c" + i + " = this.c" + i + ";\n");
                case BYTES ->
                    text.append("final byte[] c" + i + " = this.c" + i + "; final int[] s" + i + " = this.s" + i
                            + "; final int[] l" + i + " = this.l" + i + ";\n");
                case OBJECT -> text.append("final Object[] c" + i + " = this.c" + i + ";\n");
            }
        }
    }

    // nodes

    private Value gen(RexNode node) {
        if (node instanceof RexLocalRef local) {
            for (Scope scope : scopes) {
                Value known = scope.memo.get(local.getIndex());
                if (known != null) {
                    return known;
                }
            }
            Value value = gen(expressions.get(local.getIndex()));
            Scope top = scopes.element();
            top.memo.put(local.getIndex(), value);
            top.order.add(local.getIndex());
            return value;
        }
        if (node instanceof RexInputRef input) {
            return column(input.getIndex());
        }
        if (node instanceof RexLiteral literal) {
            return literal(literal);
        }
        if (node instanceof RexFieldAccess access) {
            return field(access);
        }
        if (node instanceof RexCall call) {
            return callOrMethod(call);
        }
        throw new UnsupportedExpressionException("expression " + node + " cannot be evaluated for each row");
    }

    /// A call whose code is long becomes a method of its own.
    private Value callOrMethod(RexCall call) {
        if (call == methodRoot) {
            return call(call);
        }
        String key = call.toString() + " " + call.getType().getFullTypeString();
        Value known = methods.get(key);
        if (known != null) {
            code.append(known.text).append("(row);\n");
            return withoutText(known);
        }
        int length = code.length();
        Scope top = scopes.element();
        int order = top.order.size();
        Value value = call(call);
        if (code.length() - length <= NODE_LENGTH_MAX) {
            return value;
        }
        code.setLength(length);
        while (top.order.size() > order) {
            top.memo.remove(top.order.remove(top.order.size() - 1));
        }
        Value method = method(call);
        methods.put(key, method);
        code.append(method.text).append("(row);\n");
        return withoutText(method);
    }

    private static Value withoutText(Value value) {
        return new Value(value.isNull, value.representation, value.value, value.start, value.length, null);
    }

    /// @return a value over fields, whose `text` is the method's name
    private Value method(RexCall call) {
        StringBuilder outerCode = code;
        Deque<Scope> outerScopes = scopes;
        SortedSet<Integer> outerColumns = usedColumns;
        RexNode outerRoot = methodRoot;
        startMethod();
        methodRoot = call;
        Value value = call(call);
        String name = "m" + names++;
        Representation representation = value.representation;
        members.append("private boolean " + name + "n; private " + representation.java + " " + name + "v;\n");
        if (representation == Representation.SLICE) {
            members.append("private int " + name + "s; private int " + name + "l;\n");
        }
        StringBuilder text = new StringBuilder("private void " + name + "(int row) {\n");
        declareColumns(text);
        text.append(code).append(name + "n = " + value.isNull + ";\n");
        text.append(name + "v = " + value.value + ";\n");
        if (representation == Representation.SLICE) {
            text.append(name + "s = " + value.start + "; " + name + "l = " + value.length + ";\n");
        }
        members.append(text).append("}\n");
        code = outerCode;
        scopes = outerScopes;
        usedColumns = outerColumns;
        methodRoot = outerRoot;
        return new Value(name + "n", representation, name + "v", name + "s", name + "l", name);
    }

    private Value column(int index) {
        if (index >= program.input().size()) {
            throw new UnsupportedExpressionException("input column " + index + " does not exist");
        }
        ColumnType type = program.input().type(index);
        boundColumns.put(index, type);
        usedColumns.add(index);
        String isNull = "n" + index + "[row]";
        String value = "c" + index + "[row]";
        return switch (type.type().storage()) {
            case LONG ->
                type.type() == SqlType.NULL
                        ? Value.nothing(Representation.LONG)
                        : type.type() == SqlType.BOOLEAN
                                ? Value.of(isNull, Representation.BOOL, "(" + value + " != 0L)")
                                : Value.of(isNull, Representation.LONG, value);
            case DOUBLE -> Value.of(isNull, Representation.DOUBLE, value);
            case BYTES ->
                new Value(
                        isNull, Representation.SLICE, "c" + index, "s" + index + "[row]", "l" + index + "[row]", null);
            case OBJECT ->
                type.type() == SqlType.DECIMAL
                        ? Value.of(isNull, Representation.DECIMAL, "((" + DECIMAL_CLASS + ") " + value + ")")
                        : Value.of(isNull, Representation.OBJECT, value);
        };
    }

    private String constant(Object value) {
        Object key = value instanceof byte[] bytes ? new ByteString(bytes) : value;
        String known = constantNames.get(key);
        if (known == null) {
            known = "k" + constants.size();
            constants.add(value);
            constantNames.put(key, known);
        }
        return known;
    }

    private static String constantType(Object constant) {
        return switch (constant) {
            case byte[] bytes -> "byte[]";
            default -> constant.getClass().getName();
        };
    }

    private static Representation representation(RelDataType type) {
        ColumnType column = ExpressionTypes.columnType(type);
        return switch (column.type().storage()) {
            case LONG -> column.type() == SqlType.BOOLEAN ? Representation.BOOL : Representation.LONG;
            case DOUBLE -> Representation.DOUBLE;
            case BYTES -> Representation.SLICE;
            case OBJECT -> column.type() == SqlType.DECIMAL ? Representation.DECIMAL : Representation.OBJECT;
        };
    }

    private Value literal(RexLiteral literal) {
        RelDataType type = literal.getType();
        if (literal.isNull()) {
            return Value.nothing(representation(type));
        }
        SqlType sql = ExpressionTypes.columnType(type).type();
        return switch (sql) {
            case BOOLEAN -> Value.of("false", Representation.BOOL, RexLiteral.booleanValue(literal) ? "true" : "false");
            case SMALLINT, INTEGER, BIGINT, INTERVAL_DAY, INTERVAL_MONTH ->
                Value.of(
                        "false",
                        Representation.LONG,
                        longText(decimalOf(literal).longValueExact()));
            case DATE, TIME -> Value.of("false", Representation.LONG, longText(literal.getValueAs(Integer.class)));
            case TIMESTAMP, TIMESTAMPTZ ->
                Value.of("false", Representation.LONG, longText(literal.getValueAs(Long.class)));
            case DOUBLE, REAL -> {
                Double value = literal.getValueAs(Double.class);
                double number = value == null ? 0 : value;
                yield Value.of(
                        "false",
                        Representation.DOUBLE,
                        "Double.longBitsToDouble(" + Double.doubleToLongBits(number) + "L)");
            }
            case DECIMAL ->
                Value.of(
                        "false",
                        Representation.DECIMAL,
                        constant(Functions.fit(decimalOf(literal), type.getPrecision(), type.getScale())));
            case VARCHAR, JSON -> textLiteral(literal);
            case VARBINARY -> {
                ByteString value = literal.getValueAs(ByteString.class);
                yield Value.of("false", Representation.SLICE, constant(value == null ? new byte[0] : value.getBytes()));
            }
            case UUID -> {
                java.util.UUID value = literal.getValueAs(java.util.UUID.class);
                if (value == null) {
                    yield Value.nothing(Representation.SLICE);
                }
                yield Value.of("false", Representation.SLICE, constant(Casts.uuidBytes(value)));
            }
            case ARRAY, MAP, ROW, NULL ->
                throw new UnsupportedExpressionException(
                        "literal " + literal + " of type " + type + " is not supported");
        };
    }

    private Value textLiteral(RexLiteral literal) {
        String text = textOf(literal);
        String bytes = constant(Functions.utf8(text));
        return new Value("false", Representation.SLICE, bytes, "0", bytes + ".length", constant(text));
    }

    static String textOf(RexLiteral literal) {
        Object value = literal.getValue();
        return value instanceof NlsString nls ? nls.getValue() : String.valueOf(literal.getValueAs(String.class));
    }

    static BigDecimal decimalOf(RexLiteral literal) {
        BigDecimal value = literal.getValueAs(BigDecimal.class);
        return value == null ? BigDecimal.ZERO : value;
    }

    private static String longText(@Nullable Number value) {
        long number = value == null ? 0 : value.longValue();
        return number == Long.MIN_VALUE ? "Long.MIN_VALUE" : number < 0 ? "(" + number + "L)" : number + "L";
    }

    private Value field(RexFieldAccess access) {
        Value row = gen(access.getReferenceExpr());
        String object = name("o");
        int index = access.getField().getIndex();
        code.append("final Object " + object + " = "
                + (row.alwaysNull() ? "null" : row.isNull + " ? null : ((Object[]) " + row.value + ")[" + index + "]")
                + ";\n");
        return unbox(object, access.getType());
    }

    /// A value from a boxed one as columns hold it.
    private Value unbox(String object, RelDataType type) {
        String isNull = name("n");
        code.append("final boolean " + isNull + " = " + object + " == null;\n");
        Representation representation = representation(type);
        return switch (representation) {
            case BOOL -> guarded(isNull, representation, "((Long) " + object + ").longValue() != 0L");
            case LONG -> guarded(isNull, representation, "((Long) " + object + ").longValue()");
            case DOUBLE -> guarded(isNull, representation, "((Double) " + object + ").doubleValue()");
            case DECIMAL -> guarded(isNull, representation, "(" + DECIMAL_CLASS + ") " + object);
            case SLICE, TEXT -> guarded(isNull, Representation.SLICE, "(byte[]) " + object);
            case OBJECT -> Value.of(isNull, representation, object);
        };
    }

    /// The boxed value as columns hold it, null when null.
    private String box(Value value) {
        String boxed = switch (value.representation) {
            case BOOL -> "Long.valueOf(" + value.value + " ? 1L : 0L)";
            case LONG -> "Long.valueOf(" + value.value + ")";
            case DOUBLE -> "Double.valueOf(" + value.value + ")";
            case DECIMAL, OBJECT -> value.value;
            case SLICE -> FN + "copy(" + value.value + ", " + value.start + ", " + value.length + ")";
            case TEXT -> FN + "utf8(" + value.value + ")";
        };
        if (value.alwaysNull()) {
            return "null";
        }
        return value.neverNull() ? boxed : "(" + value.isNull + " ? null : (Object) " + boxed + ")";
    }

    private String name(String prefix) {
        return prefix + "_" + names++;
    }

    // strictness

    private String nullOf(List<Value> values) {
        List<String> flags = new ArrayList<>();
        for (Value value : values) {
            if (value.alwaysNull()) {
                return "true";
            }
            if (!value.neverNull() && !flags.contains(value.isNull)) {
                flags.add(value.isNull);
            }
        }
        if (flags.isEmpty()) {
            return "false";
        }
        if (flags.size() == 1) {
            return flags.get(0);
        }
        String name = name("n");
        code.append("final boolean " + name + " = " + String.join(" || ", flags) + ";\n");
        return name;
    }

    /// A value whose expression may fail or must not be evaluated for nulls.
    private Value guarded(String isNull, Representation representation, String expression) {
        if (isNull.equals("true")) {
            return Value.nothing(representation);
        }
        String name = name("v");
        if (isNull.equals("false")) {
            code.append("final " + representation.java + " " + name + " = " + expression + ";\n");
        } else {
            code.append(representation.java + " " + name + " = " + representation.nothing + ";\nif (!" + isNull + ") { "
                    + name + " = " + expression + "; }\n");
        }
        return Value.of(isNull, representation, name);
    }

    /// A value whose expression can be evaluated for nulls, too.
    private Value total(String isNull, Representation representation, String expression) {
        if (isNull.equals("true")) {
            return Value.nothing(representation);
        }
        String name = name("v");
        code.append("final " + representation.java + " " + name + " = " + expression + ";\n");
        return Value.of(isNull, representation, name);
    }

    // representations

    private String text(Value value) {
        return switch (value.representation) {
            case TEXT -> value.value;
            case SLICE ->
                value.text != null
                        ? value.text
                        : FN + "text(" + value.value + ", " + value.start + ", " + value.length + ")";
            default -> throw new UnsupportedExpressionException("text expected");
        };
    }

    private Value slice(Value value) {
        return switch (value.representation) {
            case SLICE -> value;
            case TEXT -> guarded(value.isNull, Representation.SLICE, FN + "utf8(" + value.value + ")");
            default -> throw new UnsupportedExpressionException("text expected");
        };
    }

    private static String sliceArguments(Value value) {
        return value.value + ", " + value.start + ", " + value.length;
    }

    private Value as(Value value, Representation wanted) {
        if (value.representation == wanted) {
            return value;
        }
        if (value.alwaysNull()) {
            return Value.nothing(wanted);
        }
        return switch (wanted) {
            case DOUBLE ->
                switch (value.representation) {
                    case LONG -> Value.of(value.isNull, wanted, "(double) " + value.value);
                    case DECIMAL -> guarded(value.isNull, wanted, value.value + ".doubleValue()");
                    default -> throw new UnsupportedExpressionException("number expected");
                };
            case DECIMAL ->
                switch (value.representation) {
                    case LONG -> guarded(value.isNull, wanted, DECIMAL_CLASS + ".valueOf(" + value.value + ")");
                    case DOUBLE -> guarded(value.isNull, wanted, FN + "decimal(" + value.value + ")");
                    default -> throw new UnsupportedExpressionException("number expected");
                };
            case SLICE -> slice(value);
            case TEXT -> guarded(value.isNull, wanted, text(value));
            case LONG -> {
                if (value.representation == Representation.BOOL) {
                    yield Value.of(value.isNull, wanted, "(" + value.value + " ? 1L : 0L)");
                }
                throw new UnsupportedExpressionException("whole number expected");
            }
            case BOOL, OBJECT ->
                throw new UnsupportedExpressionException(
                        "a value held as " + value.representation + " cannot be used as " + wanted);
        };
    }

    // calls

    private List<Value> genAll(List<RexNode> nodes) {
        List<Value> values = new ArrayList<>();
        for (RexNode node : nodes) {
            values.add(gen(node));
        }
        return values;
    }

    private Value call(RexCall call) {
        List<RexNode> operands = call.getOperands();
        Value own = MillraceFunctions.isOwn(call.getOperator()) ? ownFunction(call) : null;
        if (own != null) {
            return own;
        }
        return switch (call.getKind()) {
            case AND, OR -> logical(call);
            case NOT -> {
                Value value = gen(operands.get(0));
                yield value.alwaysNull()
                        ? value
                        : Value.of(value.isNull, Representation.BOOL, "(!" + value.value + ")");
            }
            case IS_NULL -> {
                Value value = gen(operands.get(0));
                yield Value.of("false", Representation.BOOL, "(" + value.isNull + ")");
            }
            case IS_NOT_NULL -> {
                Value value = gen(operands.get(0));
                yield Value.of("false", Representation.BOOL, "(!" + value.isNull + ")");
            }
            case IS_TRUE, IS_NOT_TRUE, IS_FALSE, IS_NOT_FALSE, IS_UNKNOWN -> isTruth(call);
            case EQUALS, NOT_EQUALS, LESS_THAN, LESS_THAN_OR_EQUAL, GREATER_THAN, GREATER_THAN_OR_EQUAL ->
                comparison(call.getKind(), gen(operands.get(0)), gen(operands.get(1)));
            case IS_DISTINCT_FROM, IS_NOT_DISTINCT_FROM ->
                distinct(gen(operands.get(0)), gen(operands.get(1)), call.getKind() == SqlKind.IS_DISTINCT_FROM);
            case SEARCH -> search(call);
            case CASE -> caseWhen(call);
            case COALESCE, NVL -> coalesce(call);
            case PLUS, CHECKED_PLUS, MINUS, CHECKED_MINUS, TIMES, CHECKED_TIMES, DIVIDE, CHECKED_DIVIDE, MOD ->
                arithmetic(call);
            case MINUS_PREFIX, CHECKED_MINUS_PREFIX -> negation(call);
            case PLUS_PREFIX -> gen(operands.get(0));
            case CAST, SAFE_CAST -> castCall(call);
            case REINTERPRET -> {
                Value value = gen(operands.get(0));
                yield value.representation == representation(call.getType()) ? value : viaCalcite(call);
            }
            case FLOOR, CEIL -> rounding(call);
            case LIKE -> like(call);
            case ITEM -> item(call);
            case ROW -> row(call);
            case ARRAY_VALUE_CONSTRUCTOR -> array(call);
            case CHAR_LENGTH -> {
                Value value = slice(gen(operands.get(0)));
                yield guarded(value.isNull, Representation.LONG, FN + "characterCount(" + sliceArguments(value) + ")");
            }
            case OTHER -> call.getOperator() == SqlStdOperatorTable.CONCAT ? concat(call) : viaCalcite(call);
            case OTHER_FUNCTION ->
                operands.isEmpty() ? viaCalcite(call) : isPartOfText(call) ? partOfText(call) : jsonFunction(call);
            default -> viaCalcite(call);
        };
    }

    private @Nullable Value ownFunction(RexCall call) {
        List<RexNode> operands = call.getOperands();
        String name = call.getOperator().getName();
        List<Value> values = genAll(operands);
        String isNull = nullOf(values);
        return switch (name) {
            case MillraceFunctions.WINDOW_START_NAME ->
                guarded(
                        isNull,
                        Representation.LONG,
                        FN + "windowStart(" + values.get(0).value + ", " + values.get(1).value + ", "
                                + values.get(2).value + ")");
            case MillraceFunctions.WINDOW_END_NAME ->
                guarded(
                        isNull,
                        Representation.LONG,
                        FN + "windowStart(" + values.get(0).value + ", " + values.get(1).value + ", "
                                + values.get(2).value + ") + " + values.get(1).value);
            case MillraceFunctions.JSON_GET_NAME, MillraceFunctions.JSON_GET_TEXT_NAME -> {
                boolean unquoted = name.equals(MillraceFunctions.JSON_GET_TEXT_NAME);
                yield jsonExtract(values.get(0), isNull, jsonPath(operands.get(1), values.get(1)), unquoted);
            }
            default -> null;
        };
    }

    /// A Java expression for the path: a constant when the text is one.
    private String jsonPath(RexNode node, Value value) {
        RexNode resolved = deref(node);
        if (resolved instanceof RexLiteral literal && !literal.isNull()) {
            if (ExpressionTypes.columnType(literal.getType()).type() == SqlType.VARCHAR) {
                return constant(JsonPath.member(textOf(literal)));
            }
            return constant(JsonPath.element(decimalOf(literal).intValueExact()));
        }
        return value.representation == Representation.LONG
                ? "io.millrace.query.expression.JsonPath.element((int) " + value.value + ")"
                : "io.millrace.query.expression.JsonPath.member(" + text(value) + ")";
    }

    private Value jsonExtract(Value document, String isNull, String path, boolean unquoted) {
        if (isNull.equals("true")) {
            return Value.nothing(Representation.SLICE);
        }
        Value bytes = slice(document);
        String found = name("j");
        code.append("final byte[] " + found + " = " + isNull + " ? null : " + path + "."
                + (unquoted ? "text(" : "json(") + sliceArguments(bytes) + ");\n");
        String missing = name("n");
        code.append("final boolean " + missing + " = " + found + " == null;\n");
        return guarded(missing, Representation.SLICE, found);
    }

    private RexNode deref(RexNode node) {
        RexNode at = node;
        while (at instanceof RexLocalRef local) {
            at = expressions.get(local.getIndex());
        }
        return at;
    }

    /// Runs `body` with statements going to a block of their own.
    private void block(String head, Supplier<String> body) {
        code.append(head).append(" {\n");
        scopes.push(new Scope());
        String last = body.get();
        scopes.pop();
        code.append(last).append("}\n");
    }

    /// AND and OR from left to right; the right side is not evaluated when the left one decides. Long lists are
    /// halved, so that each half can become a method.
    private Value logical(RexCall call) {
        List<RexNode> operands = call.getOperands();
        if (operands.size() == 1) {
            return gen(operands.get(0));
        }
        boolean and = call.getKind() == SqlKind.AND;
        int half = operands.size() / 2;
        RexNode leftNode = part(call, operands.subList(0, half));
        RexNode rightNode = part(call, operands.subList(half, operands.size()));
        Value left = as(gen(leftNode), Representation.BOOL);
        if (left.neverNull() && left.value.equals(and ? "true" : "false")) {
            return gen(rightNode);
        }
        if (left.neverNull() && left.value.equals(and ? "false" : "true")) {
            return left;
        }
        String isNull = name("n");
        String value = name("v");
        String decides = (left.neverNull() ? "" : "!" + left.isNull + " && ") + (and ? "!" : "") + left.value;
        code.append("boolean " + isNull + " = false;\nboolean " + value + " = " + !and + ";\n");
        boolean[] rightNeverNull = new boolean[1];
        block("if (!(" + (left.alwaysNull() ? "false" : decides) + "))", () -> {
            Value right = as(gen(rightNode), Representation.BOOL);
            rightNeverNull[0] = right.neverNull();
            if (right.alwaysNull()) {
                return isNull + " = true;\n";
            }
            if (left.neverNull()) {
                return isNull + " = " + right.isNull + ";\n" + value + " = " + right.value + ";\n";
            }
            String rightDecides =
                    (right.neverNull() ? "" : "!" + right.isNull + " && ") + (and ? "!" : "") + right.value;
            return "if (!(" + rightDecides + ")) {\n" + isNull + " = "
                    + (right.neverNull() ? left.isNull : left.isNull + " || " + right.isNull) + ";\n" + value + " = "
                    + and
                    + ";\n}\n";
        });
        return Value.of(left.neverNull() && rightNeverNull[0] ? "false" : isNull, Representation.BOOL, value);
    }

    private static RexNode part(RexCall call, List<RexNode> operands) {
        return operands.size() == 1 ? operands.get(0) : REX.makeCall(call.getType(), call.getOperator(), operands);
    }

    private Value isTruth(RexCall call) {
        Value value = as(gen(call.getOperands().get(0)), Representation.BOOL);
        String isTrue = value.neverNull() ? value.value : "(!" + value.isNull + " && " + value.value + ")";
        String isFalse = value.neverNull() ? "!" + value.value : "(!" + value.isNull + " && !" + value.value + ")";
        String expression = switch (call.getKind()) {
            case IS_TRUE -> isTrue;
            case IS_NOT_TRUE -> "!" + isTrue;
            case IS_FALSE -> isFalse;
            case IS_NOT_FALSE -> "!(" + isFalse + ")";
            default -> value.isNull;
        };
        return Value.of("false", Representation.BOOL, "(" + expression + ")");
    }

    private Value comparison(SqlKind kind, Value left, Value right) {
        String isNull = nullOf(List.of(left, right));
        if (isNull.equals("true")) {
            return Value.nothing(Representation.BOOL);
        }
        Representation a = left.representation;
        Representation b = right.representation;
        if (a == Representation.LONG && b == Representation.LONG) {
            return total(isNull, Representation.BOOL, left.value + " " + javaOperator(kind) + " " + right.value);
        }
        if (a == Representation.BOOL && b == Representation.BOOL) {
            String expression = switch (kind) {
                case EQUALS -> left.value + " == " + right.value;
                case NOT_EQUALS -> left.value + " != " + right.value;
                case LESS_THAN -> "!" + left.value + " && " + right.value;
                case LESS_THAN_OR_EQUAL -> "!" + left.value + " || " + right.value;
                case GREATER_THAN -> left.value + " && !" + right.value;
                default -> left.value + " || !" + right.value;
            };
            return total(isNull, Representation.BOOL, expression);
        }
        if (a == Representation.DOUBLE || b == Representation.DOUBLE) {
            String x = as(left, Representation.DOUBLE).value;
            String y = as(right, Representation.DOUBLE).value;
            String expression = switch (kind) {
                case EQUALS -> FN + "same(" + x + ", " + y + ")";
                case NOT_EQUALS -> "!" + FN + "same(" + x + ", " + y + ")";
                case LESS_THAN -> FN + "less(" + x + ", " + y + ")";
                case LESS_THAN_OR_EQUAL -> "!" + FN + "less(" + y + ", " + x + ")";
                case GREATER_THAN -> FN + "less(" + y + ", " + x + ")";
                default -> "!" + FN + "less(" + x + ", " + y + ")";
            };
            return total(isNull, Representation.BOOL, expression);
        }
        if (a == Representation.DECIMAL || b == Representation.DECIMAL) {
            String x = as(left, Representation.DECIMAL).value;
            String y = as(right, Representation.DECIMAL).value;
            return guarded(isNull, Representation.BOOL, x + ".compareTo(" + y + ") " + javaOperator(kind) + " 0");
        }
        if (a == Representation.OBJECT && b == Representation.OBJECT) {
            return guarded(
                    isNull,
                    Representation.BOOL,
                    FN + "compareObjects(" + left.value + ", " + right.value + ") " + javaOperator(kind) + " 0");
        }
        boolean equality = kind == SqlKind.EQUALS || kind == SqlKind.NOT_EQUALS;
        if (a == Representation.SLICE && b == Representation.SLICE) {
            String arguments = sliceArguments(left) + ", " + sliceArguments(right);
            return guarded(
                    isNull,
                    Representation.BOOL,
                    equality
                            ? (kind == SqlKind.EQUALS ? "" : "!") + FN + "same(" + arguments + ")"
                            : FN + "compare(" + arguments + ") " + javaOperator(kind) + " 0");
        }
        String x = text(left);
        String y = text(right);
        return guarded(
                isNull,
                Representation.BOOL,
                equality
                        ? (kind == SqlKind.EQUALS ? "" : "!") + x + ".equals(" + y + ")"
                        : FN + "compare(" + x + ", " + y + ") " + javaOperator(kind) + " 0");
    }

    private static String javaOperator(SqlKind kind) {
        return switch (kind) {
            case EQUALS -> "==";
            case NOT_EQUALS -> "!=";
            case LESS_THAN -> "<";
            case LESS_THAN_OR_EQUAL -> "<=";
            case GREATER_THAN -> ">";
            case GREATER_THAN_OR_EQUAL -> ">=";
            default -> throw new IllegalArgumentException(kind.toString());
        };
    }

    private Value distinct(Value left, Value right, boolean from) {
        String same;
        if (left.alwaysNull() || right.alwaysNull()) {
            same = "(" + left.isNull + " == " + right.isNull + ")";
        } else {
            Value equal = comparison(SqlKind.EQUALS, left, right);
            same = "(" + left.isNull + " == " + right.isNull + " && (" + left.isNull + " || " + equal.value + "))";
        }
        return total("false", Representation.BOOL, (from ? "!" : "") + same);
    }

    private <C extends Comparable<C>> Value search(RexCall call) {
        RexNode reference = call.getOperands().get(0);
        RexLiteral literal = (RexLiteral) deref(call.getOperands().get(1));
        @SuppressWarnings("unchecked") // the operator's contract
        Sarg<C> sarg = (Sarg<C>) literal.getValueAs(Sarg.class);
        if (sarg == null) {
            return Value.nothing(Representation.BOOL);
        }
        if ((sarg.isPoints() || sarg.isComplementedPoints()) && sarg.pointCount > 3) {
            Value set = pointSearch(reference, sarg, literal.getType());
            if (set != null) {
                return set;
            }
        }
        return gen(RexUtil.sargRef(REX, reference, sarg, literal.getType(), RexUnknownAs.UNKNOWN));
    }

    /// IN with many constants: a look-up instead of many comparisons.
    private <C extends Comparable<C>> @Nullable Value pointSearch(RexNode reference, Sarg<C> sarg, RelDataType type) {
        Representation representation = representation(type);
        if (representation != Representation.LONG && representation != Representation.SLICE) {
            return null;
        }
        boolean complement = !sarg.isPoints();
        List<Object> points = new ArrayList<>();
        for (var range : (complement ? sarg.rangeSet.complement() : sarg.rangeSet).asRanges()) {
            RexNode point = REX.makeLiteral(range.lowerEndpoint(), type, true, true);
            if (!(point instanceof RexLiteral pointLiteral)) {
                return null;
            }
            if (representation == Representation.SLICE) {
                if (ExpressionTypes.columnType(type).type() != SqlType.VARCHAR) {
                    return null;
                }
                points.add(Functions.utf8(textOf(pointLiteral)));
            } else {
                points.add(ConstantSet.longOf(pointLiteral));
            }
        }
        Value value = gen(reference);
        if (value.representation != representation) {
            return null;
        }
        String set = constant(
                representation == Representation.LONG ? ConstantSet.ofLongs(points) : ConstantSet.ofBytes(points));
        String test = (complement ? "!" : "") + set + ".contains("
                + (representation == Representation.LONG ? value.value : sliceArguments(value)) + ")";
        Value strict = guarded(value.isNull, Representation.BOOL, test);
        return switch (sarg.nullAs) {
            case UNKNOWN -> strict;
            case TRUE ->
                value.alwaysNull()
                        ? Value.of("false", Representation.BOOL, "true")
                        : Value.of("false", Representation.BOOL, "(" + value.isNull + " || " + strict.value + ")");
            case FALSE ->
                value.alwaysNull()
                        ? Value.of("false", Representation.BOOL, "false")
                        : Value.of("false", Representation.BOOL, "(!" + value.isNull + " && " + strict.value + ")");
        };
    }

    /// So many branches of a CASE are written one after the other; the rest is again a CASE, so that it can
    /// become a method and nesting stays shallow.
    private static final int BRANCHES_MAX = 16;

    private Value caseWhen(RexCall call) {
        List<RexNode> operands = call.getOperands();
        if (operands.size() == 1) {
            return convert(gen(operands.get(0)), operands.get(0).getType(), call.getType());
        }
        if (operands.size() == 3) {
            return choice(test(operands.get(0)), operands.get(1), operands.get(2), call.getType());
        }
        int branches = Math.min(BRANCHES_MAX, (operands.size() - 1) / 2);
        List<RexNode> restOperands = operands.subList(2 * branches, operands.size());
        RexNode rest = restOperands.size() == 1
                ? restOperands.get(0)
                : REX.makeCall(call.getType(), call.getOperator(), restOperands);
        Target target = declareTarget(call.getType());
        String open = name("open");
        code.append("boolean " + open + " = true;\n");
        for (int i = 0; i < branches; i++) {
            RexNode condition = operands.get(2 * i);
            RexNode value = operands.get(2 * i + 1);
            block("if (" + open + ")", () -> {
                block("if (" + test(condition) + ")", () -> open + " = false;\n" + assign(target, value));
                return "";
            });
        }
        block("if (" + open + ")", () -> assign(target, rest));
        return target.value();
    }

    /// A Java condition that holds when a boolean is true.
    private String test(RexNode node) {
        Value condition = as(gen(node), Representation.BOOL);
        return condition.alwaysNull()
                ? "false"
                : condition.neverNull() ? condition.value : "!" + condition.isNull + " && " + condition.value;
    }

    private Value coalesce(RexCall call) {
        List<RexNode> operands = call.getOperands();
        if (operands.size() == 1) {
            return convert(gen(operands.get(0)), operands.get(0).getType(), call.getType());
        }
        RexNode rest = operands.size() == 2
                ? operands.get(1)
                : REX.makeCall(call.getType(), call.getOperator(), operands.subList(1, operands.size()));
        Value first = gen(operands.get(0));
        return choice("!" + first.isNull, operands.get(0), rest, call.getType());
    }

    private Value choice(String test, RexNode then, RexNode otherwise, RelDataType type) {
        Target target = declareTarget(type);
        block("if (" + test + ")", () -> assign(target, then));
        block("else", () -> assign(target, otherwise));
        return target.value();
    }

    /// Variables that branches assign to.
    private static final class Target {
        final RelDataType type;
        final Representation representation;
        final String isNull;
        final String value;
        final String start;
        final String length;
        boolean neverNull = true;

        Target(RelDataType type, String suffix) {
            this.type = type;
            representation = CalcWriter.representation(type);
            isNull = "n" + suffix;
            value = "v" + suffix;
            start = "s" + suffix;
            length = "l" + suffix;
        }

        Value value() {
            return new Value(neverNull ? "false" : isNull, representation, value, start, length, null);
        }
    }

    private Target declareTarget(RelDataType type) {
        Target target = new Target(type, name(""));
        code.append("boolean " + target.isNull + " = true;\n");
        code.append(target.representation.java + " " + target.value + " = " + target.representation.nothing + ";\n");
        if (target.representation == Representation.SLICE) {
            code.append("int " + target.start + " = 0;\nint " + target.length + " = 0;\n");
        }
        return target;
    }

    /// Statements that give a target the value of a branch.
    private String assign(Target target, RexNode branch) {
        Value result = convert(gen(branch), branch.getType(), target.type);
        target.neverNull &= result.neverNull();
        if (result.alwaysNull()) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        if (result.neverNull()) {
            text.append(target.isNull + " = false;\n");
        } else {
            text.append("if (!" + result.isNull + ") {\n" + target.isNull + " = false;\n");
        }
        text.append(target.value + " = " + result.value + ";\n");
        if (target.representation == Representation.SLICE) {
            text.append(target.start + " = " + result.start + ";\n" + target.length + " = " + result.length + ";\n");
        }
        return text.append(result.neverNull() ? "" : "}\n").toString();
    }

    /// A value of one type as a value of another one that can hold it.
    private Value convert(Value value, RelDataType from, RelDataType to) {
        if (value.alwaysNull()) {
            return Value.nothing(representation(to));
        }
        Value held = as(value, representation(to));
        if (held.representation == Representation.DECIMAL
                && (value.representation != Representation.DECIMAL || from.getScale() != to.getScale())) {
            return fit(held.isNull, held.value, to);
        }
        return held;
    }

    private Value fit(String isNull, String expression, RelDataType type) {
        return guarded(
                isNull,
                Representation.DECIMAL,
                FN + "fit(" + expression + ", " + type.getPrecision() + ", " + type.getScale() + ")");
    }

    private Value arithmetic(RexCall call) {
        RexNode leftNode = call.getOperands().get(0);
        RexNode rightNode = call.getOperands().get(1);
        ColumnType leftType = ExpressionTypes.columnType(leftNode.getType());
        ColumnType rightType = ExpressionTypes.columnType(rightNode.getType());
        Value left = gen(leftNode);
        Value right = gen(rightNode);
        String isNull = nullOf(List.of(left, right));
        ColumnType type = ExpressionTypes.columnType(call.getType());
        if (isNull.equals("true")) {
            return Value.nothing(representation(call.getType()));
        }
        if (isTime(leftType.type()) || isTime(rightType.type())) {
            return timeArithmetic(call, left, leftType, right, rightType, isNull);
        }
        return switch (type.type()) {
            case SMALLINT, INTEGER, BIGINT, INTERVAL_DAY, INTERVAL_MONTH -> {
                if (left.representation != Representation.LONG || right.representation != Representation.LONG) {
                    String product = arithmeticText(
                            call.getKind(),
                            as(left, Representation.DOUBLE).value,
                            as(right, Representation.DOUBLE).value);
                    yield guarded(
                            isNull,
                            Representation.LONG,
                            CAST + "doubleToLong(" + product + ", \"" + type + "\", Long.MIN_VALUE, Long.MAX_VALUE)");
                }
                String function = switch (call.getKind()) {
                    case PLUS, CHECKED_PLUS -> "add";
                    case MINUS, CHECKED_MINUS -> "subtract";
                    case TIMES, CHECKED_TIMES -> "multiply";
                    case MOD -> "remainder";
                    default -> "divide";
                };
                String result = FN + function + "(" + left.value + ", " + right.value + ")";
                yield guarded(
                        isNull,
                        Representation.LONG,
                        switch (type.type()) {
                            case SMALLINT -> FN + "toSmallint(" + result + ")";
                            case INTEGER -> FN + "toInteger(" + result + ")";
                            default -> result;
                        });
            }
            case DOUBLE, REAL -> {
                String x = as(left, Representation.DOUBLE).value;
                String y = as(right, Representation.DOUBLE).value;
                String result = arithmeticText(call.getKind(), x, y);
                yield guarded(
                        isNull,
                        Representation.DOUBLE,
                        type.type() == SqlType.REAL ? CAST + "toReal(" + result + ")" : result);
            }
            case DECIMAL -> {
                String x = as(left, Representation.DECIMAL).value;
                String y = as(right, Representation.DECIMAL).value;
                String result = switch (call.getKind()) {
                    case PLUS, CHECKED_PLUS -> x + ".add(" + y + ")";
                    case MINUS, CHECKED_MINUS -> x + ".subtract(" + y + ")";
                    case TIMES, CHECKED_TIMES -> x + ".multiply(" + y + ")";
                    case MOD -> FN + "remainder(" + x + ", " + y + ")";
                    default -> FN + "divide(" + x + ", " + y + ", " + type.scale() + ")";
                };
                yield fit(isNull, result, call.getType());
            }
            default -> viaCalcite(call);
        };
    }

    private static String arithmeticText(SqlKind kind, String left, String right) {
        return switch (kind) {
            case PLUS, CHECKED_PLUS -> left + " + " + right;
            case MINUS, CHECKED_MINUS -> left + " - " + right;
            case TIMES, CHECKED_TIMES -> left + " * " + right;
            case MOD -> FN + "remainder(" + left + ", " + right + ")";
            default -> FN + "divide(" + left + ", " + right + ")";
        };
    }

    private static boolean isTime(SqlType type) {
        return type == SqlType.DATE || type == SqlType.TIME || type == SqlType.TIMESTAMP || type == SqlType.TIMESTAMPTZ;
    }

    /// time ± interval, time − time.
    private Value timeArithmetic(
            RexCall call, Value left, ColumnType leftType, Value right, ColumnType rightType, String isNull) {
        boolean minus = call.getKind() == SqlKind.MINUS || call.getKind() == SqlKind.CHECKED_MINUS;
        if (isTime(leftType.type()) && isTime(rightType.type())) {
            if (!minus || leftType.type() != rightType.type()) {
                return viaCalcite(call);
            }
            boolean date = leftType.type() == SqlType.DATE;
            boolean months = ExpressionTypes.columnType(call.getType()).type() == SqlType.INTERVAL_MONTH;
            String difference = FN + "subtract(" + left.value + ", " + right.value + ")";
            String result = months
                    ? FN + (date ? "monthsBetweenDates(" : "monthsBetweenTimestamps(") + left.value + ", " + right.value
                            + ")"
                    : date ? FN + "multiply(" + difference + ", 86400000L)" : difference;
            return guarded(isNull, Representation.LONG, result);
        }
        boolean timeFirst = isTime(leftType.type());
        Value time = timeFirst ? left : right;
        Value interval = timeFirst ? right : left;
        SqlType timeType = timeFirst ? leftType.type() : rightType.type();
        SqlType intervalType = timeFirst ? rightType.type() : leftType.type();
        if (interval.representation != Representation.LONG) {
            return viaCalcite(call);
        }
        String amount = minus ? FN + "negate(" + interval.value + ")" : interval.value;
        boolean months = intervalType == SqlType.INTERVAL_MONTH;
        boolean days = intervalType != SqlType.INTERVAL_DAY && !months; // DATE + 3
        SqlType resultType = ExpressionTypes.columnType(call.getType()).type();
        String result = switch (timeType) {
            case DATE ->
                months
                        ? FN + "addMonthsToDate(" + time.value + ", " + amount + ")"
                        : days
                                ? FN + "add(" + time.value + ", " + amount + ")"
                                : resultType == SqlType.DATE
                                        ? FN + "add(" + time.value + ", " + amount + " / 86400000L)"
                                        : FN + "add(" + time.value + " * 86400000L, " + amount + ")";
            case TIME -> "Math.floorMod(" + FN + "add(" + time.value + ", " + amount + "), 86400000L)";
            default ->
                months
                        ? FN + "addMonthsToTimestamp(" + time.value + ", " + amount + ")"
                        : FN + "add(" + time.value + ", " + amount + ")";
        };
        return guarded(isNull, Representation.LONG, result);
    }

    private Value negation(RexCall call) {
        Value value = gen(call.getOperands().get(0));
        if (value.alwaysNull()) {
            return value;
        }
        SqlType type = ExpressionTypes.columnType(call.getType()).type();
        return switch (value.representation) {
            case LONG ->
                guarded(
                        value.isNull,
                        Representation.LONG,
                        switch (type) {
                            case SMALLINT -> FN + "toSmallint(-" + value.value + ")";
                            case INTEGER -> FN + "toInteger(-" + value.value + ")";
                            default -> FN + "negate(" + value.value + ")";
                        });
            case DOUBLE -> total(value.isNull, Representation.DOUBLE, "-" + value.value);
            case DECIMAL -> guarded(value.isNull, Representation.DECIMAL, value.value + ".negate()");
            default -> viaCalcite(call);
        };
    }

    private Value rounding(RexCall call) {
        boolean floor = call.getKind() == SqlKind.FLOOR;
        Value value = gen(call.getOperands().get(0));
        if (value.alwaysNull()) {
            return Value.nothing(representation(call.getType()));
        }
        if (call.getOperands().size() == 2) {
            return floor ? floorTime(call, value) : viaCalcite(call);
        }
        return switch (value.representation) {
            case LONG -> value;
            case DOUBLE ->
                total(value.isNull, Representation.DOUBLE, "Math." + (floor ? "floor(" : "ceil(") + value.value + ")");
            case DECIMAL ->
                fit(
                        value.isNull,
                        value.value + ".setScale(0, java.math.RoundingMode." + (floor ? "FLOOR" : "CEILING") + ")",
                        call.getType());
            default -> viaCalcite(call);
        };
    }

    private Value floorTime(RexCall call, Value value) {
        SqlType type =
                ExpressionTypes.columnType(call.getOperands().get(0).getType()).type();
        TimeUnitRange unit = deref(call.getOperands().get(1)) instanceof RexLiteral literal
                ? literal.getValueAs(TimeUnitRange.class)
                : null;
        if (unit == null || (type != SqlType.TIMESTAMP && type != SqlType.TIMESTAMPTZ && type != SqlType.DATE)) {
            return viaCalcite(call);
        }
        boolean date = type == SqlType.DATE;
        long size = switch (unit) {
            case MILLISECOND -> 1;
            case SECOND -> 1000;
            case MINUTE -> 60_000;
            case HOUR -> 3_600_000;
            case DAY -> Functions.DAY_MS;
            default -> -1;
        };
        if (size > 0) {
            return date
                    ? value
                    : total(
                            value.isNull,
                            Representation.LONG,
                            FN + "windowStart(" + value.value + ", " + size + "L, 0L)");
        }
        String days = date ? value.value : FN + "dateOf(" + value.value + ")";
        String floored = switch (unit) {
            case WEEK -> FN + "floorWeek(" + days + ")";
            case MONTH -> FN + "floorDate(" + days + ", 1)";
            case QUARTER -> FN + "floorDate(" + days + ", 3)";
            case YEAR -> FN + "floorDate(" + days + ", 12)";
            default -> "";
        };
        if (floored.isEmpty()) {
            return viaCalcite(call);
        }
        return guarded(value.isNull, Representation.LONG, date ? floored : floored + " * 86400000L");
    }

    private Value like(RexCall call) {
        List<RexNode> operands = call.getOperands();
        RexNode pattern = deref(operands.get(1));
        RexNode escape = operands.size() > 2 ? deref(operands.get(2)) : null;
        boolean plain = call.getOperator() instanceof SqlLikeOperator like
                && like.isCaseSensitive()
                && call.getOperator().getName().equals("LIKE");
        if (!plain
                || !(pattern instanceof RexLiteral patternLiteral)
                || patternLiteral.isNull()
                || (escape != null && !(escape instanceof RexLiteral literal && !literal.isNull()))) {
            return viaCalcite(call);
        }
        String escapeText = escape == null ? "" : textOf((RexLiteral) escape);
        Value value = slice(gen(operands.get(0)));
        LikePattern compiled;
        try {
            compiled = LikePattern.compile(textOf(patternLiteral), escapeText);
        } catch (IllegalArgumentException e) {
            throw new UnsupportedExpressionException(String.valueOf(e.getMessage()), e);
        }
        return guarded(
                value.isNull, Representation.BOOL, constant(compiled) + ".matches(" + sliceArguments(value) + ")");
    }

    private Value concat(RexCall call) {
        Value left = slice(gen(call.getOperands().get(0)));
        Value right = slice(gen(call.getOperands().get(1)));
        return guarded(
                nullOf(List.of(left, right)),
                Representation.SLICE,
                FN + "concat(" + sliceArguments(left) + ", " + sliceArguments(right) + ")");
    }

    /// SUBSTRING, LEFT and RIGHT of text, which Calcite's runtime cuts between surrogates.
    static boolean isPartOfText(RexCall call) {
        List<RexNode> operands = call.getOperands();
        if (!PARTS_OF_TEXT.contains(call.getOperator().getName())
                || ExpressionTypes.columnType(operands.get(0).getType()).type() != SqlType.VARCHAR) {
            return false;
        }
        return operands.stream()
                .skip(1)
                .allMatch(operand ->
                        isWhole(ExpressionTypes.columnType(operand.getType()).type()));
    }

    private static final java.util.Set<String> PARTS_OF_TEXT = java.util.Set.of("SUBSTRING", "LEFT", "RIGHT");

    private Value partOfText(RexCall call) {
        List<Value> values = new ArrayList<>(genAll(call.getOperands()));
        values.set(0, slice(values.get(0)));
        String isNull = nullOf(values);
        String name = call.getOperator().getName().toLowerCase(java.util.Locale.ROOT);
        StringBuilder text = new StringBuilder(FN + name + "(" + sliceArguments(values.get(0)));
        for (Value value : values.subList(1, values.size())) {
            text.append(", ").append(value.value);
        }
        if (name.equals("substring") && values.size() == 2) {
            text.append(", ").append("Long.MAX_VALUE");
        }
        return guarded(isNull, Representation.SLICE, text.append(')').toString());
    }

    /// JSON_VALUE, JSON_QUERY and JSON_EXISTS with a constant plain path and without clauses; the rest goes to
    /// Calcite.
    private Value jsonFunction(RexCall call) {
        JsonPath path = call.getOperands().size() < 2
                ? null
                : plainJsonPath(call, deref(call.getOperands().get(1)));
        if (path == null || !clausesAreDefault(call)) {
            return viaCalcite(call);
        }
        Value document = gen(call.getOperands().get(0));
        if (document.alwaysNull()) {
            return Value.nothing(representation(call.getType()));
        }
        Value bytes = slice(document);
        String method = switch (call.getOperator().getName()) {
            case "JSON_VALUE" -> "scalar";
            case "JSON_QUERY" -> "structure";
            default -> "exists";
        };
        String invocation = constant(path) + "." + method + "(" + sliceArguments(bytes) + ")";
        if (method.equals("exists")) {
            return guarded(bytes.isNull, Representation.BOOL, invocation);
        }
        String found = name("j");
        code.append("final byte[] " + found + " = " + bytes.isNull + " ? null : " + invocation + ";\n");
        String missing = name("n");
        code.append("final boolean " + missing + " = " + found + " == null;\n");
        return guarded(missing, Representation.SLICE, found);
    }

    static @Nullable JsonPath plainJsonPath(RexCall call, RexNode path) {
        boolean json = switch (call.getOperator().getName()) {
            case "JSON_VALUE", "JSON_QUERY", "JSON_EXISTS" -> true;
            default -> false;
        };
        return json
                        && ExpressionTypes.columnType(call.getOperands().get(0).getType())
                                        .type()
                                        .storage()
                                == SqlType.Storage.BYTES
                        && path instanceof RexLiteral literal
                        && !literal.isNull()
                        && literal.getValue() instanceof NlsString
                ? JsonPath.parse(textOf(literal))
                : null;
    }

    /// NULL ON EMPTY, NULL ON ERROR, WITHOUT WRAPPER, and text as the result.
    private boolean clausesAreDefault(RexCall call) {
        boolean exists = call.getOperator().getName().equals("JSON_EXISTS");
        SqlType type = ExpressionTypes.columnType(call.getType()).type();
        if (type != (exists ? SqlType.BOOLEAN : SqlType.VARCHAR)) {
            return false;
        }
        for (RexNode operand : call.getOperands().subList(2, call.getOperands().size())) {
            if (!(deref(operand) instanceof RexLiteral literal)) {
                return false;
            }
            if (!literal.isNull() && !DEFAULT_CLAUSES.contains(String.valueOf(literal.getValue()))) {
                return false;
            }
        }
        return true;
    }

    private static final java.util.Set<String> DEFAULT_CLAUSES = java.util.Set.of("NULL", "WITHOUT_ARRAY", "FALSE");

    private Value item(RexCall call) {
        RexNode container = call.getOperands().get(0);
        RexNode index = call.getOperands().get(1);
        SqlType type = ExpressionTypes.columnType(container.getType()).type();
        Value from = gen(container);
        Value at = gen(index);
        String isNull = nullOf(List.of(from, at));
        if (isNull.equals("true")) {
            return Value.nothing(representation(call.getType()));
        }
        String found;
        if (type == SqlType.ARRAY
                && at.representation == Representation.LONG
                && call.getOperator() == SqlStdOperatorTable.ITEM) {
            found = FN + "element(" + from.value + ", " + at.value + ")";
        } else if (type == SqlType.MAP
                && (at.representation == Representation.SLICE || at.representation == Representation.TEXT)) {
            found = FN + "entry(" + from.value + ", " + text(at) + ")";
        } else if (type == SqlType.JSON && from.representation == Representation.SLICE) {
            return jsonExtract(from, isNull, jsonPath(index, at), false);
        } else if (type == SqlType.ROW && deref(index) instanceof RexLiteral literal) {
            int field = rowField(container.getType(), literal);
            found = "((Object[]) " + from.value + ")[" + field + "]";
        } else {
            return viaCalcite(call);
        }
        String object = name("o");
        code.append("final Object " + object + " = " + isNull + " ? null : " + found + ";\n");
        return unbox(object, call.getType());
    }

    static int rowField(RelDataType row, RexLiteral literal) {
        if (ExpressionTypes.columnType(literal.getType()).type() == SqlType.VARCHAR) {
            var field = row.getField(textOf(literal), true, false);
            if (field == null) {
                throw new UnsupportedExpressionException("no field " + literal + " in " + row);
            }
            return field.getIndex();
        }
        int index = decimalOf(literal).intValueExact() - 1;
        if (index < 0 || index >= row.getFieldCount()) {
            throw new UnsupportedExpressionException("no field " + literal + " in " + row);
        }
        return index;
    }

    private Value row(RexCall call) {
        StringBuilder text = new StringBuilder("new Object[] {");
        for (int i = 0; i < call.getOperands().size(); i++) {
            RexNode operand = call.getOperands().get(i);
            RelDataType wanted = call.getType().getFieldList().get(i).getType();
            text.append(i == 0 ? "" : ", ").append(box(convert(gen(operand), operand.getType(), wanted)));
        }
        return guarded("false", Representation.OBJECT, text.append('}').toString());
    }

    private Value array(RexCall call) {
        RelDataType wanted = call.getType().getComponentType();
        if (wanted == null) {
            return viaCalcite(call);
        }
        StringBuilder text = new StringBuilder("java.util.Arrays.asList(new Object[] {");
        for (int i = 0; i < call.getOperands().size(); i++) {
            RexNode operand = call.getOperands().get(i);
            text.append(i == 0 ? "" : ", ").append(box(convert(gen(operand), operand.getType(), wanted)));
        }
        return guarded("false", Representation.OBJECT, text.append("})").toString());
    }

    // casts

    private Value castCall(RexCall call) {
        RexNode operand = call.getOperands().get(0);
        Value value = gen(operand);
        if (call.getKind() == SqlKind.CAST) {
            return cast(call, value, operand.getType(), call.getType());
        }
        // a failing cast gives NULL
        Representation representation = representation(call.getType());
        String isNull = name("n");
        String result = name("v");
        String start = name("s");
        String length = name("l");
        code.append("boolean " + isNull + " = true;\n" + representation.java + " " + result + " = "
                + representation.nothing + ";\n");
        if (representation == Representation.SLICE) {
            code.append("int " + start + " = 0;\nint " + length + " = 0;\n");
        }
        block("try", () -> {
            Value cast = convert(cast(call, value, operand.getType(), call.getType()), call.getType(), call.getType());
            return cast.alwaysNull()
                    ? ""
                    : result + " = " + cast.value + ";\n"
                            + (representation == Representation.SLICE
                                    ? start + " = " + cast.start + ";\n" + length + " = " + cast.length + ";\n"
                                    : "")
                            + isNull + " = " + cast.isNull + ";\n";
        });
        code.append("catch (RuntimeException e) { " + isNull + " = true; }\n");
        return new Value(isNull, representation, result, start, length, null);
    }

    private Value cast(RexCall call, Value value, RelDataType fromType, RelDataType toType) {
        ColumnType from = ExpressionTypes.columnType(fromType);
        ColumnType to = ExpressionTypes.columnType(toType);
        Representation wanted = representation(toType);
        if (value.alwaysNull()) {
            return Value.nothing(wanted);
        }
        boolean fromText = from.type() == SqlType.VARCHAR;
        String n = value.isNull;
        String v = value.value;
        if (from.type() == SqlType.JSON && to.type() != SqlType.JSON && to.type() != SqlType.VARCHAR) {
            // the scalar's text; JSON null is NULL
            Value scalar = jsonScalar(value);
            RelDataType text = REX.getTypeFactory().createSqlType(org.apache.calcite.sql.type.SqlTypeName.VARCHAR);
            return switch (to.type()) {
                case ARRAY, MAP, ROW ->
                    guarded(
                            n,
                            Representation.OBJECT,
                            constant(new JsonCast(to)) + ".apply(" + sliceArguments(slice(value)) + ")");
                default -> cast(call, scalar, text, toType);
            };
        }
        switch (to.type()) {
            case BOOLEAN -> {
                if (from.type() == SqlType.BOOLEAN) {
                    return value;
                }
                if (fromText) {
                    return guarded(n, wanted, CAST + "textToBoolean(" + text(value) + ")");
                }
                if (isWhole(from.type())) {
                    return total(n, wanted, v + " != 0L");
                }
            }
            case SMALLINT, INTEGER, BIGINT -> {
                String limits = ", \"" + to.type() + "\", " + longText(ExpressionTypes.least(to.type())) + ", "
                        + longText(ExpressionTypes.greatest(to.type())) + ")";
                if (from.type() == SqlType.BOOLEAN) {
                    return as(value, Representation.LONG);
                }
                if (isWhole(from.type())) {
                    return ExpressionTypes.greatest(from.type()) <= ExpressionTypes.greatest(to.type())
                            ? value
                            : guarded(n, wanted, CAST + "longToLong(" + v + limits);
                }
                if (value.representation == Representation.DOUBLE) {
                    return guarded(n, wanted, CAST + "doubleToLong(" + v + limits);
                }
                if (value.representation == Representation.DECIMAL) {
                    return guarded(n, wanted, CAST + "decimalToLong(" + v + limits);
                }
                if (fromText) {
                    Value bytes = slice(value);
                    return guarded(bytes.isNull, wanted, CAST + "textToLong(" + sliceArguments(bytes) + limits);
                }
            }
            case DOUBLE, REAL -> {
                String result = null;
                if (value.representation == Representation.DOUBLE || isWhole(from.type())) {
                    result = "(double) " + v;
                } else if (value.representation == Representation.DECIMAL) {
                    result = v + ".doubleValue()";
                } else if (fromText) {
                    result = CAST + "textToDouble(" + text(value) + ")";
                }
                if (result != null) {
                    return guarded(n, wanted, to.type() == SqlType.REAL ? CAST + "toReal(" + result + ")" : result);
                }
            }
            case DECIMAL -> {
                String type = ", " + to.precision() + ", " + to.scale() + ")";
                if (value.representation == Representation.DECIMAL) {
                    return from.scale() == to.scale() && from.precision() <= to.precision() && from.precision() >= 0
                            ? value
                            : fit(n, v, toType);
                }
                if (isWhole(from.type())) {
                    return guarded(n, wanted, CAST + "longToDecimal(" + v + type);
                }
                if (value.representation == Representation.DOUBLE) {
                    return guarded(n, wanted, CAST + "doubleToDecimal(" + v + type);
                }
                if (fromText) {
                    return guarded(n, wanted, CAST + "textToDecimal(" + text(value) + type);
                }
            }
            case VARCHAR -> {
                Value text = castToText(value, from);
                if (text != null) {
                    return cutToLength(text, from, fromType, toType);
                }
            }
            case DATE -> {
                if (from.type() == SqlType.DATE) {
                    return value;
                }
                if (fromText) {
                    return guarded(n, wanted, CAST + "textToDate(" + text(value) + ")");
                }
                if (from.type() == SqlType.TIMESTAMP || from.type() == SqlType.TIMESTAMPTZ) {
                    return total(n, wanted, FN + "dateOf(" + v + ")");
                }
            }
            case TIME -> {
                if (from.type() == SqlType.TIME) {
                    return value;
                }
                if (fromText) {
                    return guarded(n, wanted, CAST + "textToTime(" + text(value) + ")");
                }
                if (from.type() == SqlType.TIMESTAMP || from.type() == SqlType.TIMESTAMPTZ) {
                    return total(n, wanted, FN + "timeOf(" + v + ")");
                }
            }
            case TIMESTAMP, TIMESTAMPTZ -> {
                if (from.type() == SqlType.TIMESTAMP || from.type() == SqlType.TIMESTAMPTZ) {
                    return value;
                }
                if (fromText) {
                    return guarded(n, wanted, CAST + "textToTimestamp(" + text(value) + ")");
                }
                if (from.type() == SqlType.DATE) {
                    return total(n, wanted, v + " * 86400000L");
                }
            }
            case INTERVAL_DAY, INTERVAL_MONTH -> {
                if (from.type() == to.type()) {
                    return value;
                }
            }
            case UUID -> {
                if (from.type() == SqlType.UUID) {
                    return value;
                }
                if (fromText) {
                    return guarded(n, wanted, CAST + "textToUuid(" + text(value) + ")");
                }
            }
            case VARBINARY -> {
                if (from.type() == SqlType.VARBINARY) {
                    return toType.getPrecision() < 0
                                    || toType.getPrecision() >= fromType.getPrecision() && fromType.getPrecision() >= 0
                            ? value
                            : viaCalcite(call);
                }
                if (fromText) { // the text's UTF-8 bytes, as PostgreSQL's convert_to
                    return slice(value);
                }
            }
            case JSON -> {
                if (from.type() == SqlType.JSON) {
                    return value;
                }
                return guarded(n, wanted, constant(new JsonRender(from)) + ".apply(" + box(value) + ")");
            }
            case ARRAY, MAP, ROW -> {
                if (sameShape(from, to)) {
                    return value;
                }
                if (from.type() == to.type()) {
                    return guarded(n, Representation.OBJECT, constant(new NestedCast(from, to)) + ".apply(" + v + ")");
                }
            }
            case NULL -> {
                return Value.nothing(wanted);
            }
        }
        return viaCalcite(call);
    }

    private Value jsonScalar(Value document) {
        Value bytes = slice(document);
        return jsonExtract(bytes, bytes.isNull, constant(JsonPath.ROOT), true);
    }

    private static boolean isWhole(SqlType type) {
        return type == SqlType.SMALLINT || type == SqlType.INTEGER || type == SqlType.BIGINT;
    }

    private @Nullable Value castToText(Value value, ColumnType from) {
        String n = value.isNull;
        String v = value.value;
        return switch (from.type()) {
            case VARCHAR -> value;
            case JSON -> jsonScalar(value);
            case BOOLEAN -> guarded(n, Representation.TEXT, CAST + "booleanToText(" + v + ")");
            case SMALLINT, INTEGER, BIGINT -> guarded(n, Representation.TEXT, "Long.toString(" + v + ")");
            case REAL -> guarded(n, Representation.TEXT, CAST + "realToText(" + v + ")");
            case DOUBLE -> guarded(n, Representation.TEXT, "Double.toString(" + v + ")");
            case DECIMAL -> guarded(n, Representation.TEXT, CAST + "decimalToText(" + v + ")");
            case DATE -> guarded(n, Representation.TEXT, CAST + "dateToText(" + v + ")");
            case TIME -> guarded(n, Representation.TEXT, CAST + "timeToText(" + v + ")");
            case TIMESTAMP -> guarded(n, Representation.TEXT, CAST + "timestampToText(" + v + ")");
            case TIMESTAMPTZ -> guarded(n, Representation.TEXT, CAST + "instantToText(" + v + ")");
            case UUID -> guarded(n, Representation.TEXT, CAST + "uuidToText(" + value.value + ", " + value.start + ")");
            case ARRAY, MAP, ROW ->
                guarded(n, Representation.SLICE, constant(new JsonRender(from)) + ".apply(" + v + ")");
            case VARBINARY, INTERVAL_DAY, INTERVAL_MONTH, NULL -> null;
        };
    }

    private Value cutToLength(Value value, ColumnType from, RelDataType fromType, RelDataType toType) {
        int length = toType.getPrecision();
        boolean pad = toType.getSqlTypeName() == org.apache.calcite.sql.type.SqlTypeName.CHAR;
        boolean fits =
                from.type() == SqlType.VARCHAR && fromType.getPrecision() >= 0 && fromType.getPrecision() <= length;
        if (length < 0
                || (fits
                        && (!pad
                                || fromType.getPrecision() == length
                                        && fromType.getSqlTypeName() == toType.getSqlTypeName()))) {
            return value;
        }
        return guarded(
                value.isNull, Representation.TEXT, CAST + "toLength(" + text(value) + ", " + length + ", " + pad + ")");
    }

    static boolean sameShape(ColumnType left, ColumnType right) {
        if (left.type() != right.type()
                || left.fields().size() != right.fields().size()) {
            return false;
        }
        if (left.type() == SqlType.DECIMAL && left.scale() != right.scale()) {
            return false;
        }
        ColumnType leftElement = left.element();
        ColumnType rightElement = right.element();
        if (leftElement != null && rightElement != null && !sameShape(leftElement, rightElement)) {
            return false;
        }
        for (int i = 0; i < left.fields().size(); i++) {
            if (!sameShape(left.fields().get(i).type(), right.fields().get(i).type())) {
                return false;
            }
        }
        return true;
    }

    // everything else: Calcite's own runtime

    private Value viaCalcite(RexCall call) {
        List<CalciteCalls.Argument> arguments = new ArrayList<>();
        List<Value> values = new ArrayList<>();
        boolean strict = CalciteCalls.strict(call);
        Map<Integer, Integer> positions = new LinkedHashMap<>();
        List<RexNode> operands = call.getOperands();
        for (int i = 0; i < operands.size(); i++) {
            RexNode resolved = deref(operands.get(i));
            if (!(resolved instanceof RexLiteral)) {
                positions.put(i, values.size());
                values.add(gen(operands.get(i)));
                arguments.add(new CalciteCalls.Argument(i, operands.get(i).getType()));
            }
        }
        String isNull = strict ? nullOf(values) : "false";
        if (isNull.equals("true")) {
            return Value.nothing(representation(call.getType()));
        }
        List<RexNode> resolvedOperands = operands.stream().map(this::deref).toList();
        CalciteCalls.Method method = calciteCalls.method(call, resolvedOperands, arguments, strict);
        StringBuilder text = new StringBuilder(method.name() + "(");
        for (int i = 0; i < values.size(); i++) {
            text.append(i == 0 ? "" : ", ")
                    .append(calciteArgument(
                            values.get(i),
                            arguments.get(i),
                            method.parameterTypes().get(i)));
        }
        text.append(')');
        return fromCalcite(call, isNull, text.toString(), method.returnsPrimitive());
    }

    private String calciteArgument(Value value, CalciteCalls.Argument argument, String javaType) {
        ColumnType type = ExpressionTypes.columnType(argument.type());
        boolean nullable = !value.neverNull();
        String expression = switch (javaType) {
            case "boolean", "java.lang.Boolean" -> value.value;
            case "byte", "short", "int", "long", "float" -> "(" + javaType + ") " + value.value;
            case "double" -> value.value;
            case "java.lang.Byte" -> "Byte.valueOf((byte) " + value.value + ")";
            case "java.lang.Short" -> "Short.valueOf((short) " + value.value + ")";
            case "java.lang.Integer" -> "Integer.valueOf((int) " + value.value + ")";
            case "java.lang.Long" -> "Long.valueOf(" + value.value + ")";
            case "java.lang.Float" -> "Float.valueOf((float) " + value.value + ")";
            case "java.lang.Double" -> "Double.valueOf(" + value.value + ")";
            case "java.lang.String" -> text(value);
            case "java.math.BigDecimal" -> value.value;
            default -> "(" + javaType + ") " + constant(new ToCalcite(type)) + ".apply(" + box(value) + ")";
        };
        boolean primitive = Character.isLowerCase(javaType.charAt(0)) && javaType.indexOf('.') < 0;
        if (javaType.equals("java.lang.Boolean")) {
            expression = "Boolean.valueOf(" + expression + ")";
        }
        if (primitive || !nullable) {
            return expression;
        }
        return value.alwaysNull()
                ? "(" + javaType + ") null"
                : "(" + value.isNull + " ? (" + javaType + ") null : " + expression + ")";
    }

    private Value fromCalcite(RexCall call, String isNull, String expression, boolean primitive) {
        Representation representation = representation(call.getType());
        if (primitive) {
            return guarded(
                    isNull,
                    representation,
                    switch (representation) {
                        case LONG -> "(long) " + expression;
                        case DOUBLE -> "(double) " + expression;
                        default -> expression;
                    });
        }
        String object = name("o");
        code.append("final Object " + object + " = " + (isNull.equals("false") ? "" : isNull + " ? null : ")
                + expression + ";\n");
        String missing = name("n");
        code.append("final boolean " + missing + " = " + object + " == null;\n");
        ColumnType type = ExpressionTypes.columnType(call.getType());
        return switch (representation) {
            case BOOL -> guarded(missing, representation, "((Boolean) " + object + ").booleanValue()");
            case LONG -> guarded(missing, representation, "((Number) " + object + ").longValue()");
            case DOUBLE -> guarded(missing, representation, "((Number) " + object + ").doubleValue()");
            case SLICE, TEXT ->
                type.type() == SqlType.VARCHAR
                        ? guarded(missing, Representation.TEXT, object + ".toString()")
                        : guarded(
                                missing,
                                Representation.SLICE,
                                "(byte[]) " + constant(new FromCalcite(type)) + ".apply(" + object + ")");
            case DECIMAL ->
                guarded(
                        missing,
                        representation,
                        "(" + DECIMAL_CLASS + ") " + constant(new FromCalcite(type)) + ".apply(" + object + ")");
            case OBJECT -> guarded(missing, representation, constant(new FromCalcite(type)) + ".apply(" + object + ")");
        };
    }
}
