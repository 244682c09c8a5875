package io.millrace.query.source;

import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Column;
import io.millrace.query.data.SqlType;
import io.millrace.query.format.Json;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.plan.SourceSpec.Format;
import io.millrace.query.plan.SourceSpec.Origin;
import io.millrace.query.plan.SourceSpec.SourceColumn;
import org.jspecify.annotations.Nullable;

/// Rows of one field that holds the whole record: TEXT (VARCHAR, must be UTF-8) and BYTES (VARBINARY).
final class WholeDecoder implements RowDecoder {
    private final boolean text;
    private byte[] bytes = {};
    private int start;
    private int length;

    WholeDecoder(SourceSpec source) {
        text = source.format() == Format.TEXT;
        for (SourceColumn column : source.columns()) {
            SqlType type = column.type().type();
            if (column.origin() == Origin.FIELD && type != (text ? SqlType.VARCHAR : SqlType.VARBINARY)) {
                throw new IllegalArgumentException(
                        "column '" + column.name() + "' of '" + source.name() + "' is " + type
                                + "; records of format " + source.format() + " have one column of type "
                                + (text ? "VARCHAR" : "VARBINARY"));
            }
        }
    }

    @Override
    public @Nullable String decode(byte[] value, int valueStart, int valueLength) {
        bytes = value;
        start = valueStart;
        length = valueLength;
        return text && !Json.validUtf8(value, valueStart, valueLength) ? "not valid UTF-8" : null;
    }

    @Override
    public long longAt(int column) {
        throw new IllegalStateException("column " + column + " is not a number");
    }

    @Override
    public boolean isNull(int column) {
        return false;
    }

    @Override
    public void append(int column, Column into) {
        ((BytesColumn) into).append(bytes, start, length);
    }
}
