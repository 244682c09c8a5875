package io.millrace.query.sql;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.apache.calcite.avatica.util.ByteString;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.util.NlsString;
import org.jspecify.annotations.Nullable;

/// Calcite's literals as the engine's boxed values.
final class Literals {
    private Literals() {}

    /// As [io.millrace.query.data.Column#objectAt] returns it.
    static @Nullable Object boxed(RexLiteral literal, ColumnType type) {
        if (literal.isNull()) {
            return null;
        }
        return switch (type.type()) {
            case BOOLEAN -> Boolean.TRUE.equals(literal.getValueAs(Boolean.class)) ? 1L : 0L;
            case SMALLINT, INTEGER, BIGINT ->
                number(literal).setScale(0, RoundingMode.HALF_UP).longValueExact();
            case DECIMAL -> number(literal).setScale(type.scale(), RoundingMode.HALF_UP);
            case REAL -> (double) number(literal).floatValue();
            case DOUBLE -> number(literal).doubleValue();
            case VARCHAR, JSON -> text(literal).getBytes(StandardCharsets.UTF_8);
            case VARBINARY -> {
                ByteString bytes = literal.getValueAs(ByteString.class);
                yield bytes == null ? null : bytes.getBytes();
            }
            case DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL_DAY, INTERVAL_MONTH -> {
                Number value = type.type() == SqlType.DATE || type.type() == SqlType.TIME
                        ? literal.getValueAs(Integer.class)
                        : literal.getValueAs(Long.class);
                yield value == null ? null : value.longValue();
            }
            case UUID -> {
                UUID id = literal.getValueAs(UUID.class);
                yield id == null
                        ? null
                        : java.nio.ByteBuffer.allocate(16)
                                .putLong(id.getMostSignificantBits())
                                .putLong(id.getLeastSignificantBits())
                                .array();
            }
            case NULL -> null;
            case ARRAY, MAP, ROW ->
                throw Problems.unsupported("A constant of type " + type + " is not supported in VALUES", null, null);
        };
    }

    private static BigDecimal number(RexLiteral literal) {
        BigDecimal number = literal.getValueAs(BigDecimal.class);
        if (number == null) {
            throw new IllegalArgumentException("not a number: " + literal);
        }
        return number;
    }

    private static String text(RexLiteral literal) {
        NlsString string = literal.getValueAs(NlsString.class);
        return string == null ? "" : string.getValue();
    }

    /// The count of LIMIT or OFFSET.
    static long count(@Nullable RexNode node, long absent) {
        if (node == null) {
            return absent;
        }
        if (node instanceof RexLiteral literal) {
            BigDecimal number = literal.getValueAs(BigDecimal.class);
            if (number != null && number.signum() >= 0 && number.precision() <= 18) {
                return number.longValue();
            }
        }
        throw Problems.at(
                "invalid_limit",
                "LIMIT and OFFSET take a whole number that is not negative.",
                (org.apache.calcite.sql.parser.SqlParserPos) null,
                null);
    }
}
