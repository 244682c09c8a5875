package io.millrace.query.data;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A column's type.
///
/// @param precision digits of DECIMAL, length of VARCHAR; −1 where it has none
/// @param scale digits after the point of DECIMAL, else 0
/// @param element of ARRAY, value type of MAP; null else
/// @param fields of ROW; empty else
public record ColumnType(
        SqlType type,
        int precision,
        int scale,
        boolean nullable,
        @Nullable ColumnType element,
        List<ColumnInfo> fields) {
    public ColumnType {
        fields = List.copyOf(fields);
    }

    public static ColumnType of(SqlType type) {
        return new ColumnType(type, -1, 0, true, null, List.of());
    }

    public static ColumnType decimal(int precision, int scale) {
        return new ColumnType(SqlType.DECIMAL, precision, scale, true, null, List.of());
    }

    public static ColumnType array(ColumnType element) {
        return new ColumnType(SqlType.ARRAY, -1, 0, true, element, List.of());
    }

    public static ColumnType map(ColumnType values) {
        return new ColumnType(SqlType.MAP, -1, 0, true, values, List.of());
    }

    public static ColumnType row(List<ColumnInfo> fields) {
        return new ColumnType(SqlType.ROW, -1, 0, true, null, fields);
    }

    public ColumnType withNullable(boolean wanted) {
        return new ColumnType(type, precision, scale, wanted, element, fields);
    }

    /// As SQL writes it: `DECIMAL(12,2)`, `BIGINT`, `VARCHAR ARRAY`, `ROW(a BIGINT, b VARCHAR)`.
    @Override
    public String toString() {
        return switch (type) {
            case DECIMAL -> "DECIMAL(" + precision + "," + scale + ")";
            case TIMESTAMP -> "TIMESTAMP(3)";
            case INTERVAL_DAY -> "INTERVAL DAY TO SECOND";
            case INTERVAL_MONTH -> "INTERVAL YEAR TO MONTH";
            case ARRAY -> element + " ARRAY";
            case MAP -> "MAP<VARCHAR, " + element + ">";
            case ROW -> {
                StringBuilder text = new StringBuilder("ROW(");
                for (ColumnInfo field : fields) {
                    text.append(text.length() == 4 ? "" : ", ")
                            .append(field.name())
                            .append(' ')
                            .append(field.type());
                }
                yield text.append(')').toString();
            }
            case BOOLEAN,
                    SMALLINT,
                    INTEGER,
                    BIGINT,
                    REAL,
                    DOUBLE,
                    VARCHAR,
                    VARBINARY,
                    DATE,
                    TIME,
                    TIMESTAMPTZ,
                    JSON,
                    UUID,
                    NULL -> type.name();
        };
    }
}
