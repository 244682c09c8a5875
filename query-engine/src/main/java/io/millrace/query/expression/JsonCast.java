package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import io.millrace.query.format.Json;
import io.millrace.query.format.JsonValueReader;
import org.jspecify.annotations.Nullable;

/// A constant of generated code: JSON text as an ARRAY, MAP or ROW.
public record JsonCast(ColumnType type) {
    public @Nullable Object apply(byte[] json, int start, int length) {
        int end = start + length;
        int from = Json.skipBlanks(json, start, end);
        int to = Json.skipValue(json, from, end);
        if (to < 0 || Json.skipBlanks(json, to, end) != end) {
            throw RowFailure.badCast(Functions.text(json, start, length), type.toString());
        }
        Object value = new JsonValueReader().boxed(json, from, to, type);
        if (value == JsonValueReader.MISMATCH || value == null) {
            throw RowFailure.badCast(Functions.text(json, start, length), type.toString());
        }
        return value;
    }
}
