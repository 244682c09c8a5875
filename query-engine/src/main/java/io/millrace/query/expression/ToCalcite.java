package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import org.jspecify.annotations.Nullable;

/// A constant of generated code: see [Values#toCalcite].
public record ToCalcite(ColumnType type) {
    public @Nullable Object apply(@Nullable Object value) {
        return Values.toCalcite(value, type);
    }
}
