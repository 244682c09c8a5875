package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import java.util.SortedSet;
import java.util.TreeSet;

/// The input columns that generated code reads, as fields of its class.
///
/// Of column 7: `n7` its null flags, `c7` its values; of bytes `s7` and `l7` where they start and how long they
/// are.
final class ColumnFields {
    private final Schema input;
    private final CodeWriter code;
    private final SortedSet<Integer> read = new TreeSet<>();

    ColumnFields(Schema input, CodeWriter code) {
        this.input = input;
        this.code = code;
    }

    /// A column's value in the current row; makes it known to the method at hand.
    ValueCode value(int index) {
        if (index >= input.size()) {
            throw new UnsupportedExpressionException("input column " + index + " does not exist");
        }
        ColumnType type = input.type(index);
        read.add(index);
        code.method().columns().add(index);
        String isNull = "n" + index + "[row]";
        String value = "c" + index + "[row]";
        return switch (type.type().storage()) {
            case LONG ->
                type.type() == SqlType.NULL
                        ? ValueCode.nothing(Representation.LONG)
                        : type.type() == SqlType.BOOLEAN
                                ? ValueCode.of(isNull, Representation.BOOL, "(" + value + " != 0L)")
                                : ValueCode.of(isNull, Representation.LONG, value);
            case DOUBLE -> ValueCode.of(isNull, Representation.DOUBLE, value);
            case BYTES ->
                new ValueCode(
                        isNull, Representation.SLICE, "c" + index, "s" + index + "[row]", "l" + index + "[row]", null);
            case OBJECT ->
                type.type() == SqlType.DECIMAL
                        ? ValueCode.of(
                                isNull, Representation.DECIMAL, "((" + Representation.DECIMAL.java + ") " + value + ")")
                        : ValueCode.of(isNull, Representation.OBJECT, value);
        };
    }

    /// Declarations of the fields of all columns that any method reads.
    String fields() {
        StringBuilder text = new StringBuilder();
        for (int i : read) {
            text.append("private boolean[] n" + i + ";\n");
            switch (storage(i)) {
                case LONG -> text.append("private long[] c" + i + ";\n");
                case DOUBLE -> text.append("private double[] c" + i + ";\n");
                case BYTES ->
                    text.append("private byte[] c" + i + "; private int[] s" + i + "; private int[] l" + i + ";\n");
                case OBJECT -> text.append("private Object[] c" + i + ";\n");
            }
        }
        return text.toString();
    }

    /// Statements that set the fields from a batch `input`.
    String bindings() {
        StringBuilder text = new StringBuilder();
        for (int i : read) {
            text.append("n" + i + " = input.column(" + i + ").nulls();\n");
            switch (storage(i)) {
                case LONG -> text.append("c" + i + " = input.longs(" + i + ").values();\n");
                case DOUBLE -> text.append("c" + i + " = input.doubles(" + i + ").values();\n");
                case BYTES ->
                    text.append("c" + i + " = input.bytes(" + i + ").data(); s" + i + " = input.bytes(" + i
                            + ").starts(); l" + i + " = input.bytes(" + i + ").lengths();\n");
                case OBJECT -> text.append("c" + i + " = input.objects(" + i + ").values();\n");
            }
        }
        return text.toString();
    }

    /// Local copies of the fields that a method reads: the compiler cannot keep fields in registers across
    /// calls.
    String localCopies(MethodCode method) {
        StringBuilder text = new StringBuilder();
        for (int i : method.columns()) {
            text.append("final boolean[] n" + i + " = this.n" + i + ";\n");
            switch (storage(i)) {
                case LONG -> text.append("final long[] c" + i + " = this.c" + i + ";\n");
                case DOUBLE -> text.append("final double[] c" + i + " = this.c" + i + ";\n");
                case BYTES ->
                    text.append("final byte[] c" + i + " = this.c" + i + "; final int[] s" + i + " = this.s" + i
                            + "; final int[] l" + i + " = this.l" + i + ";\n");
                case OBJECT -> text.append("final Object[] c" + i + " = this.c" + i + ";\n");
            }
        }
        return text.toString();
    }

    private SqlType.Storage storage(int index) {
        return input.type(index).type().storage();
    }
}
