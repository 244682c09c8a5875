package io.millrace.query.expression;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import java.math.RoundingMode;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.jdbc.JavaTypeFactoryImpl;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeField;
import org.apache.calcite.rel.type.RelDataTypeSystem;
import org.apache.calcite.rel.type.RelDataTypeSystemImpl;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.sql.type.SqlTypeName;

/// Calcite's types and ours.
final class ExpressionTypes {
    /// Rounds as PostgreSQL does, where Calcite cuts.
    private static final RelDataTypeSystem SYSTEM = new RelDataTypeSystemImpl() {
        @Override
        public int getMaxPrecision(SqlTypeName name) {
            return name == SqlTypeName.DECIMAL ? 38 : super.getMaxPrecision(name);
        }

        @Override
        public int getMaxScale(SqlTypeName name) {
            return name == SqlTypeName.DECIMAL ? 38 : super.getMaxScale(name);
        }

        @Override
        public boolean shouldConvertRaggedUnionTypesToVarying() {
            return true;
        }

        @Override
        public RoundingMode roundingMode() {
            return RoundingMode.HALF_UP;
        }
    };

    static final JavaTypeFactoryImpl FACTORY = new JavaTypeFactoryImpl(SYSTEM) {
        @Override
        public Charset getDefaultCharset() {
            return StandardCharsets.UTF_8;
        }
    };

    static final RexBuilder REX = new RexBuilder(FACTORY);

    private ExpressionTypes() {}

    static ColumnType columnType(RelDataType type) {
        ColumnType found = switch (type.getSqlTypeName()) {
            case BOOLEAN -> ColumnType.of(SqlType.BOOLEAN);
            case TINYINT, SMALLINT -> ColumnType.of(SqlType.SMALLINT);
            case INTEGER -> ColumnType.of(SqlType.INTEGER);
            case BIGINT -> ColumnType.of(SqlType.BIGINT);
            case DECIMAL -> ColumnType.decimal(type.getPrecision(), type.getScale());
            case REAL -> ColumnType.of(SqlType.REAL);
            case FLOAT, DOUBLE -> ColumnType.of(SqlType.DOUBLE);
            case CHAR, VARCHAR -> ColumnType.of(SqlType.VARCHAR);
            case BINARY, VARBINARY -> ColumnType.of(SqlType.VARBINARY);
            case DATE -> ColumnType.of(SqlType.DATE);
            case TIME -> ColumnType.of(SqlType.TIME);
            case TIMESTAMP -> ColumnType.of(SqlType.TIMESTAMP);
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE -> ColumnType.of(SqlType.TIMESTAMPTZ);
            case INTERVAL_YEAR, INTERVAL_YEAR_MONTH, INTERVAL_MONTH -> ColumnType.of(SqlType.INTERVAL_MONTH);
            case INTERVAL_DAY,
                    INTERVAL_DAY_HOUR,
                    INTERVAL_DAY_MINUTE,
                    INTERVAL_DAY_SECOND,
                    INTERVAL_HOUR,
                    INTERVAL_HOUR_MINUTE,
                    INTERVAL_HOUR_SECOND,
                    INTERVAL_MINUTE,
                    INTERVAL_MINUTE_SECOND,
                    INTERVAL_SECOND -> ColumnType.of(SqlType.INTERVAL_DAY);
            case ARRAY, MULTISET -> ColumnType.array(columnType(required(type.getComponentType(), type)));
            case MAP -> ColumnType.map(columnType(required(type.getValueType(), type)));
            case ROW -> ColumnType.row(fields(type));
            case UUID -> ColumnType.of(SqlType.UUID);
            case ANY, VARIANT, OTHER -> ColumnType.of(SqlType.JSON);
            case NULL -> ColumnType.of(SqlType.NULL);
            default -> throw new UnsupportedExpressionException("type " + type + " is not supported here");
        };
        return found.withNullable(type.isNullable());
    }

    private static List<ColumnInfo> fields(RelDataType type) {
        List<ColumnInfo> fields = new ArrayList<>();
        for (RelDataTypeField field : type.getFieldList()) {
            fields.add(new ColumnInfo(field.getName(), columnType(field.getType())));
        }
        return fields;
    }

    private static RelDataType required(@org.jspecify.annotations.Nullable RelDataType part, RelDataType whole) {
        if (part == null) {
            throw new UnsupportedExpressionException("type " + whole + " is not supported here");
        }
        return part;
    }

    static boolean isMonthInterval(RelDataType type) {
        return columnType(type).type() == SqlType.INTERVAL_MONTH;
    }

    static boolean isWhole(SqlType type) {
        return type == SqlType.SMALLINT || type == SqlType.INTEGER || type == SqlType.BIGINT;
    }

    static boolean isNumber(SqlType type) {
        return isWhole(type) || type == SqlType.DECIMAL || type == SqlType.REAL || type == SqlType.DOUBLE;
    }

    /// Dates, times of day and timestamps; no intervals.
    static boolean isTime(SqlType type) {
        return type == SqlType.DATE || type == SqlType.TIME || isTimestamp(type);
    }

    static boolean isTimestamp(SqlType type) {
        return type == SqlType.TIMESTAMP || type == SqlType.TIMESTAMPTZ;
    }

    /// Whether columns of two types hold the same objects, so that a cast changes nothing.
    static boolean sameShape(ColumnType left, ColumnType right) {
        if (left.type() != right.type()
                || left.fields().size() != right.fields().size()) {
            return false;
        }
        if (left.type() == SqlType.DECIMAL && left.scale() != right.scale()) {
            return false;
        }
        ColumnType leftElement = left.element();
        ColumnType rightElement = right.element();
        if (leftElement != null && rightElement != null && !sameShape(leftElement, rightElement)) {
            return false;
        }
        for (int i = 0; i < left.fields().size(); i++) {
            if (!sameShape(left.fields().get(i).type(), right.fields().get(i).type())) {
                return false;
            }
        }
        return true;
    }

    static long least(SqlType type) {
        return switch (type) {
            case SMALLINT -> Short.MIN_VALUE;
            case INTEGER -> Integer.MIN_VALUE;
            default -> Long.MIN_VALUE;
        };
    }

    static long greatest(SqlType type) {
        return switch (type) {
            case SMALLINT -> Short.MAX_VALUE;
            case INTEGER -> Integer.MAX_VALUE;
            default -> Long.MAX_VALUE;
        };
    }
}
