package io.millrace.query.sql;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.avatica.util.TimeUnit;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rel.type.RelDataTypeField;
import org.apache.calcite.rel.type.StructKind;
import org.apache.calcite.sql.SqlIntervalQualifier;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.SqlTypeName;
import org.jspecify.annotations.Nullable;

/// The engine's column types as Calcite's, and back.
final class Types {
    /// Calcite's word for "no length": VARCHAR without one is unlimited.
    private static final int UNLIMITED = RelDataType.PRECISION_NOT_SPECIFIED;

    private Types() {}

    static RelDataType toCalcite(ColumnType type, RelDataTypeFactory factory) {
        RelDataType bare = switch (type.type()) {
            case BOOLEAN -> factory.createSqlType(SqlTypeName.BOOLEAN);
            case SMALLINT -> factory.createSqlType(SqlTypeName.SMALLINT);
            case INTEGER -> factory.createSqlType(SqlTypeName.INTEGER);
            case BIGINT -> factory.createSqlType(SqlTypeName.BIGINT);
            case DECIMAL -> factory.createSqlType(SqlTypeName.DECIMAL, type.precision(), type.scale());
            case REAL -> factory.createSqlType(SqlTypeName.REAL);
            case DOUBLE -> factory.createSqlType(SqlTypeName.DOUBLE);
            case VARCHAR ->
                type.precision() < 0
                        ? factory.createSqlType(SqlTypeName.VARCHAR)
                        : factory.createSqlType(SqlTypeName.VARCHAR, type.precision());
            case VARBINARY -> factory.createSqlType(SqlTypeName.VARBINARY);
            case DATE -> factory.createSqlType(SqlTypeName.DATE);
            case TIME -> factory.createSqlType(SqlTypeName.TIME, 3);
            case TIMESTAMP -> factory.createSqlType(SqlTypeName.TIMESTAMP, 3);
            case TIMESTAMPTZ -> factory.createSqlType(SqlTypeName.TIMESTAMP_WITH_LOCAL_TIME_ZONE, 3);
            case INTERVAL_DAY ->
                factory.createSqlIntervalType(
                        new SqlIntervalQualifier(TimeUnit.DAY, TimeUnit.SECOND, SqlParserPos.ZERO));
            case INTERVAL_MONTH ->
                factory.createSqlIntervalType(
                        new SqlIntervalQualifier(TimeUnit.YEAR, TimeUnit.MONTH, SqlParserPos.ZERO));
            case ARRAY -> factory.createArrayType(toCalcite(element(type), factory), -1);
            case MAP ->
                factory.createMapType(factory.createSqlType(SqlTypeName.VARCHAR), toCalcite(element(type), factory));
            case ROW -> {
                RelDataTypeFactory.Builder row = factory.builder().kind(StructKind.PEEK_FIELDS_NO_EXPAND);
                for (ColumnInfo field : type.fields()) {
                    row.add(field.name(), toCalcite(field.type(), factory));
                }
                yield row.build();
            }
            case JSON -> factory.createSqlType(SqlTypeName.VARIANT);
            case UUID -> factory.createSqlType(SqlTypeName.UUID);
            case NULL -> factory.createSqlType(SqlTypeName.NULL);
        };
        return factory.createTypeWithNullability(bare, type.nullable());
    }

    private static ColumnType element(ColumnType type) {
        ColumnType element = type.element();
        if (element == null) {
            throw new IllegalArgumentException(type.type() + " without an element type");
        }
        return element;
    }

    /// The engine's type, null when it has none.
    static @Nullable ColumnType orNull(RelDataType type) {
        ColumnType bare = switch (type.getSqlTypeName()) {
            case BOOLEAN -> ColumnType.of(SqlType.BOOLEAN);
            case TINYINT, SMALLINT -> ColumnType.of(SqlType.SMALLINT);
            case INTEGER -> ColumnType.of(SqlType.INTEGER);
            case BIGINT -> ColumnType.of(SqlType.BIGINT);
            case DECIMAL -> ColumnType.decimal(type.getPrecision(), type.getScale());
            case REAL -> ColumnType.of(SqlType.REAL);
            case FLOAT, DOUBLE -> ColumnType.of(SqlType.DOUBLE);
            // a CHAR is a text whose length is known, and nothing pads it
            case CHAR -> ColumnType.of(SqlType.VARCHAR);
            case VARCHAR ->
                new ColumnType(
                        SqlType.VARCHAR,
                        type.getPrecision() == UNLIMITED ? -1 : type.getPrecision(),
                        0,
                        true,
                        null,
                        List.of());
            case BINARY, VARBINARY -> ColumnType.of(SqlType.VARBINARY);
            case DATE -> ColumnType.of(SqlType.DATE);
            case TIME -> ColumnType.of(SqlType.TIME);
            case TIMESTAMP -> ColumnType.of(SqlType.TIMESTAMP);
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE, TIMESTAMP_TZ -> ColumnType.of(SqlType.TIMESTAMPTZ);
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
            case INTERVAL_YEAR, INTERVAL_YEAR_MONTH, INTERVAL_MONTH -> ColumnType.of(SqlType.INTERVAL_MONTH);
            case ARRAY, MULTISET -> {
                ColumnType element = nested(type.getComponentType());
                yield element == null ? null : ColumnType.array(element);
            }
            case MAP -> {
                ColumnType values = nested(type.getValueType());
                yield values == null ? null : ColumnType.map(values);
            }
            case ROW -> row(type);
            case VARIANT -> ColumnType.of(SqlType.JSON);
            case UUID -> ColumnType.of(SqlType.UUID);
            case NULL -> ColumnType.of(SqlType.NULL);
            default -> null; // the type names are Calcite's, and new ones come with its releases
        };
        return bare == null ? null : bare.withNullable(type.isNullable());
    }

    private static @Nullable ColumnType nested(@Nullable RelDataType type) {
        return type == null ? null : orNull(type);
    }

    private static @Nullable ColumnType row(RelDataType type) {
        List<ColumnInfo> fields = new ArrayList<>();
        for (RelDataTypeField field : type.getFieldList()) {
            ColumnType fieldType = orNull(field.getType());
            if (fieldType == null) {
                return null;
            }
            fields.add(new ColumnInfo(field.getName(), fieldType));
        }
        return ColumnType.row(fields);
    }

    /// @throws io.millrace.query.SqlException the engine has no such type
    static ColumnType of(RelDataType type, String what) {
        ColumnType known = orNull(type);
        if (known == null) {
            throw Problems.unsupported(
                    what + " has type " + type + ", which Millrace cannot store", null, "Cast it to another type.");
        }
        return known;
    }

    static Schema schema(RelDataType row) {
        List<ColumnInfo> columns = new ArrayList<>();
        for (RelDataTypeField field : row.getFieldList()) {
            columns.add(new ColumnInfo(field.getName(), of(field.getType(), "Column '" + field.getName() + "'")));
        }
        return new Schema(columns);
    }

    /// How SQL writes a type so that it can be read back.
    static String sql(ColumnType type) {
        return switch (type.type()) {
            case TIMESTAMP -> "TIMESTAMP(3)";
            case TIMESTAMPTZ -> "timestamptz";
            case JSON -> "json";
            case UUID -> "uuid";
            case ARRAY -> sql(element(type)) + " ARRAY";
            case MAP -> "MAP<VARCHAR, " + sql(element(type)) + ">";
            case VARCHAR -> type.precision() < 0 ? "VARCHAR" : "VARCHAR(" + type.precision() + ")";
            case ROW -> {
                StringBuilder text = new StringBuilder("ROW(");
                for (ColumnInfo field : type.fields()) {
                    text.append(text.length() == 4 ? "" : ", ")
                            .append(quoted(field.name()))
                            .append(' ')
                            .append(sql(field.type()));
                }
                yield text.append(')').toString();
            }
            case INTERVAL_DAY -> "INTERVAL DAY TO SECOND";
            case INTERVAL_MONTH -> "INTERVAL YEAR TO MONTH";
            case NULL -> "VARCHAR";
            case BOOLEAN, SMALLINT, INTEGER, BIGINT, DECIMAL, REAL, DOUBLE, VARBINARY, DATE, TIME ->
                type.toString().replace(",", ", ");
        };
    }

    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    static boolean isTime(ColumnType type) {
        return type.type() == SqlType.TIMESTAMP || type.type() == SqlType.TIMESTAMPTZ;
    }
}
