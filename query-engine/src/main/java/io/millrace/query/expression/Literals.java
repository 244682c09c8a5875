package io.millrace.query.expression;

import java.math.BigDecimal;
import java.util.UUID;
import org.apache.calcite.avatica.util.ByteString;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.util.NlsString;
import org.apache.calcite.util.Sarg;
import org.jspecify.annotations.Nullable;

/// The constants that literals stand for.
final class Literals {
    private Literals() {}

    /// As columns hold it ([io.millrace.query.data.Column#objectAt]); null for NULL.
    ///
    /// @throws UnsupportedExpressionException there are no literals of its type
    static @Nullable Object value(RexLiteral literal) {
        if (literal.isNull()) {
            return null;
        }
        RelDataType type = literal.getType();
        return switch (ExpressionTypes.columnType(type).type()) {
            case BOOLEAN -> RexLiteral.booleanValue(literal) ? 1L : 0L;
            case SMALLINT, INTEGER, BIGINT, INTERVAL_DAY, INTERVAL_MONTH ->
                decimal(literal).longValueExact();
            case DATE, TIME -> present(literal, Integer.class).longValue();
            case TIMESTAMP, TIMESTAMPTZ -> present(literal, Long.class);
            case REAL, DOUBLE -> present(literal, Double.class);
            case DECIMAL -> Functions.fit(decimal(literal), type.getPrecision(), type.getScale());
            case VARCHAR, JSON -> Functions.utf8(text(literal));
            case VARBINARY -> present(literal, ByteString.class).getBytes();
            case UUID -> Casts.uuidBytes(present(literal, UUID.class));
            case ARRAY, MAP, ROW, NULL ->
                throw new UnsupportedExpressionException(
                        "literal " + literal + " of type " + type + " is not supported");
        };
    }

    static String text(RexLiteral literal) {
        Object value = literal.getValue();
        return value instanceof NlsString nls ? nls.getValue() : String.valueOf(literal.getValueAs(String.class));
    }

    static BigDecimal decimal(RexLiteral literal) {
        return present(literal, BigDecimal.class);
    }

    /// The ranges that the operator SEARCH looks for; null for NULL.
    @SuppressWarnings("unchecked") // the operator's contract
    static <C extends Comparable<C>> @Nullable Sarg<C> ranges(RexLiteral literal) {
        return (Sarg<C>) literal.getValueAs(Sarg.class);
    }

    private static <T> T present(RexLiteral literal, Class<T> javaClass) {
        T value = literal.getValueAs(javaClass);
        if (value == null) {
            throw new UnsupportedExpressionException("literal " + literal + " has no value");
        }
        return value;
    }
}
