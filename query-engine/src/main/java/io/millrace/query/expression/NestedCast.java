package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A constant of generated code: casts what is inside an ARRAY, MAP or ROW.
public record NestedCast(ColumnType from, ColumnType to) {
    public NestedCast {
        check(from, to);
    }

    private static void check(ColumnType from, ColumnType to) {
        boolean supported = from.type() == SqlType.NULL
                || ExpressionTypes.sameShape(from, to)
                || ExpressionTypes.isNumber(from.type()) && ExpressionTypes.isNumber(to.type())
                || to.type() == SqlType.VARCHAR;
        ColumnType fromElement = from.element();
        ColumnType toElement = to.element();
        if (from.type() == to.type() && fromElement != null && toElement != null) {
            check(fromElement, toElement);
            supported = true;
        }
        if (from.type() == SqlType.ROW
                && to.type() == SqlType.ROW
                && from.fields().size() == to.fields().size()) {
            for (int i = 0; i < from.fields().size(); i++) {
                check(from.fields().get(i).type(), to.fields().get(i).type());
            }
            supported = true;
        }
        if (!supported) {
            throw new UnsupportedExpressionException("cast of " + from + " to " + to + " inside a nested value");
        }
    }

    public Object apply(Object value) {
        Object cast = cast(value, from, to);
        if (cast == null) {
            throw new IllegalStateException("NULL where a nested value was");
        }
        return cast;
    }

    private static @Nullable Object cast(@Nullable Object value, ColumnType from, ColumnType to) {
        if (value == null || ExpressionTypes.sameShape(from, to)) {
            return value;
        }
        if (value instanceof List<?> list && to.type() == SqlType.ARRAY) {
            List<@Nullable Object> converted = new ArrayList<>();
            for (Object element : list) {
                converted.add(cast(element, elementOf(from), elementOf(to)));
            }
            return converted;
        }
        if (value instanceof Map<?, ?> map && to.type() == SqlType.MAP) {
            Map<Object, @Nullable Object> converted = new LinkedHashMap<>();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                converted.put(entry.getKey(), cast(entry.getValue(), elementOf(from), elementOf(to)));
            }
            return converted;
        }
        if (value instanceof Object[] fields && to.type() == SqlType.ROW) {
            @Nullable Object[] converted = new @Nullable Object[fields.length];
            for (int i = 0; i < fields.length; i++) {
                converted[i] = cast(
                        fields[i],
                        from.fields().get(i).type(),
                        to.fields().get(i).type());
            }
            return converted;
        }
        return switch (to.type()) {
            case SMALLINT, INTEGER, BIGINT -> {
                String name = to.type().name();
                long least = ExpressionTypes.least(to.type());
                long greatest = ExpressionTypes.greatest(to.type());
                yield switch (value) {
                    case Double number -> Casts.doubleToLong(number, name, least, greatest);
                    case BigDecimal number -> Casts.decimalToLong(number, name, least, greatest);
                    default -> Casts.longToLong((Long) value, name, least, greatest);
                };
            }
            case DOUBLE -> ((Number) value).doubleValue();
            case REAL -> Casts.toReal(((Number) value).doubleValue());
            case DECIMAL ->
                switch (value) {
                    case Double number -> Casts.doubleToDecimal(number, to.precision(), to.scale());
                    case BigDecimal number -> Functions.fit(number, to.precision(), to.scale());
                    default -> Casts.longToDecimal((Long) value, to.precision(), to.scale());
                };
            default -> {
                byte[] json = new JsonRender(from).apply(value);
                boolean quoted = json.length > 1 && json[0] == '"';
                yield quoted ? java.util.Arrays.copyOfRange(json, 1, json.length - 1) : json;
            }
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
