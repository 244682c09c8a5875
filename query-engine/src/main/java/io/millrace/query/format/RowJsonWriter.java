package io.millrace.query.format;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import java.nio.charset.StandardCharsets;

/// Writes rows of a batch as JSON.
///
/// | type | JSON |
/// |---|---|
/// | BOOLEAN | `true`, `false` |
/// | SMALLINT, INTEGER, BIGINT, DECIMAL | a number with every digit, never with an exponent |
/// | REAL, DOUBLE | the shortest number that reads back the same; `"NaN"`, `"Infinity"`, `"-Infinity"` |
/// | VARCHAR | a string |
/// | VARBINARY | a base64 string |
/// | DATE, TIME | `"2001-01-31"`, `"23:59:59"`, `"23:59:59.123"` |
/// | TIMESTAMP | `"2001-01-31 23:59:59"`, with `.123` when there are milliseconds |
/// | TIMESTAMPTZ | `"2001-01-31T23:59:59Z"` |
/// | INTERVAL | `"1 02:03:04"` (days), `"1-02"` (years) |
/// | UUID | a string |
/// | JSON | as it stands |
/// | ARRAY; MAP, ROW | an array; an object |
///
/// [JsonValueReader] reads all of it back. Numbers, times, and text are written without objects in between;
/// only doubles with more than three places after the point need one. Threading: one thread at a time.
public final class RowJsonWriter {
    private final Schema schema;
    private final byte[][] names;

    public RowJsonWriter(Schema schema) {
        this.schema = schema;
        names = new byte[schema.size()][];
        for (int i = 0; i < names.length; i++) {
            TextBuffer name = new TextBuffer(32);
            name.jsonString(schema.name(i));
            name.put(':');
            names[i] = name.toByteArray();
        }
    }

    /// Appends `[1,"a",null]`.
    public void array(Batch batch, int row, TextBuffer into) {
        into.put('[');
        for (int i = 0; i < names.length; i++) {
            if (i > 0) {
                into.put(',');
            }
            into.json(batch.column(i), row, schema.type(i));
        }
        into.put(']');
    }

    /// Appends `{"id":1,"name":"a","note":null}`.
    public void object(Batch batch, int row, TextBuffer into) {
        into.put('{');
        for (int i = 0; i < names.length; i++) {
            if (i > 0) {
                into.put(',');
            }
            into.raw(names[i], 0, names[i].length);
            into.json(batch.column(i), row, schema.type(i));
        }
        into.put('}');
    }

    /// Appends one value as in [#array].
    public void value(Batch batch, int row, int column, TextBuffer into) {
        into.json(batch.column(column), row, schema.type(column));
    }

    /// The columns as `[{"name":"id","type":"BIGINT"}]`.
    public byte[] columns() {
        TextBuffer text = new TextBuffer(64);
        text.put('[');
        for (int i = 0; i < names.length; i++) {
            text.ascii(i == 0 ? "{\"name\":" : ",{\"name\":");
            text.jsonString(schema.name(i));
            text.ascii(",\"type\":");
            byte[] type = schema.type(i).toString().getBytes(StandardCharsets.UTF_8);
            text.jsonString(type, 0, type.length);
            text.put('}');
        }
        text.put(']');
        return text.toByteArray();
    }
}
