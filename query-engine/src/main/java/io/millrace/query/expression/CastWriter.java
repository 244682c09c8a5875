package io.millrace.query.expression;

import static io.millrace.query.expression.CodeWriter.CASTS;
import static io.millrace.query.expression.CodeWriter.FUNCTIONS;
import static io.millrace.query.expression.ExpressionTypes.REX;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import java.util.UUID;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.type.SqlTypeName;
import org.jspecify.annotations.Nullable;

/// Casts from each type to each other one; what is not here goes to Calcite.
final class CastWriter {
    private final ExpressionWriter expressions;
    private final CodeWriter code;
    private final Representations representations;
    private final JsonWriter json;

    CastWriter(ExpressionWriter expressions, CodeWriter code, Representations representations, JsonWriter json) {
        this.expressions = expressions;
        this.code = code;
        this.representations = representations;
        this.json = json;
    }

    /// CAST, and TRY_CAST, which gives NULL where the other fails.
    ValueCode call(RexCall call) {
        RexNode operand = call.getOperands().get(0);
        ValueCode value = expressions.write(operand);
        if (call.getKind() == SqlKind.CAST) {
            return cast(call, value, operand.getType(), call.getType());
        }
        // a failing cast gives NULL
        BranchTarget target = BranchTarget.declare(code, call.getType());
        code.block("try", () -> {
            ValueCode cast = cast(call, value, operand.getType(), call.getType());
            return target.assign(representations.convert(cast, call.getType(), call.getType()));
        });
        code.append("catch (RuntimeException e) { " + target.forget() + " }\n");
        return target.value();
    }

    /// REINTERPRET: another type that is held in the same way.
    ValueCode reinterpret(RexCall call) {
        ValueCode value = expressions.write(call.getOperands().get(0));
        return value.representation() == Representation.of(call.getType()) ? value : expressions.viaCalcite(call);
    }

    private ValueCode cast(RexCall call, ValueCode value, RelDataType fromType, RelDataType toType) {
        ColumnType from = ExpressionTypes.columnType(fromType);
        ColumnType to = ExpressionTypes.columnType(toType);
        Representation wanted = Representation.of(toType);
        if (value.alwaysNull()) {
            return ValueCode.nothing(wanted);
        }
        boolean fromText = from.type() == SqlType.VARCHAR;
        String n = value.isNull();
        String v = value.value();
        if (from.type() == SqlType.JSON && to.type() != SqlType.JSON && to.type() != SqlType.VARCHAR) {
            // the scalar's text; JSON null is NULL
            ValueCode scalar = json.scalar(value);
            RelDataType text = REX.getTypeFactory().createSqlType(SqlTypeName.VARCHAR);
            return switch (to.type()) {
                case ARRAY, MAP, ROW ->
                    code.guarded(
                            n,
                            Representation.OBJECT,
                            code.constant(new JsonCast(to)) + ".apply("
                                    + representations.slice(value).slice() + ")");
                default -> cast(call, scalar, text, toType);
            };
        }
        switch (to.type()) {
            case BOOLEAN -> {
                if (from.type() == SqlType.BOOLEAN) {
                    return value;
                }
                if (fromText) {
                    return code.guarded(n, wanted, CASTS + "textToBoolean(" + value.asText() + ")");
                }
                if (ExpressionTypes.isWhole(from.type())) {
                    return code.total(n, wanted, v + " != 0L");
                }
            }
            case SMALLINT, INTEGER, BIGINT -> {
                String limits = ", \"" + to.type() + "\", " + LiteralWriter.text(ExpressionTypes.least(to.type()))
                        + ", " + LiteralWriter.text(ExpressionTypes.greatest(to.type())) + ")";
                if (from.type() == SqlType.BOOLEAN) {
                    return representations.as(value, Representation.LONG);
                }
                if (ExpressionTypes.isWhole(from.type())) {
                    return ExpressionTypes.greatest(from.type()) <= ExpressionTypes.greatest(to.type())
                            ? value
                            : code.guarded(n, wanted, CASTS + "longToLong(" + v + limits);
                }
                if (value.representation() == Representation.DOUBLE) {
                    return code.guarded(n, wanted, CASTS + "doubleToLong(" + v + limits);
                }
                if (value.representation() == Representation.DECIMAL) {
                    return code.guarded(n, wanted, CASTS + "decimalToLong(" + v + limits);
                }
                if (fromText) {
                    ValueCode bytes = representations.slice(value);
                    return code.guarded(bytes.isNull(), wanted, CASTS + "textToLong(" + bytes.slice() + limits);
                }
            }
            case DOUBLE, REAL -> {
                String result = null;
                if (value.representation() == Representation.DOUBLE || ExpressionTypes.isWhole(from.type())) {
                    result = "(double) " + v;
                } else if (value.representation() == Representation.DECIMAL) {
                    result = v + ".doubleValue()";
                } else if (fromText) {
                    result = CASTS + "textToDouble(" + value.asText() + ")";
                }
                if (result != null) {
                    return code.guarded(
                            n, wanted, to.type() == SqlType.REAL ? CASTS + "toReal(" + result + ")" : result);
                }
            }
            case DECIMAL -> {
                String type = ", " + to.precision() + ", " + to.scale() + ")";
                if (value.representation() == Representation.DECIMAL) {
                    return from.scale() == to.scale() && from.precision() <= to.precision() && from.precision() >= 0
                            ? value
                            : representations.fit(n, v, toType);
                }
                if (ExpressionTypes.isWhole(from.type())) {
                    return code.guarded(n, wanted, CASTS + "longToDecimal(" + v + type);
                }
                if (value.representation() == Representation.DOUBLE) {
                    return code.guarded(n, wanted, CASTS + "doubleToDecimal(" + v + type);
                }
                if (fromText) {
                    return code.guarded(n, wanted, CASTS + "textToDecimal(" + value.asText() + type);
                }
            }
            case VARCHAR -> {
                ValueCode text = castToText(value, from);
                if (text != null) {
                    return cutToLength(text, from, fromType, toType);
                }
            }
            case DATE -> {
                if (from.type() == SqlType.DATE) {
                    return value;
                }
                if (fromText) {
                    return code.guarded(n, wanted, CASTS + "textToDate(" + value.asText() + ")");
                }
                if (ExpressionTypes.isTimestamp(from.type())) {
                    return code.total(n, wanted, FUNCTIONS + "dateOf(" + v + ")");
                }
            }
            case TIME -> {
                if (from.type() == SqlType.TIME) {
                    return value;
                }
                if (fromText) {
                    return code.guarded(n, wanted, CASTS + "textToTime(" + value.asText() + ")");
                }
                if (ExpressionTypes.isTimestamp(from.type())) {
                    return code.total(n, wanted, FUNCTIONS + "timeOf(" + v + ")");
                }
            }
            case TIMESTAMP, TIMESTAMPTZ -> {
                if (ExpressionTypes.isTimestamp(from.type())) {
                    return value;
                }
                if (fromText) {
                    return code.guarded(n, wanted, CASTS + "textToTimestamp(" + value.asText() + ")");
                }
                if (from.type() == SqlType.DATE) {
                    return code.total(n, wanted, v + " * 86400000L");
                }
            }
            case INTERVAL_DAY, INTERVAL_MONTH -> {
                if (from.type() == to.type()) {
                    return value;
                }
            }
            case UUID -> {
                if (from.type() == SqlType.UUID) {
                    return value;
                }
                if (fromText) {
                    return code.guarded(n, wanted, CASTS + "textToUuid(" + value.asText() + ")");
                }
            }
            case VARBINARY -> {
                if (from.type() == SqlType.VARBINARY) {
                    return toType.getPrecision() < 0
                                    || toType.getPrecision() >= fromType.getPrecision() && fromType.getPrecision() >= 0
                            ? value
                            : expressions.viaCalcite(call);
                }
                if (fromText) { // the text's UTF-8 bytes, as PostgreSQL's convert_to
                    return representations.slice(value);
                }
            }
            case JSON -> {
                if (from.type() == SqlType.JSON) {
                    return value;
                }
                return code.guarded(
                        n, wanted, code.constant(new JsonRender(from)) + ".apply(" + representations.box(value) + ")");
            }
            case ARRAY, MAP, ROW -> {
                if (ExpressionTypes.sameShape(from, to)) {
                    return value;
                }
                if (from.type() == to.type()) {
                    return code.guarded(
                            n, Representation.OBJECT, code.constant(new NestedCast(from, to)) + ".apply(" + v + ")");
                }
            }
            case NULL -> {
                return ValueCode.nothing(wanted);
            }
        }
        return expressions.viaCalcite(call);
    }

    private @Nullable ValueCode castToText(ValueCode value, ColumnType from) {
        String n = value.isNull();
        String v = value.value();
        return switch (from.type()) {
            case VARCHAR -> value;
            case JSON -> json.scalar(value);
            case BOOLEAN -> code.guarded(n, Representation.TEXT, CASTS + "booleanToText(" + v + ")");
            case SMALLINT, INTEGER, BIGINT -> code.guarded(n, Representation.TEXT, "Long.toString(" + v + ")");
            case REAL -> code.guarded(n, Representation.TEXT, CASTS + "realToText(" + v + ")");
            case DOUBLE -> code.guarded(n, Representation.TEXT, "Double.toString(" + v + ")");
            case DECIMAL -> code.guarded(n, Representation.TEXT, CASTS + "decimalToText(" + v + ")");
            case DATE -> code.guarded(n, Representation.TEXT, CASTS + "dateToText(" + v + ")");
            case TIME -> code.guarded(n, Representation.TEXT, CASTS + "timeToText(" + v + ")");
            case TIMESTAMP -> code.guarded(n, Representation.TEXT, CASTS + "timestampToText(" + v + ")");
            case TIMESTAMPTZ -> code.guarded(n, Representation.TEXT, CASTS + "instantToText(" + v + ")");
            case UUID -> code.guarded(n, Representation.TEXT, CASTS + "uuidToText(" + v + ", " + value.start() + ")");
            case ARRAY, MAP, ROW ->
                code.guarded(n, Representation.SLICE, code.constant(new JsonRender(from)) + ".apply(" + v + ")");
            case VARBINARY, INTERVAL_DAY, INTERVAL_MONTH, NULL -> null;
        };
    }

    private ValueCode cutToLength(ValueCode value, ColumnType from, RelDataType fromType, RelDataType toType) {
        int length = toType.getPrecision();
        boolean pad = toType.getSqlTypeName() == SqlTypeName.CHAR;
        boolean fits =
                from.type() == SqlType.VARCHAR && fromType.getPrecision() >= 0 && fromType.getPrecision() <= length;
        if (length < 0
                || (fits
                        && (!pad
                                || fromType.getPrecision() == length
                                        && fromType.getSqlTypeName() == toType.getSqlTypeName()))) {
            return value;
        }
        return code.guarded(
                value.isNull(),
                Representation.TEXT,
                CASTS + "toLength(" + value.asText() + ", " + length + ", " + pad + ")");
    }
}
