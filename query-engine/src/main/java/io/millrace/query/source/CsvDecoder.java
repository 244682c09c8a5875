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
import io.millrace.query.plan.SourceSpec.Origin;
import io.millrace.query.plan.SourceSpec.SourceColumn;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Rows from CSV lines (RFC 4180), one record a line.
///
/// A field in quotes may hold the delimiter, line ends and doubled quotes. An empty field without quotes is
/// NULL, an empty one in quotes is the empty text. A line with fewer fields than the columns need gives NULL
/// for the missing ones; more are ignored. A line end after the record is ignored. Option `delimiter`: one
/// ASCII character, `,` by default; `null`: text that also stands for NULL when it is not quoted.
final class CsvDecoder implements RowDecoder {
    private final byte delimiter;
    private final byte[] nullText;
    private final ColumnType[] types;
    private final String[] names;
    private final int[] places;
    private final int[] slotOfColumn;
    private final long[] longs;
    private final double[] doubles;

    private final JsonValueReader values = new JsonValueReader();
    private final TextBuffer quoted = new TextBuffer(64);

    /// bytes of all fields, unquoted
    private byte[] data = new byte[256];
    private int[] starts = new int[16];
    private int[] ends = new int[16];
    private boolean[] inQuotes = new boolean[16];
    private int fields;

    CsvDecoder(SourceSpec source) {
        String wanted = source.options().getOrDefault("delimiter", ",");
        if (wanted.length() != 1 || wanted.charAt(0) >= 128 || wanted.charAt(0) == '"') {
            throw new IllegalArgumentException("delimiter of '" + source.name() + "' is '" + wanted
                    + "'; it must be one ASCII character, not a quote");
        }
        delimiter = (byte) wanted.charAt(0);
        nullText = source.options().getOrDefault("null", "").getBytes(StandardCharsets.UTF_8);
        List<SourceColumn> slots = new ArrayList<>();
        slotOfColumn = new int[source.columns().size()];
        for (int i = 0; i < slotOfColumn.length; i++) {
            SourceColumn column = source.columns().get(i);
            slotOfColumn[i] = column.origin() == Origin.FIELD ? slots.size() : -1;
            if (column.origin() == Origin.FIELD) {
                slots.add(column);
            }
        }
        for (SourceColumn column : source.declared()) {
            if (column.origin() == Origin.FIELD
                    && slots.stream().noneMatch(slot -> slot.path().equals(column.path()))) {
                slots.add(column);
            }
        }
        int count = slots.size();
        types = new ColumnType[count];
        names = new String[count];
        places = new int[count];
        longs = new long[count];
        doubles = new double[count];
        for (int i = 0; i < count; i++) {
            SourceColumn column = slots.get(i);
            types[i] = column.type();
            names[i] = column.name();
            try {
                places[i] = Integer.parseInt(column.path().getFirst());
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "column '" + column.name() + "' of '" + source.name() + "' has path " + column.path()
                                + "; a CSV column's path is its place in the line, from 0",
                        e);
            }
        }
    }

    @Override
    public @Nullable String decode(byte[] line, int start, int length) {
        if (!Json.validUtf8(line, start, length)) {
            return "not valid UTF-8";
        }
        String problem = split(line, start, start + length);
        if (problem != null) {
            return problem;
        }
        for (int slot = 0; slot < types.length; slot++) {
            if (slotIsNull(slot) || types[slot].type() == SqlType.VARCHAR) {
                continue;
            }
            if (!convert(slot)) {
                int place = places[slot];
                int shown = Math.min(ends[place] - starts[place], 60);
                return "column '" + names[slot] + "': '"
                        + new String(data, starts[place], shown, StandardCharsets.UTF_8) + "' is no " + types[slot];
            }
            longs[slot] = values.longValue();
            doubles[slot] = values.doubleValue();
        }
        return null;
    }

    /// A field is judged as the same text in a JSON string would be; nested types and JSON as the JSON text it
    /// is.
    private boolean convert(int slot) {
        int from = starts[places[slot]];
        int to = ends[places[slot]];
        switch (types[slot].type()) {
            case JSON, ARRAY, MAP, ROW -> {
                int at = Json.skipBlanks(data, from, to);
                int end = Json.skipValue(data, at, to);
                return end >= 0
                        && Json.skipBlanks(data, end, to) == to
                        && data[at] != 'n'
                        && values.read(data, at, end, types[slot]);
            }
            default -> {
                quoted.clear();
                quoted.jsonString(data, from, to - from);
                return values.read(quoted.bytes(), 0, quoted.length(), types[slot])
                        || isTimestamp(slot)
                                && NumberLike.whole(data, from, to)
                                && values.read(data, from, to, types[slot]);
            }
        }
    }

    private boolean isTimestamp(int slot) {
        return types[slot].type() == SqlType.TIMESTAMP || types[slot].type() == SqlType.TIMESTAMPTZ;
    }

    private static final class NumberLike {
        static boolean whole(byte[] text, int from, int to) {
            return from < to && Json.skipNumber(text, from, to) == to;
        }
    }

    private @Nullable String split(byte[] line, int start, int lineEnd) {
        int end = lineEnd;
        if (end > start && line[end - 1] == '\n') {
            end--;
        }
        if (end > start && line[end - 1] == '\r') {
            end--;
        }
        if (data.length < end - start) {
            data = new byte[(end - start) * 2];
        }
        fields = 0;
        int to = 0;
        int i = start;
        while (true) {
            if (fields == starts.length) {
                starts = Arrays.copyOf(starts, fields * 2);
                ends = Arrays.copyOf(ends, fields * 2);
                inQuotes = Arrays.copyOf(inQuotes, fields * 2);
            }
            starts[fields] = to;
            inQuotes[fields] = i < end && line[i] == '"';
            if (inQuotes[fields]) {
                i++;
                while (true) {
                    if (i >= end) {
                        return "a quoted field does not end";
                    }
                    byte c = line[i++];
                    if (c == '"') {
                        if (i < end && line[i] == '"') {
                            i++;
                        } else {
                            break;
                        }
                    }
                    data[to++] = c;
                }
                if (i < end && line[i] != delimiter) {
                    return "text after the closing quote of a field";
                }
            } else {
                while (i < end && line[i] != delimiter) {
                    if (line[i] == '"' || line[i] == '\n' || line[i] == '\r') {
                        return "a quote or line end inside a field without quotes";
                    }
                    data[to++] = line[i++];
                }
            }
            ends[fields++] = to;
            if (i >= end) {
                return null;
            }
            i++;
        }
    }

    private boolean slotIsNull(int slot) {
        int place = places[slot];
        return place >= fields
                || !inQuotes[place]
                        && (starts[place] == ends[place]
                                || nullText.length > 0
                                        && Arrays.equals(
                                                data, starts[place], ends[place], nullText, 0, nullText.length));
    }

    @Override
    public boolean isNull(int column) {
        int slot = slotOfColumn[column];
        return slot < 0 || slotIsNull(slot);
    }

    @Override
    public long longAt(int column) {
        return longs[slotOfColumn[column]];
    }

    @Override
    public void append(int column, Column into) {
        if (isNull(column)) {
            into.appendNull();
            return;
        }
        int slot = slotOfColumn[column];
        switch (into) {
            case LongColumn target -> target.append(longs[slot]);
            case DoubleColumn target -> target.append(doubles[slot]);
            case BytesColumn target -> {
                if (types[slot].type() == SqlType.VARCHAR) {
                    int place = places[slot];
                    target.append(data, starts[place], ends[place] - starts[place]);
                } else {
                    convert(slot);
                    target.append(values.bytes(), values.bytesStart(), values.bytesLength());
                }
            }
            case ObjectColumn target -> {
                convert(slot);
                target.append(values.object());
            }
        }
    }
}
