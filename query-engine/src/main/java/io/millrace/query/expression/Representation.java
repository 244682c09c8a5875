package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import org.apache.calcite.rel.type.RelDataType;

/// How generated code holds a value that is not null.
enum Representation {
    BOOL("boolean", "false"),
    LONG("long", "0L"),
    DOUBLE("double", "0D"),
    DECIMAL("java.math.BigDecimal", "null"),
    /// array, start, length
    SLICE("byte[]", "EMPTY"),
    TEXT("String", "null"),
    /// as in columns
    OBJECT("Object", "null");

    /// The Java type, as it is written.
    final String java;

    /// What a variable holds while the value is null, as it is written.
    final String nothing;

    Representation(String java, String nothing) {
        this.java = java;
        this.nothing = nothing;
    }

    /// How the results of expressions of a type are held, and columns of it.
    static Representation of(RelDataType type) {
        ColumnType column = ExpressionTypes.columnType(type);
        return switch (column.type().storage()) {
            case LONG -> column.type() == SqlType.BOOLEAN ? BOOL : LONG;
            case DOUBLE -> DOUBLE;
            case BYTES -> SLICE;
            case OBJECT -> column.type() == SqlType.DECIMAL ? DECIMAL : OBJECT;
        };
    }
}
