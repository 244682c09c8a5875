package io.millrace.query.worker;

import io.millrace.query.data.Batch;
import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.format.RowJsonWriter;
import io.millrace.query.format.TextBuffer;

/// Writes rows as the records of a topic, into one array that it reuses.
///
/// Threading: one thread at a time.
final class RowEncoder {
    private final Schema schema;
    private final RowJsonWriter writer;
    private final TextBuffer text = new TextBuffer(256);

    /// @param schema columns of the rows, by which the fields are named
    RowEncoder(Schema schema) {
        this.schema = schema;
        writer = new RowJsonWriter(schema);
    }

    /// The row as a JSON object of its columns; replaces what was encoded before.
    void value(Batch rows, int row) {
        text.clear();
        writer.object(rows, row, text);
    }

    /// The columns `key` of a row as a record key: the text of a single column, a JSON array of several.
    void key(Batch rows, int row, int[] key) {
        text.clear();
        if (key.length == 1) {
            single(rows, row, key[0]);
            return;
        }
        text.put('[');
        for (int i = 0; i < key.length; i++) {
            if (i > 0) {
                text.put(',');
            }
            writer.value(rows, row, key[i], text);
        }
        text.put(']');
    }

    private void single(Batch rows, int row, int column) {
        if (schema.type(column).type() == SqlType.VARCHAR
                && !rows.column(column).isNull(row)) {
            BytesColumn bytes = rows.bytes(column);
            text.raw(bytes.data(), bytes.start(row), bytes.length(row));
            return;
        }
        writer.value(rows, row, column, text);
        byte[] json = text.toByteArray();
        if (json.length >= 2 && json[0] == '"') { // times and the like are quoted in JSON, not in a key
            text.clear();
            text.raw(json, 1, json.length - 2);
        }
    }

    /// Valid up to [#length], until the next call.
    byte[] bytes() {
        return text.bytes();
    }

    int length() {
        return text.length();
    }
}
