package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import io.millrace.query.plan.CalcProgram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexLocalRef;

/// Writes the Java text of one program: a class that extends [GeneratedCalc].
///
/// Shape: the condition is one loop that fills a selection vector; outputs are loops over that vector, several
/// to a method as long as it stays small, because HotSpot does not compile methods of more than 8000 bytecodes.
/// What computes the values is [ExpressionWriter]'s.
final class CalcWriter {
    private static final int METHOD_LENGTH_MAX = 9_000;
    private static final String CATCH =
            "} catch (RuntimeException e) { fail(row, e); } catch (StackOverflowError e) { fail(row, e); }\n";

    private final CalcProgram program;
    private final CodeWriter code = new CodeWriter();
    private final ColumnFields columns;
    private final ExpressionWriter expressions;
    private final List<int[]> copies = new ArrayList<>();

    CalcWriter(CalcProgram program) {
        this.program = program;
        columns = new ColumnFields(program.input(), code);
        expressions = new ExpressionWriter(program, columns, code);
    }

    /// @param copies pairs (output column, input column) that need no code
    record Written(String classBody, Object[] constants, int[] copies, boolean hasCondition) {}

    Written write() {
        String select = select();
        String project = project();
        String body = columns.fields()
                + "private static final byte[] EMPTY = new byte[0];\n"
                + "private org.apache.calcite.DataContext root;\n"
                + code.constantFields()
                // not a constructor: Janino passes no arguments through class bodies
                + "public void prepare(Object[] constants, org.apache.calcite.DataContext context) {\n"
                + "root = context;\n"
                + code.constantAssignments()
                + "}\n"
                + "protected void bind(io.millrace.query.data.Batch input) {\n"
                + columns.bindings()
                + "}\n"
                + select
                + project
                + code.members();
        int[] pairs = copies.stream().flatMapToInt(Arrays::stream).toArray();
        return new Written(
                body, code.constants().toArray(), pairs, program.rex().getCondition() != null);
    }

    private String select() {
        String head = "protected int select(int count, int[] into) {\n";
        RexLocalRef condition = program.rex().getCondition();
        if (condition == null) {
            return head + "return count;\n}\n";
        }
        MethodCode method = begin();
        ValueCode value = expressions.write(condition);
        return head
                + columns.localCopies(method)
                + "int kept = 0;\nfor (int row = 0; row < count; row++) {\ntry {\n"
                + method.text()
                + "if (" + value.isTrue() + ") { into[kept++] = row; }\n"
                + CATCH
                + "}\nreturn kept;\n}\n";
    }

    private String project() {
        StringBuilder loops = new StringBuilder();
        List<RexLocalRef> projects = program.rex().getProjectList();
        int groups = 0;
        int next = 0;
        List<Integer> computed = new ArrayList<>();
        for (int i = 0; i < projects.size(); i++) {
            int input = Nodes.inputOf(program, projects.get(i));
            if (input >= 0 && sameStorage(i, input)) {
                copies.add(new int[] {i, input});
            } else {
                computed.add(i);
            }
        }
        while (next < computed.size()) {
            MethodCode method = begin();
            TreeMap<Integer, String> outputs = new TreeMap<>();
            while (next < computed.size() && method.text().length() < METHOD_LENGTH_MAX) {
                int output = computed.get(next++);
                ValueCode value = expressions.write(projects.get(output));
                append(output, value, projects.get(output).getType());
                outputs.put(output, columnClass(program.output().type(output)));
            }
            loops.append("private void project" + groups
                    + "(int[] rows, int count, io.millrace.query.data.Batch output) {\n");
            loops.append(columns.localCopies(method));
            outputs.forEach((output, type) -> loops.append("final io.millrace.query.data." + type + " o" + output
                    + " = (io.millrace.query.data." + type + ") output.column(" + output + ");\n"));
            loops.append("for (int i = 0; i < count; i++) {\nfinal int row = rows[i];\ntry {\n")
                    .append(method.text())
                    .append(CATCH)
                    .append("}\n}\n");
            groups++;
        }
        StringBuilder text = new StringBuilder(
                "protected void project(int[] rows, int count, io.millrace.query.data.Batch output) {\n");
        for (int i = 0; i < groups; i++) {
            text.append("project" + i + "(rows, count, output);\n");
        }
        return text.append("}\n").append(loops).toString();
    }

    private MethodCode begin() {
        MethodCode method = new MethodCode();
        code.enter(method);
        return method;
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

    /// Statements that give an output column a value.
    private void append(int output, ValueCode value, RelDataType from) {
        ColumnType type = program.output().type(output);
        String column = "o" + output;
        if (value.alwaysNull()) {
            code.append(column + ".appendNull();\n");
            return;
        }
        String write = switch (type.type().storage()) {
            case LONG ->
                switch (value.representation()) {
                    case BOOL -> column + ".append(" + value.value() + " ? 1L : 0L);";
                    case LONG -> column + ".append(" + value.value() + ");";
                    default -> throw mismatch(output, from, type);
                };
            case DOUBLE -> {
                if (value.representation() != Representation.DOUBLE && value.representation() != Representation.LONG) {
                    throw mismatch(output, from, type);
                }
                yield column + ".append(" + value.value() + ");";
            }
            case BYTES ->
                switch (value.representation()) {
                    case SLICE -> column + ".append(" + value.slice() + ");";
                    case TEXT -> column + ".append(" + value.value() + ");";
                    default -> throw mismatch(output, from, type);
                };
            case OBJECT -> {
                if (value.representation() == Representation.DECIMAL
                        || value.representation() == Representation.OBJECT) {
                    yield column + ".append(" + value.value() + ");";
                }
                throw mismatch(output, from, type);
            }
        };
        if (value.neverNull()) {
            code.append(write + "\n");
        } else {
            code.append("if (" + value.isNull() + ") { " + column + ".appendNull(); } else { " + write + " }\n");
        }
    }

    private UnsupportedExpressionException mismatch(int output, RelDataType from, ColumnType type) {
        return new UnsupportedExpressionException("output column '"
                + program.output().name(output) + "' of type " + type + " cannot hold an expression of type " + from);
    }
}
