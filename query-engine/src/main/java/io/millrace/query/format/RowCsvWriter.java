package io.millrace.query.format;

import io.millrace.query.data.Batch;
import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Column;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.DoubleColumn;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.ObjectColumn;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import java.nio.charset.StandardCharsets;

/// Writes rows of a batch as CSV (RFC 4180), lines ended by CR LF.
///
/// NULL is an empty field, the empty text is `""`. Values are written as in [RowJsonWriter] without JSON's
/// quotes; nested values and JSON are JSON text. Threading: one thread at a time.
public final class RowCsvWriter {
    private final Schema schema;
    private final char delimiter;
    private final TextBuffer field = new TextBuffer(64);

    public RowCsvWriter(Schema schema) {
        this(schema, ',');
    }

    public RowCsvWriter(Schema schema, char delimiter) {
        if (delimiter >= 128 || delimiter == '"' || delimiter == '\r' || delimiter == '\n') {
            throw new IllegalArgumentException(
                    "delimiter '" + delimiter + "' is not one ASCII character that CSV allows");
        }
        this.schema = schema;
        this.delimiter = delimiter;
    }

    /// Appends the line of column names.
    public void header(TextBuffer into) {
        for (int i = 0; i < schema.size(); i++) {
            if (i > 0) {
                into.put(delimiter);
            }
            byte[] name = schema.name(i).getBytes(StandardCharsets.UTF_8);
            quoted(name, 0, name.length, into);
        }
        into.ascii("\r\n");
    }

    /// Appends one row's line.
    public void row(Batch batch, int row, TextBuffer into) {
        for (int i = 0; i < schema.size(); i++) {
            if (i > 0) {
                into.put(delimiter);
            }
            Column column = batch.column(i);
            if (!column.isNull(row)) {
                value(column, row, schema.type(i), into);
            }
        }
        into.ascii("\r\n");
    }

    private void value(Column column, int row, ColumnType type, TextBuffer into) {
        switch (column) {
            case LongColumn longs -> {
                if (TextBuffer.isTime(type.type())) {
                    into.time(longs.get(row), type.type());
                } else {
                    into.json(column, row, type);
                }
            }
            case DoubleColumn doubles -> {
                double value = doubles.get(row);
                if (Double.isNaN(value) || Double.isInfinite(value)) {
                    into.ascii(Double.toString(value));
                } else {
                    into.number(value, type.type() == SqlType.REAL);
                }
            }
            case BytesColumn bytes -> {
                switch (type.type()) {
                    case VARBINARY -> into.base64(bytes.data(), bytes.start(row), bytes.length(row));
                    case UUID -> into.uuid(bytes.data(), bytes.start(row));
                    default -> quoted(bytes.data(), bytes.start(row), bytes.length(row), into);
                }
            }
            case ObjectColumn objects -> {
                field.clear();
                field.json(objects.get(row), type);
                quoted(field.bytes(), 0, field.length(), into);
            }
        }
    }

    private void quoted(byte[] text, int start, int length, TextBuffer into) {
        boolean plain = length > 0;
        for (int i = start; plain && i < start + length; i++) {
            byte c = text[i];
            plain = c != '"' && c != delimiter && c != '\r' && c != '\n';
        }
        if (plain) {
            into.raw(text, start, length);
            return;
        }
        into.put('"');
        int from = start;
        for (int i = start; i < start + length; i++) {
            if (text[i] == '"') {
                into.raw(text, from, i + 1 - from);
                into.put('"');
                from = i + 1;
            }
        }
        into.raw(text, from, start + length - from);
        into.put('"');
    }
}
