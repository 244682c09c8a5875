package io.millrace.query.source;

import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Column;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.DoubleColumn;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.ObjectColumn;
import io.millrace.query.data.SqlType;
import io.millrace.query.format.Json;
import io.millrace.query.format.JsonValueReader;
import io.millrace.query.format.TextBuffer;
import io.millrace.query.plan.SourceSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Primary key columns of a table from a record's key: of one column the key's bytes are its text, of several
/// the key is a JSON array of their values.
final class KeyDecoder {
    private final List<Integer> keyColumns;
    private final ColumnType[] types;
    private final String[] names;
    private final int[] starts;
    private final int[] ends;
    private final JsonValueReader values = new JsonValueReader();
    private final TextBuffer text = new TextBuffer(64);
    private byte[] bytes = {};

    KeyDecoder(SourceSpec source) {
        keyColumns = source.upsertKey();
        types = new ColumnType[keyColumns.size()];
        names = new String[keyColumns.size()];
        starts = new int[types.length];
        ends = new int[types.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = source.columns().get(keyColumns.get(i)).type();
            names[i] = source.columns().get(keyColumns.get(i)).name();
        }
    }

    /// @return null when the key fits, else why not
    @Nullable
    String decode(byte[] record, int start, int length) {
        if (length < 0) {
            return "a record without value needs a key that says which row to remove";
        }
        if (!Json.validUtf8(record, start, length)) {
            return "the key is not valid UTF-8";
        }
        if (types.length == 1) {
            text.clear();
            text.jsonString(record, start, length);
            bytes = text.bytes();
            starts[0] = 0;
            ends[0] = text.length();
        } else {
            bytes = record;
            String problem = split(record, start, start + length);
            if (problem != null) {
                return problem;
            }
        }
        for (int i = 0; i < types.length; i++) {
            if (bytes[starts[i]] == 'n') {
                return "primary key column '" + names[i] + "' is null in the key";
            }
            if (types[i].type() != SqlType.VARCHAR && !values.read(bytes, starts[i], ends[i], types[i])) {
                return "primary key column '" + names[i] + "': the key is no " + types[i];
            }
        }
        return null;
    }

    private @Nullable String split(byte[] record, int start, int end) {
        int from = Json.skipBlanks(record, start, end);
        int to = Json.skipValue(record, from, end);
        if (to < 0 || Json.skipBlanks(record, to, end) != end || record[from] != '[') {
            return "the key of a table with " + types.length + " primary key columns must be a JSON array";
        }
        int at = Json.skipBlanks(record, from + 1, end);
        int count = 0;
        while (record[at] != ']') {
            int valueEnd = Json.skipValue(record, at, end);
            if (count < types.length) {
                starts[count] = at;
                ends[count] = valueEnd;
            }
            count++;
            at = Json.skipBlanks(record, valueEnd, end);
            if (record[at] == ',') {
                at = Json.skipBlanks(record, at + 1, end);
            }
        }
        return count == types.length ? null : "the key has " + count + " values; the primary key has " + types.length;
    }

    /// Appends a key column's value.
    ///
    /// @return false when `column` is no key column
    boolean append(int column, Column into) {
        int i = keyColumns.indexOf(column);
        if (i < 0) {
            return false;
        }
        values.read(bytes, starts[i], ends[i], types[i]);
        switch (into) {
            case LongColumn target -> target.append(values.longValue());
            case DoubleColumn target -> target.append(values.doubleValue());
            case BytesColumn target -> target.append(values.bytes(), values.bytesStart(), values.bytesLength());
            case ObjectColumn target -> target.append(values.object());
        }
        return true;
    }
}
