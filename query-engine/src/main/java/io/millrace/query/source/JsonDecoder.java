package io.millrace.query.source;

import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Column;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.DoubleColumn;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.ObjectColumn;
import io.millrace.query.data.SqlType;
import io.millrace.query.format.JsonValueReader;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.plan.SourceSpec.Origin;
import io.millrace.query.plan.SourceSpec.SourceColumn;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Rows from JSON objects.
///
/// Every declared column that could refuse a value is converted when the record is judged, wanted or not; long
/// and double values are kept, all others are converted again when they are appended.
final class JsonDecoder implements RowDecoder {
    private static final byte[] NONE = {};

    private final JsonRowDecoder scanner;
    private final JsonValueReader values = new JsonValueReader();
    /// slots: the source's columns that are fields, then declared ones that nobody reads
    private final ColumnType[] types;
    private final String[] names;
    private final long[] longs;
    private final double[] doubles;
    private final boolean[] judged;
    /// column of the source → slot, −1 for other origins
    private final int[] slotOfColumn;
    private byte[] bytes = NONE;

    JsonDecoder(SourceSpec source) {
        List<SourceColumn> slots = new ArrayList<>();
        slotOfColumn = new int[source.columns().size()];
        for (int i = 0; i < slotOfColumn.length; i++) {
            SourceColumn column = source.columns().get(i);
            slotOfColumn[i] = -1;
            if (column.origin() == Origin.FIELD) {
                slotOfColumn[i] = slots.size();
                slots.add(column);
            }
        }
        for (SourceColumn column : source.declared()) {
            if (column.origin() == Origin.FIELD && slots.stream().noneMatch(slot -> sameField(slot, column))) {
                slots.add(column);
            }
        }
        scanner = new JsonRowDecoder(slots.stream().map(SourceColumn::path).toList());
        int count = slots.size();
        types = new ColumnType[count];
        names = new String[count];
        longs = new long[count];
        doubles = new double[count];
        judged = new boolean[count];
        for (int i = 0; i < count; i++) {
            types[i] = slots.get(i).type();
            names[i] = slots.get(i).name();
            judged[i] = types[i].type() != SqlType.VARCHAR && types[i].type() != SqlType.JSON;
        }
    }

    private static boolean sameField(SourceColumn left, SourceColumn right) {
        return left.path().equals(right.path())
                && left.type().withNullable(true).equals(right.type().withNullable(true));
    }

    @Override
    public @Nullable String decode(byte[] json, int start, int length) {
        bytes = json;
        int state = scanner.scan(json, start, length);
        if (state != JsonRowDecoder.OK) {
            return switch (state) {
                case JsonRowDecoder.NOT_AN_OBJECT -> "not a JSON object";
                case JsonRowDecoder.NOT_UTF8 -> "not valid UTF-8";
                default -> "not well-formed JSON";
            };
        }
        for (int slot = 0; slot < types.length; slot++) {
            int from = scanner.start(slot);
            if (from < 0 || !judged[slot]) {
                continue;
            }
            if (!values.read(json, from, scanner.end(slot), types[slot])) {
                return mismatch(slot);
            }
            longs[slot] = values.longValue();
            doubles[slot] = values.doubleValue();
        }
        return null;
    }

    private String mismatch(int slot) {
        int from = scanner.start(slot);
        int length = scanner.end(slot) - from;
        String shown = new String(bytes, from, Math.min(length, 60), java.nio.charset.StandardCharsets.UTF_8);
        return "column '" + names[slot] + "': " + shown + (length > 60 ? "..." : "") + " is no " + types[slot];
    }

    @Override
    public boolean isNull(int column) {
        int slot = slotOfColumn[column];
        return slot < 0 || scanner.start(slot) < 0;
    }

    @Override
    public long longAt(int column) {
        return longs[slotOfColumn[column]];
    }

    @Override
    public void append(int column, Column into) {
        int slot = slotOfColumn[column];
        int from = slot < 0 ? -1 : scanner.start(slot);
        if (from < 0) {
            into.appendNull();
            return;
        }
        switch (into) {
            case LongColumn target -> target.append(longs[slot]);
            case DoubleColumn target -> target.append(doubles[slot]);
            case BytesColumn target -> {
                values.read(bytes, from, scanner.end(slot), types[slot]);
                target.append(values.bytes(), values.bytesStart(), values.bytesLength());
            }
            case ObjectColumn target -> {
                values.read(bytes, from, scanner.end(slot), types[slot]);
                target.append(values.object());
            }
        }
    }
}
