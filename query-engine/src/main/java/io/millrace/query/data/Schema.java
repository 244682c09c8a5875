package io.millrace.query.data;

import java.util.List;

/// The columns of a stream, table, query or batch, in order. Names need not be unique (a join may repeat them).
public record Schema(List<ColumnInfo> columns) {
    public Schema {
        columns = List.copyOf(columns);
    }

    public static Schema of(ColumnInfo... columns) {
        return new Schema(List.of(columns));
    }

    public int size() {
        return columns.size();
    }

    public ColumnType type(int column) {
        return columns.get(column).type();
    }

    public String name(int column) {
        return columns.get(column).name();
    }

    /// Index of the first column with this name, −1 when there is none.
    public int indexOf(String name) {
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).name().equals(name)) {
                return i;
            }
        }
        return -1;
    }
}
