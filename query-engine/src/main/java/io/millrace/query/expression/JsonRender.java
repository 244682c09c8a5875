package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import io.millrace.query.format.TextBuffer;

/// A constant of generated code: renders values of a type as JSON text.
public record JsonRender(ColumnType type) {
    public byte[] apply(Object value) {
        TextBuffer text = new TextBuffer(64);
        text.json(value, type);
        return text.toByteArray();
    }
}
