package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.calcite.avatica.util.ByteString;
import org.jspecify.annotations.Nullable;

/// Boxed values as columns hold them ([io.millrace.query.data.Column#objectAt]) and as Calcite's runtime wants
/// them.
///
/// | type | column | Calcite |
/// |---|---|---|
/// | BOOLEAN | Long 0, 1 | Boolean |
/// | SMALLINT, INTEGER, DATE, TIME, months | Long | Short, Integer |
/// | BIGINT, TIMESTAMP, milliseconds | Long | Long |
/// | REAL, DOUBLE | Double | Float, Double |
/// | VARCHAR, JSON | byte[] | String |
/// | VARBINARY | byte[] | ByteString |
/// | UUID | byte[] | UUID |
/// | ARRAY, MAP, ROW | List, Map, Object[] of the left side | List, Map, Object[] of the right side |
public final class Values {
    private Values() {}

    public static @Nullable Object toCalcite(@Nullable Object value, ColumnType type) {
        if (value == null) {
            return null;
        }
        return switch (type.type()) {
            case BOOLEAN -> (Long) value != 0;
            case SMALLINT -> ((Long) value).shortValue();
            case INTEGER, DATE, TIME, INTERVAL_MONTH -> ((Long) value).intValue();
            case BIGINT, TIMESTAMP, TIMESTAMPTZ, INTERVAL_DAY, NULL, DOUBLE, DECIMAL -> value;
            case REAL -> ((Double) value).floatValue();
            case VARCHAR, JSON -> new String((byte[]) value, StandardCharsets.UTF_8);
            case VARBINARY -> new ByteString((byte[]) value);
            case UUID -> Casts.uuid((byte[]) value, 0);
            case ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                for (Object element : (List<?>) value) {
                    list.add(toCalcite(element, elementOf(type)));
                }
                yield list;
            }
            case MAP -> {
                Map<Object, @Nullable Object> map = new LinkedHashMap<>();
                for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                    map.put(entry.getKey(), toCalcite(entry.getValue(), elementOf(type)));
                }
                yield map;
            }
            case ROW -> {
                Object[] fields = (Object[]) value;
                @Nullable Object[] converted = new @Nullable Object[fields.length];
                for (int i = 0; i < fields.length; i++) {
                    converted[i] = toCalcite(fields[i], type.fields().get(i).type());
                }
                yield converted;
            }
        };
    }

    public static @Nullable Object fromCalcite(@Nullable Object value, ColumnType type) {
        if (value == null) {
            return null;
        }
        return switch (type.type()) {
            case BOOLEAN -> (Boolean) value ? 1L : 0L;
            case SMALLINT, INTEGER, DATE, TIME, INTERVAL_MONTH, BIGINT, TIMESTAMP, TIMESTAMPTZ, INTERVAL_DAY, NULL ->
                ((Number) value).longValue();
            case DOUBLE, REAL -> ((Number) value).doubleValue();
            case DECIMAL -> Functions.fit(decimalOf(value), type.precision(), type.scale());
            case VARCHAR, JSON -> value.toString().getBytes(StandardCharsets.UTF_8);
            case VARBINARY -> value instanceof ByteString bytes ? bytes.getBytes() : value;
            case UUID -> Casts.uuidBytes((UUID) value);
            case ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                for (Object element : (List<?>) value) {
                    list.add(fromCalcite(element, elementOf(type)));
                }
                yield list;
            }
            case MAP -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                    map.put(String.valueOf(entry.getKey()), fromCalcite(entry.getValue(), elementOf(type)));
                }
                yield map;
            }
            case ROW -> {
                Object[] fields = value instanceof List<?> list ? list.toArray() : (Object[]) value;
                @Nullable Object[] converted = new @Nullable Object[fields.length];
                for (int i = 0; i < fields.length; i++) {
                    converted[i] = fromCalcite(fields[i], type.fields().get(i).type());
                }
                yield converted;
            }
        };
    }

    private static BigDecimal decimalOf(Object value) {
        return switch (value) {
            case BigDecimal decimal -> decimal;
            case Double number -> Functions.decimal(number);
            case Float number -> Functions.decimal(number);
            case Number number -> BigDecimal.valueOf(number.longValue());
            default -> new BigDecimal(value.toString());
        };
    }

    private static ColumnType elementOf(ColumnType type) {
        ColumnType element = type.element();
        if (element == null) {
            throw new IllegalArgumentException(type + " has no element type");
        }
        return element;
    }
}
