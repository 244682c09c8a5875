package io.millrace.query.expression;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.calcite.avatica.util.ByteString;

/// Writes statements into the method at hand, and keeps what all methods of the generated class share: names,
/// constants and further members.
final class CodeWriter {
    /// Before a call of a static method of [Functions].
    static final String FUNCTIONS = "io.millrace.query.expression.Functions.";

    /// Before a call of a static method of [Casts].
    static final String CASTS = "io.millrace.query.expression.Casts.";

    private final List<Object> constants = new ArrayList<>();
    private final Map<Object, String> constantNames = new HashMap<>();
    private final StringBuilder members = new StringBuilder();
    private MethodCode method = new MethodCode();
    private int names;

    MethodCode method() {
        return method;
    }

    /// Makes another method the one at hand.
    void enter(MethodCode next) {
        method = next;
    }

    void append(String statements) {
        method.text().append(statements);
    }

    /// Fields and methods of the class beside the ones that every class has.
    StringBuilder members() {
        return members;
    }

    /// What the constants' fields hold, in their order.
    List<Object> constants() {
        return constants;
    }

    /// A number that no name has yet.
    int number() {
        return names++;
    }

    /// A new name for a variable.
    String name(String prefix) {
        return prefix + "_" + number();
    }

    /// The name of a field that holds an object; equal ones share a field.
    String constant(Object value) {
        Object key = value instanceof byte[] bytes ? new ByteString(bytes) : value;
        String known = constantNames.get(key);
        if (known == null) {
            known = "k" + constants.size();
            constants.add(value);
            constantNames.put(key, known);
        }
        return known;
    }

    /// Statements that declare the constants' fields.
    String constantFields() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < constants.size(); i++) {
            text.append("private ").append(constantType(constants.get(i))).append(" k" + i + ";\n");
        }
        return text.toString();
    }

    /// Statements that set them from an array `constants`.
    String constantAssignments() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < constants.size(); i++) {
            text.append("k" + i + " = (" + constantType(constants.get(i)) + ") constants[" + i + "];\n");
        }
        return text.toString();
    }

    private static String constantType(Object constant) {
        return switch (constant) {
            case byte[] bytes -> "byte[]";
            default -> constant.getClass().getName();
        };
    }

    /// Runs `body` with statements going to a block of their own.
    void block(String head, Supplier<String> body) {
        append(head + " {\n");
        method.open();
        String last = body.get();
        method.close();
        append(last + "}\n");
    }

    /// The null flag of what is null when one of several values is.
    String nullOf(List<ValueCode> values) {
        List<String> flags = new ArrayList<>();
        for (ValueCode value : values) {
            if (value.alwaysNull()) {
                return "true";
            }
            if (!value.neverNull() && !flags.contains(value.isNull())) {
                flags.add(value.isNull());
            }
        }
        if (flags.isEmpty()) {
            return "false";
        }
        if (flags.size() == 1) {
            return flags.get(0);
        }
        String name = name("n");
        append("final boolean " + name + " = " + String.join(" || ", flags) + ";\n");
        return name;
    }

    /// A value whose expression may fail or must not be evaluated for nulls.
    ValueCode guarded(String isNull, Representation representation, String expression) {
        if (isNull.equals("true")) {
            return ValueCode.nothing(representation);
        }
        String name = name("v");
        if (isNull.equals("false")) {
            append("final " + representation.java + " " + name + " = " + expression + ";\n");
        } else {
            append(representation.java + " " + name + " = " + representation.nothing + ";\nif (!" + isNull + ") { "
                    + name + " = " + expression + "; }\n");
        }
        return ValueCode.of(isNull, representation, name);
    }

    /// A value whose expression can be evaluated for nulls, too.
    ValueCode total(String isNull, Representation representation, String expression) {
        if (isNull.equals("true")) {
            return ValueCode.nothing(representation);
        }
        String name = name("v");
        append("final " + representation.java + " " + name + " = " + expression + ";\n");
        return ValueCode.of(isNull, representation, name);
    }

    /// A null flag for an object.
    String isNull(String object) {
        String name = name("n");
        append("final boolean " + name + " = " + object + " == null;\n");
        return name;
    }
}
