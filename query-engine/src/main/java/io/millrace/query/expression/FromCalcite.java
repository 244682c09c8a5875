package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import org.jspecify.annotations.Nullable;

/// A constant of generated code: see [Values#fromCalcite].
public record FromCalcite(ColumnType type) {
    public @Nullable Object apply(@Nullable Object value) {
        return Values.fromCalcite(value, type);
    }
}
