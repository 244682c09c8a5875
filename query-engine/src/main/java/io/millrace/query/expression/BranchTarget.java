package io.millrace.query.expression;

import org.apache.calcite.rel.type.RelDataType;

/// Variables of generated code that take the value of whichever branch runs.
final class BranchTarget {
    private final RelDataType type;
    private final ValueCode variables;
    private boolean neverNull = true;

    private BranchTarget(RelDataType type, String suffix) {
        this.type = type;
        variables =
                new ValueCode("n" + suffix, Representation.of(type), "v" + suffix, "s" + suffix, "l" + suffix, null);
    }

    /// Declares them, null at first.
    static BranchTarget declare(CodeWriter code, RelDataType type) {
        BranchTarget target = new BranchTarget(type, code.name(""));
        ValueCode variables = target.variables;
        Representation representation = variables.representation();
        code.append("boolean " + variables.isNull() + " = true;\n");
        code.append(representation.java + " " + variables.value() + " = " + representation.nothing + ";\n");
        if (representation == Representation.SLICE) {
            code.append("int " + variables.start() + " = 0;\nint " + variables.length() + " = 0;\n");
        }
        return target;
    }

    RelDataType type() {
        return type;
    }

    /// Statements that give them a value, which must be held as the type's values are.
    String assign(ValueCode result) {
        neverNull &= result.neverNull();
        if (result.alwaysNull()) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        if (result.neverNull()) {
            text.append(variables.isNull() + " = false;\n");
        } else {
            text.append("if (!" + result.isNull() + ") {\n" + variables.isNull() + " = false;\n");
        }
        text.append(variables.value() + " = " + result.value() + ";\n");
        if (variables.representation() == Representation.SLICE) {
            text.append(variables.start() + " = " + result.start() + ";\n" + variables.length() + " = "
                    + result.length() + ";\n");
        }
        return text.append(result.neverNull() ? "" : "}\n").toString();
    }

    /// Statements that make them null again.
    String forget() {
        neverNull = false;
        return variables.isNull() + " = true;";
    }

    /// What they hold after all branches that have been written.
    ValueCode value() {
        return new ValueCode(
                neverNull ? "false" : variables.isNull(),
                variables.representation(),
                variables.value(),
                variables.start(),
                variables.length(),
                null);
    }
}
