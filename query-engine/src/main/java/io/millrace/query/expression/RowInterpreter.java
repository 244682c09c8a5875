package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.CalcProgram;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.calcite.DataContext;
import org.apache.calcite.linq4j.function.Function1;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexExecutorImpl;
import org.apache.calcite.rex.RexFieldAccess;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.util.Sarg;
import org.jspecify.annotations.Nullable;

/// Evaluates programs one boxed row at a time, by recursion: the oracle beside the generated code.
///
/// The core operators are written here in the dumbest way (big numbers, `java.time`, regular expressions, no sharing);
/// other functions go to Calcite's own executor. Values are as [io.millrace.query.data.Column#objectAt] gives them.
/// Threading: one thread at a time.
public final class RowInterpreter {
    private final CalcProgram program;
    private final EvaluationContext context;
    private final Map<String, Function1<DataContext, Object[]>> executables = new HashMap<>();

    private RowInterpreter(CalcProgram program, long nowMs) {
        this.program = program;
        context = new EvaluationContext(nowMs);
    }

    /// The program as a function of a row.
    public static Function<List<? extends @Nullable Object>, Result> of(CalcProgram program) {
        return of(program, System.currentTimeMillis());
    }

    /// The same with a given meaning of CURRENT_TIMESTAMP.
    public static Function<List<? extends @Nullable Object>, Result> of(CalcProgram program, long nowMs) {
        RowInterpreter interpreter = new RowInterpreter(program, nowMs);
        return interpreter::run;
    }

    /// What becomes of a row.
    public sealed interface Result {
        /// The condition holds.
        record Passed(List<@Nullable Object> values) implements Result {
            public Passed {
                values = Collections.unmodifiableList(new ArrayList<>(values));
            }
        }

        /// The condition is false or unknown.
        record Filtered() implements Result {}

        /// Evaluation is impossible.
        record Failed(String reason) implements Result {}
    }

    private Result run(List<? extends @Nullable Object> row) {
        try {
            RexLocalRef condition = program.rex().getCondition();
            if (condition != null && !isTrue(eval(condition, row))) {
                return new Result.Filtered();
            }
            List<@Nullable Object> values = new ArrayList<>();
            for (RexLocalRef project : program.rex().getProjectList()) {
                values.add(eval(project, row));
            }
            return new Result.Passed(values);
        } catch (UnsupportedExpressionException e) {
            throw e;
        } catch (RuntimeException | StackOverflowError e) {
            return new Result.Failed(RowFailure.reasonOf(e));
        }
    }

    private static boolean isTrue(@Nullable Object value) {
        return value != null && (Long) value != 0;
    }

    private static Long bool(boolean value) {
        return value ? 1L : 0L;
    }

    private static SqlType typeOf(RexNode node) {
        return ExpressionTypes.columnType(node.getType()).type();
    }

    private RexNode resolve(RexNode node) {
        return Nodes.resolve(program, node);
    }

    private @Nullable Object eval(RexNode node, List<? extends @Nullable Object> row) {
        RexNode resolved = resolve(node);
        return switch (resolved) {
            case RexInputRef input -> row.get(input.getIndex());
            case RexLiteral literal -> Literals.value(literal);
            case RexFieldAccess access -> {
                Object value = eval(access.getReferenceExpr(), row);
                yield value == null
                        ? null
                        : ((Object[]) value)[access.getField().getIndex()];
            }
            case RexCall call -> call(call, row);
            default ->
                throw new UnsupportedExpressionException(
                        "expression " + resolved + " cannot be evaluated for each row");
        };
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String string(Object value) {
        return new String((byte[]) value, StandardCharsets.UTF_8);
    }

    private @Nullable Object call(RexCall call, List<? extends @Nullable Object> row) {
        List<RexNode> operands = call.getOperands();
        if (MillraceFunctions.isOwn(call.getOperator())) {
            return own(call, row);
        }
        switch (call.getKind()) {
            case AND, OR -> {
                boolean decisive = call.getKind() == SqlKind.OR;
                boolean unknown = false;
                for (RexNode operand : operands) {
                    Object value = eval(operand, row);
                    if (value == null) {
                        unknown = true;
                    } else if (isTrue(value) == decisive) {
                        return bool(decisive);
                    }
                }
                return unknown ? null : bool(!decisive);
            }
            case CASE -> {
                for (int i = 0; i + 1 < operands.size(); i += 2) {
                    if (isTrue(eval(operands.get(i), row))) {
                        return adapt(eval(operands.get(i + 1), row), operands.get(i + 1), call);
                    }
                }
                RexNode last = operands.getLast();
                return adapt(eval(last, row), last, call);
            }
            case COALESCE, NVL -> {
                for (RexNode operand : operands) {
                    Object value = eval(operand, row);
                    if (value != null) {
                        return adapt(value, operand, call);
                    }
                }
                return null;
            }
            case SEARCH -> {
                return search(call, row);
            }
            default -> {}
        }
        if (call.getOperator() == SqlStdOperatorTable.POWER) {
            Object base = eval(operands.get(0), row);
            Object exponent = eval(operands.get(1), row);
            return base == null || exponent == null
                    ? null
                    : Math.pow(((Number) base).doubleValue(), ((Number) exponent).doubleValue());
        }
        if (call.getKind() == SqlKind.ROW || call.getKind() == SqlKind.ARRAY_VALUE_CONSTRUCTOR) {
            return construct(call, row);
        }
        if (!ownOperator(call)) {
            return viaCalcite(call, row);
        }
        List<@Nullable Object> values = new ArrayList<>();
        for (RexNode operand : operands) {
            values.add(isSymbol(operand) ? null : eval(operand, row));
        }
        Object first = values.get(0);
        switch (call.getKind()) {
            case IS_NULL, IS_UNKNOWN -> {
                return bool(first == null);
            }
            case IS_NOT_NULL -> {
                return bool(first != null);
            }
            case IS_TRUE -> {
                return bool(isTrue(first));
            }
            case IS_NOT_TRUE -> {
                return bool(!isTrue(first));
            }
            case IS_FALSE -> {
                return bool(first != null && !isTrue(first));
            }
            case IS_NOT_FALSE -> {
                return bool(first == null || isTrue(first));
            }
            case IS_DISTINCT_FROM, IS_NOT_DISTINCT_FROM -> {
                Object second = values.get(1);
                boolean same =
                        first == null || second == null ? first == null && second == null : compare(first, second) == 0;
                return bool(same == (call.getKind() == SqlKind.IS_NOT_DISTINCT_FROM));
            }
            case SAFE_CAST -> {
                if (first == null) {
                    return null;
                }
                try {
                    return cast(first, operands.get(0).getType(), call.getType());
                } catch (RowFailure e) {
                    return null;
                }
            }
            default -> {}
        }
        for (int i = 0; i < values.size(); i++) {
            if (values.get(i) == null && !isSymbol(operands.get(i))) {
                return null;
            }
        }
        return strict(call, values);
    }

    private boolean isSymbol(RexNode node) {
        return resolve(node) instanceof RexLiteral literal && literal.getTypeName() == SqlTypeName.SYMBOL;
    }

    /// Whether [#strict] or the cases around it know the operator.
    private boolean ownOperator(RexCall call) {
        List<RexNode> operands = call.getOperands();
        return switch (call.getKind()) {
            case NOT,
                    IS_NULL,
                    IS_NOT_NULL,
                    IS_UNKNOWN,
                    IS_TRUE,
                    IS_NOT_TRUE,
                    IS_FALSE,
                    IS_NOT_FALSE,
                    IS_DISTINCT_FROM,
                    IS_NOT_DISTINCT_FROM,
                    EQUALS,
                    NOT_EQUALS,
                    LESS_THAN,
                    LESS_THAN_OR_EQUAL,
                    GREATER_THAN,
                    GREATER_THAN_OR_EQUAL,
                    PLUS,
                    CHECKED_PLUS,
                    MINUS,
                    CHECKED_MINUS,
                    TIMES,
                    CHECKED_TIMES,
                    DIVIDE,
                    CHECKED_DIVIDE,
                    MOD,
                    MINUS_PREFIX,
                    CHECKED_MINUS_PREFIX,
                    PLUS_PREFIX,
                    CHAR_LENGTH -> true;
            case OTHER_FUNCTION -> !operands.isEmpty() && (Nodes.isPartOfText(call) || isPlainExists(call));
            case FLOOR -> operands.size() == 1 || isWeek(operands.get(1));
            case CEIL -> operands.size() == 1;
            case REINTERPRET ->
                ExpressionTypes.columnType(operands.get(0).getType()).type().storage()
                        == ExpressionTypes.columnType(call.getType()).type().storage();
            case CAST, SAFE_CAST -> ownCast(typeOf(operands.get(0)), typeOf(call));
            case LIKE -> Nodes.isPlainLike(call) && resolve(operands.get(1)) instanceof RexLiteral;
            case OTHER -> call.getOperator() == SqlStdOperatorTable.CONCAT;
            case ITEM ->
                call.getOperator() == SqlStdOperatorTable.ITEM
                        && switch (typeOf(operands.get(0))) {
                            case ARRAY, MAP, JSON -> true;
                            case ROW -> resolve(operands.get(1)) instanceof RexLiteral;
                            default -> false;
                        };
            default -> false;
        };
    }

    private @Nullable Object strict(RexCall call, List<@Nullable Object> values) {
        Object first = present(values, 0);
        SqlType type = typeOf(call);
        return switch (call.getKind()) {
            case NOT -> bool(!isTrue(first));
            case EQUALS -> bool(compare(first, present(values, 1)) == 0);
            case NOT_EQUALS -> bool(compare(first, present(values, 1)) != 0);
            case LESS_THAN -> bool(compare(first, present(values, 1)) < 0);
            case LESS_THAN_OR_EQUAL -> bool(compare(first, present(values, 1)) <= 0);
            case GREATER_THAN -> bool(compare(first, present(values, 1)) > 0);
            case GREATER_THAN_OR_EQUAL -> bool(compare(first, present(values, 1)) >= 0);
            case PLUS_PREFIX, REINTERPRET -> first;
            case MINUS_PREFIX, CHECKED_MINUS_PREFIX ->
                switch (first) {
                    case Long number -> whole(BigInteger.valueOf(number).negate(), type);
                    case Double number -> -number;
                    default -> ((BigDecimal) first).negate();
                };
            case CHAR_LENGTH ->
                (long) string(first).codePointCount(0, string(first).length());
            case FLOOR -> values.size() == 2 ? monday(first, call) : round(first, call, RoundingMode.FLOOR);
            case OTHER_FUNCTION -> isPlainExists(call) ? exists(call, first) : part(call, values);
            case CEIL -> round(first, call, RoundingMode.CEILING);
            case CAST -> cast(first, call.getOperands().get(0).getType(), call.getType());
            case LIKE ->
                bool(like(
                        string(first),
                        string(present(values, 1)),
                        values.size() > 2 ? string(present(values, 2)) : ""));
            case OTHER -> utf8(string(first) + string(present(values, 1)));
            case ITEM -> item(call, first, present(values, 1));
            default -> arithmetic(call, first, present(values, 1));
        };
    }

    private static Object present(List<@Nullable Object> values, int index) {
        Object value = values.get(index);
        if (value == null) {
            throw new IllegalStateException("operand " + index + " is null");
        }
        return value;
    }

    /// JSON_EXISTS is true of a member that is JSON's null, as the standard and PostgreSQL have it (Calcite says
    /// false).
    private boolean isPlainExists(RexCall call) {
        return call.getOperator().getName().equals("JSON_EXISTS")
                && call.getOperands().size() == 2
                && Nodes.plainJsonPath(call, resolve(call.getOperands().get(1))) != null;
    }

    private Object exists(RexCall call, Object document) {
        JsonPath path = Nodes.plainJsonPath(call, resolve(call.getOperands().get(1)));
        byte[] bytes = (byte[]) document;
        return bool(path != null && path.exists(bytes, 0, bytes.length));
    }

    private boolean isWeek(RexNode node) {
        return resolve(node) instanceof RexLiteral literal && "WEEK".equals(String.valueOf(literal.getValue()));
    }

    /// Weeks begin on Monday, as in PostgreSQL (Calcite's on Sunday).
    private static Object monday(Object value, RexCall call) {
        boolean date = typeOf(call) == SqlType.DATE;
        LocalDate day = date
                ? LocalDate.ofEpochDay((Long) value)
                : dateTime((Long) value).toLocalDate();
        long monday = day.with(java.time.temporal.TemporalAdjusters.previousOrSame(java.time.DayOfWeek.MONDAY))
                .toEpochDay();
        return date ? monday : monday * 86_400_000;
    }

    private static Object part(RexCall call, List<@Nullable Object> values) {
        int[] characters = string(present(values, 0)).codePoints().toArray();
        long at = (Long) present(values, 1);
        long from;
        long to;
        switch (call.getOperator().getName()) {
            case "LEFT" -> {
                from = 0;
                to = at >= 0 ? at : characters.length + at;
            }
            case "RIGHT" -> {
                from = at >= 0 ? characters.length - at : -at;
                to = characters.length;
            }
            default -> {
                long count = values.size() > 2 ? (Long) present(values, 2) : Integer.MAX_VALUE;
                if (count < 0) {
                    throw new RowFailure("negative substring length not allowed");
                }
                from = at - 1;
                to = at - 1 + count;
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < characters.length; i++) {
            if (i >= from && i < to) {
                text.appendCodePoint(characters[i]);
            }
        }
        return utf8(text.toString());
    }

    private @Nullable Object construct(RexCall call, List<? extends @Nullable Object> row) {
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < call.getOperands().size(); i++) {
            RexNode operand = call.getOperands().get(i);
            RelDataType wanted = call.getKind() == SqlKind.ROW
                    ? call.getType().getFieldList().get(i).getType()
                    : call.getType().getComponentType();
            Object value = eval(operand, row);
            values.add(wanted == null ? value : adapt(value, operand.getType(), wanted));
        }
        return call.getKind() == SqlKind.ROW ? values.toArray() : values;
    }

    /// A branch's value as a value of the whole.
    private static @Nullable Object adapt(@Nullable Object value, RexNode from, RexNode to) {
        return adapt(value, from.getType(), to.getType());
    }

    private static @Nullable Object adapt(@Nullable Object value, RelDataType from, RelDataType to) {
        if (value == null || from.getSqlTypeName() == to.getSqlTypeName() && from.getScale() == to.getScale()) {
            return value;
        }
        return switch (ExpressionTypes.columnType(to).type()) {
            case DOUBLE, REAL -> ((Number) value).doubleValue();
            case DECIMAL -> fit(decimal(value), to);
            default -> value;
        };
    }

    private <C extends Comparable<C>> @Nullable Object search(RexCall call, List<? extends @Nullable Object> row) {
        RexLiteral literal = (RexLiteral) resolve(call.getOperands().get(1));
        Sarg<C> ranges = Literals.ranges(literal);
        return ranges == null
                ? null
                : eval(Nodes.comparisons(call.getOperands().get(0), ranges, literal.getType()), row);
    }

    private @Nullable Object own(RexCall call, List<? extends @Nullable Object> row) {
        List<@Nullable Object> values = new ArrayList<>();
        for (RexNode operand : call.getOperands()) {
            values.add(eval(operand, row));
        }
        if (values.contains(null)) {
            return null;
        }
        String name = call.getOperator().getName();
        if (name.equals(MillraceFunctions.WINDOW_START_NAME) || name.equals(MillraceFunctions.WINDOW_END_NAME)) {
            BigInteger time = BigInteger.valueOf((Long) present(values, 0));
            BigInteger size = BigInteger.valueOf((Long) present(values, 1));
            BigInteger offset = BigInteger.valueOf((Long) present(values, 2));
            BigInteger start = time.subtract(time.subtract(offset).mod(size));
            return (name.equals(MillraceFunctions.WINDOW_START_NAME) ? start : start.add(size)).longValueExact();
        }
        Object step = present(values, 1);
        JsonPath path = step instanceof Long index ? JsonPath.element(index.intValue()) : JsonPath.member(string(step));
        byte[] document = (byte[]) present(values, 0);
        return name.equals(MillraceFunctions.JSON_GET_NAME)
                ? path.json(document, 0, document.length)
                : path.text(document, 0, document.length);
    }

    // numbers

    private static BigDecimal decimal(Object value) {
        return switch (value) {
            case Long number -> BigDecimal.valueOf(number);
            case Double number -> {
                if (number.isNaN() || number.isInfinite()) {
                    throw RowFailure.badCast(number.toString(), "DECIMAL");
                }
                yield BigDecimal.valueOf(number);
            }
            default -> (BigDecimal) value;
        };
    }

    private static Long whole(BigInteger value, SqlType type) {
        int bits = type == SqlType.SMALLINT ? 15 : type == SqlType.INTEGER ? 31 : 63;
        if (value.bitLength() > bits) {
            throw RowFailure.outOfRange(
                    switch (type) {
                        case SMALLINT, INTEGER -> type.name();
                        default -> "BIGINT";
                    });
        }
        return value.longValueExact();
    }

    private static BigDecimal fit(BigDecimal value, RelDataType type) {
        BigDecimal rounded = value.setScale(type.getScale(), RoundingMode.HALF_UP);
        if (rounded.unscaledValue().abs().compareTo(BigInteger.TEN.pow(type.getPrecision())) >= 0) {
            throw RowFailure.outOfRange("DECIMAL(" + type.getPrecision() + "," + type.getScale() + ")");
        }
        return rounded;
    }

    private static Object round(Object value, RexCall call, RoundingMode mode) {
        return switch (value) {
            case Double number ->
                number.isNaN() || number.isInfinite()
                        ? number
                        : (Object) Math.copySign(
                                new BigDecimal(number).setScale(0, mode).doubleValue(), number);
            case BigDecimal number -> fit(number.setScale(0, mode), call.getType());
            default -> value;
        };
    }

    private @Nullable Object arithmetic(RexCall call, Object left, Object right) {
        SqlType leftType = typeOf(call.getOperands().get(0));
        SqlType rightType = typeOf(call.getOperands().get(1));
        if (ExpressionTypes.isTime(leftType) || ExpressionTypes.isTime(rightType)) {
            return timeArithmetic(call, left, leftType, right, rightType);
        }
        SqlType type = typeOf(call);
        boolean zero = !(right instanceof Double) && decimal(right).signum() == 0
                || right instanceof Double number && number == 0;
        SqlKind kind = call.getKind();
        if (zero && (kind == SqlKind.DIVIDE || kind == SqlKind.CHECKED_DIVIDE || kind == SqlKind.MOD)) {
            throw RowFailure.divisionByZero();
        }
        if (type == SqlType.DOUBLE || type == SqlType.REAL || left instanceof Double || right instanceof Double) {
            double x = ((Number) left).doubleValue();
            double y = ((Number) right).doubleValue();
            double result = switch (kind) {
                case PLUS, CHECKED_PLUS -> x + y;
                case MINUS, CHECKED_MINUS -> x - y;
                case TIMES, CHECKED_TIMES -> x * y;
                case MOD -> x % y;
                default -> x / y;
            };
            return switch (type) {
                case DOUBLE -> result;
                case REAL -> real(result);
                default -> doubleToWhole(result, type);
            };
        }
        if (type == SqlType.DECIMAL) {
            BigDecimal x = decimal(left);
            BigDecimal y = decimal(right);
            return fit(
                    switch (kind) {
                        case PLUS, CHECKED_PLUS -> x.add(y);
                        case MINUS, CHECKED_MINUS -> x.subtract(y);
                        case TIMES, CHECKED_TIMES -> x.multiply(y);
                        case MOD -> x.remainder(y);
                        default -> x.divide(y, call.getType().getScale(), RoundingMode.HALF_UP);
                    },
                    call.getType());
        }
        if (left instanceof BigDecimal || right instanceof BigDecimal) { // interval times decimal
            double x = ((Number) left).doubleValue();
            double y = ((Number) right).doubleValue();
            return doubleToWhole(kind == SqlKind.TIMES || kind == SqlKind.CHECKED_TIMES ? x * y : x / y, type);
        }
        BigInteger x = BigInteger.valueOf((Long) left);
        BigInteger y = BigInteger.valueOf((Long) right);
        return whole(
                switch (kind) {
                    case PLUS, CHECKED_PLUS -> x.add(y);
                    case MINUS, CHECKED_MINUS -> x.subtract(y);
                    case TIMES, CHECKED_TIMES -> x.multiply(y);
                    case MOD -> x.remainder(y);
                    default -> x.divide(y);
                },
                type);
    }

    private static Double real(double value) {
        float real = (float) value;
        if (Float.isInfinite(real) && !Double.isInfinite(value)) {
            throw RowFailure.outOfRange("REAL");
        }
        return (double) real;
    }

    private static Long doubleToWhole(double value, SqlType type) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw RowFailure.outOfRange(type.name());
        }
        BigInteger rounded =
                new BigDecimal(value).setScale(0, RoundingMode.HALF_UP).toBigInteger();
        try {
            return whole(rounded, type);
        } catch (RowFailure e) {
            throw RowFailure.outOfRange(type.name());
        }
    }

    private static LocalDateTime dateTime(long ms) {
        return LocalDateTime.ofInstant(Instant.ofEpochMilli(ms), ZoneOffset.UTC);
    }

    private @Nullable Object timeArithmetic(
            RexCall call, Object left, SqlType leftType, Object right, SqlType rightType) {
        boolean minus = Nodes.isMinus(call);
        boolean months = typeOf(call) == SqlType.INTERVAL_MONTH;
        if (ExpressionTypes.isTime(leftType) && ExpressionTypes.isTime(rightType)) {
            if (leftType == SqlType.DATE) {
                LocalDate x = LocalDate.ofEpochDay((Long) left);
                LocalDate y = LocalDate.ofEpochDay((Long) right);
                return months
                        ? java.time.temporal.ChronoUnit.MONTHS.between(y, x)
                        : java.time.temporal.ChronoUnit.DAYS.between(y, x) * 86_400_000;
            }
            return months
                    ? java.time.temporal.ChronoUnit.MONTHS.between(dateTime((Long) right), dateTime((Long) left))
                    : Math.subtractExact((long) (Long) left, (long) (Long) right);
        }
        boolean timeFirst = ExpressionTypes.isTime(leftType);
        long time = (Long) (timeFirst ? left : right);
        long amount = (Long) (timeFirst ? right : left) * (minus ? -1 : 1);
        SqlType timeType = timeFirst ? leftType : rightType;
        SqlType amountType = timeFirst ? rightType : leftType;
        return switch (timeType) {
            case DATE ->
                switch (amountType) {
                    case INTERVAL_MONTH ->
                        LocalDate.ofEpochDay(time).plusMonths(amount).toEpochDay();
                    case INTERVAL_DAY ->
                        typeOf(call) == SqlType.DATE
                                ? LocalDate.ofEpochDay(time)
                                        .plusDays(amount / 86_400_000)
                                        .toEpochDay()
                                : time * 86_400_000 + amount;
                    default -> time + amount;
                };
            case TIME ->
                LocalTime.ofNanoOfDay(time * 1_000_000)
                                .plusNanos(amount % 86_400_000 * 1_000_000)
                                .toNanoOfDay()
                        / 1_000_000;
            default ->
                amountType == SqlType.INTERVAL_MONTH
                        ? dateTime(time)
                                .plusMonths(amount)
                                .toInstant(ZoneOffset.UTC)
                                .toEpochMilli()
                        : Math.addExact(time, amount);
        };
    }

    // comparison

    private static int compare(Object left, Object right) {
        if (left instanceof Double || right instanceof Double) {
            return Double.compare(((Number) left).doubleValue() + 0.0, ((Number) right).doubleValue() + 0.0);
        }
        if (left instanceof BigDecimal || right instanceof BigDecimal) {
            return decimal(left).compareTo(decimal(right));
        }
        if (left instanceof Long number) {
            return number.compareTo((Long) right);
        }
        if (left instanceof byte[] bytes) {
            return Arrays.compareUnsigned(bytes, (byte[]) right);
        }
        return io.millrace.query.data.ObjectColumn.compareObjects(left, right);
    }

    // text

    private static boolean like(String text, String pattern, String escape) {
        StringBuilder regex = new StringBuilder();
        int escapeCodePoint = escape.isEmpty() ? -1 : escape.codePointAt(0);
        int[] codePoints = pattern.codePoints().toArray();
        for (int i = 0; i < codePoints.length; i++) {
            if (codePoints[i] == escapeCodePoint && i + 1 < codePoints.length) {
                regex.append(Pattern.quote(Character.toString(codePoints[++i])));
            } else if (codePoints[i] == '%') {
                regex.append(".*");
            } else if (codePoints[i] == '_') {
                regex.append('.');
            } else {
                regex.append(Pattern.quote(Character.toString(codePoints[i])));
            }
        }
        return Pattern.compile(regex.toString(), Pattern.DOTALL).matcher(text).matches();
    }

    private @Nullable Object item(RexCall call, Object container, Object index) {
        RexNode node = call.getOperands().get(0);
        return switch (typeOf(node)) {
            case ARRAY -> {
                long at = (Long) index;
                List<?> list = (List<?>) container;
                yield at >= 1 && at <= list.size() ? list.get((int) at - 1) : null;
            }
            case MAP -> ((Map<?, ?>) container).get(string(index));
            case ROW ->
                ((Object[]) container)
                        [
                        Nodes.rowField(node.getType(), (RexLiteral)
                                resolve(call.getOperands().get(1)))];
            default -> {
                JsonPath path = index instanceof Long number
                        ? JsonPath.element(number.intValue())
                        : JsonPath.member(string(index));
                byte[] document = (byte[]) container;
                yield path.json(document, 0, document.length);
            }
        };
    }

    // casts

    private static boolean ownCast(SqlType from, SqlType to) {
        return switch (to) {
            case SMALLINT, INTEGER, BIGINT ->
                ExpressionTypes.isNumber(from) || from == SqlType.VARCHAR || from == SqlType.BOOLEAN;
            case DECIMAL, REAL, DOUBLE -> ExpressionTypes.isNumber(from) || from == SqlType.VARCHAR;
            case BOOLEAN ->
                from == SqlType.BOOLEAN
                        || from == SqlType.VARCHAR
                        || from == SqlType.INTEGER
                        || from == SqlType.BIGINT
                        || from == SqlType.SMALLINT;
            case VARCHAR ->
                ExpressionTypes.isNumber(from)
                        || ExpressionTypes.isTime(from)
                        || from == SqlType.VARCHAR
                        || from == SqlType.BOOLEAN
                        || from == SqlType.UUID;
            case DATE, TIME -> from == to || from == SqlType.VARCHAR || ExpressionTypes.isTimestamp(from);
            case TIMESTAMP, TIMESTAMPTZ ->
                ExpressionTypes.isTimestamp(from) || from == SqlType.VARCHAR || from == SqlType.DATE;
            case UUID -> from == SqlType.VARCHAR || from == SqlType.UUID;
            case INTERVAL_DAY, INTERVAL_MONTH -> from == to;
            case VARBINARY -> from == SqlType.VARCHAR;
            case ARRAY, MAP, ROW, JSON -> true;
            case NULL -> true;
        };
    }

    private static Object cast(Object value, RelDataType fromType, RelDataType toType) {
        ColumnType from = ExpressionTypes.columnType(fromType);
        ColumnType to = ExpressionTypes.columnType(toType);
        boolean text = from.type() == SqlType.VARCHAR;
        return switch (to.type()) {
            case SMALLINT, INTEGER, BIGINT ->
                switch (value) {
                    case Double number -> doubleToWhole(number, to.type());
                    case BigDecimal number ->
                        whole(number.setScale(0, RoundingMode.HALF_UP).toBigInteger(), to.type());
                    case byte[] bytes -> {
                        String trimmed = string(bytes).strip();
                        if (!trimmed.matches("[+-]?[0-9]+")) {
                            throw RowFailure.badCast(string(bytes), to.type().name());
                        }
                        yield whole(
                                new BigInteger(trimmed.startsWith("+") ? trimmed.substring(1) : trimmed), to.type());
                    }
                    default -> whole(BigInteger.valueOf((Long) value), to.type());
                };
            case DECIMAL -> {
                if (!text) {
                    yield fit(decimal(value), toType);
                }
                String trimmed = string(value).strip();
                if (!trimmed.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?")) {
                    throw RowFailure.badCast(string(value), "DECIMAL");
                }
                yield fit(new BigDecimal(trimmed), toType);
            }
            case DOUBLE, REAL -> {
                double number = text ? doubleOf(string(value)) : ((Number) value).doubleValue();
                yield to.type() == SqlType.REAL ? real(number) : (Object) number;
            }
            case BOOLEAN ->
                text
                        ? switch (string(value).strip().toLowerCase(Locale.ROOT)) {
                            case "t", "true", "y", "yes", "on", "1" -> 1L;
                            case "f", "false", "n", "no", "off", "0" -> 0L;
                            default -> throw RowFailure.badCast(string(value), "BOOLEAN");
                        }
                        : bool((Long) value != 0);
            case VARCHAR -> utf8(cut(textOf(value, from), toType));
            case DATE ->
                text
                        ? dateOf(string(value))
                        : from.type() == SqlType.DATE
                                ? value
                                : (Object) dateTime((Long) value).toLocalDate().toEpochDay();
            case TIME ->
                text
                        ? timeOf(string(value))
                        : from.type() == SqlType.TIME
                                ? value
                                : (Object) (dateTime((Long) value).toLocalTime().toNanoOfDay() / 1_000_000);
            case TIMESTAMP, TIMESTAMPTZ ->
                text
                        ? Casts.textToTimestamp(string(value))
                        : from.type() == SqlType.DATE ? (Object) ((Long) value * 86_400_000) : value;
            case UUID -> text ? Casts.textToUuid(string(value)) : value;
            case INTERVAL_DAY, INTERVAL_MONTH, VARBINARY, NULL -> value;
            case JSON -> from.type() == SqlType.JSON ? value : new JsonRender(from).apply(value);
            case ARRAY, MAP, ROW ->
                from.type() == SqlType.JSON
                        ? java.util.Objects.requireNonNull(
                                new JsonCast(to).apply((byte[]) value, 0, ((byte[]) value).length))
                        : new NestedCast(from, to).apply(value);
        };
    }

    private static double doubleOf(String text) {
        String trimmed = text.strip();
        switch (trimmed.toLowerCase(Locale.ROOT)) {
            case "nan" -> {
                return Double.NaN;
            }
            case "inf", "+inf", "infinity", "+infinity" -> {
                return Double.POSITIVE_INFINITY;
            }
            case "-inf", "-infinity" -> {
                return Double.NEGATIVE_INFINITY;
            }
            default -> {
                if (!trimmed.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?")) {
                    throw RowFailure.badCast(text, "DOUBLE");
                }
                double value = new BigDecimal(trimmed).doubleValue();
                if (Double.isInfinite(value)) {
                    throw RowFailure.outOfRange("DOUBLE");
                }
                return value;
            }
        }
    }

    private static String textOf(Object value, ColumnType from) {
        return switch (from.type()) {
            case VARCHAR -> string(value);
            case BOOLEAN -> (Long) value != 0 ? "true" : "false";
            case DECIMAL -> ((BigDecimal) value).toPlainString();
            case REAL -> Float.toString(((Double) value).floatValue());
            case DATE -> LocalDate.ofEpochDay((Long) value).toString();
            case TIME -> withMs(LocalTime.ofNanoOfDay((Long) value * 1_000_000), (Long) value);
            case TIMESTAMP -> {
                LocalDateTime time = dateTime((Long) value);
                yield time.toLocalDate() + " " + withMs(time.toLocalTime(), (Long) value);
            }
            case TIMESTAMPTZ -> {
                LocalDateTime time = dateTime((Long) value);
                yield time.toLocalDate() + "T" + withMs(time.toLocalTime(), (Long) value) + "Z";
            }
            case UUID -> Casts.uuid((byte[]) value, 0).toString();
            default -> value.toString();
        };
    }

    private static String withMs(LocalTime time, long ms) {
        return time.format(
                DateTimeFormatter.ofPattern(Math.floorMod(ms, 1000L) == 0 ? "HH:mm:ss" : "HH:mm:ss.SSS", Locale.ROOT));
    }

    private static String cut(String text, RelDataType type) {
        if (type.getPrecision() < 0) {
            return text;
        }
        int[] codePoints = text.codePoints().limit(type.getPrecision()).toArray();
        String cut = new String(codePoints, 0, codePoints.length);
        return type.getSqlTypeName() == SqlTypeName.CHAR
                ? cut + " ".repeat(type.getPrecision() - codePoints.length)
                : cut;
    }

    private static Long dateOf(String text) {
        String trimmed = text.strip();
        try {
            return LocalDate.parse(trimmed.length() > 10 ? trimmed.substring(0, 10) : trimmed)
                    .toEpochDay();
        } catch (DateTimeException e) {
            throw RowFailure.badCast(text, "DATE");
        }
    }

    private static Long timeOf(String text) {
        try {
            return LocalTime.parse(text.strip()).toNanoOfDay() / 1_000_000;
        } catch (DateTimeException e) {
            throw RowFailure.badCast(text, "TIME");
        }
    }

    // Calcite

    private @Nullable Object viaCalcite(RexCall call, List<? extends @Nullable Object> row) {
        RelDataTypeFactory.Builder rowType = ExpressionTypes.FACTORY.builder();
        List<RexNode> operands = new ArrayList<>();
        List<@Nullable Object> values = new ArrayList<>();
        for (RexNode operand : call.getOperands()) {
            RexNode resolved = resolve(operand);
            if (resolved instanceof RexLiteral) {
                operands.add(resolved);
                continue;
            }
            RelDataType type = ExpressionTypes.FACTORY.createTypeWithNullability(operand.getType(), true);
            operands.add(ExpressionTypes.REX.makeInputRef(type, values.size()));
            rowType.add("a" + values.size(), type);
            values.add(Values.toCalcite(eval(operand, row), ExpressionTypes.columnType(operand.getType())));
        }
        RelDataType nullable = ExpressionTypes.FACTORY.createTypeWithNullability(call.getType(), true);
        RexNode flat = call.clone(nullable, operands);
        RelDataType inputType = rowType.build();
        Function1<DataContext, Object[]> function = executables.computeIfAbsent(
                flat + " " + inputType.getFullTypeString(),
                key -> RexExecutorImpl.getExecutable(ExpressionTypes.REX, List.of(flat), inputType)
                        .getFunction());
        Object[] results = function.apply(context.withInput(values.toArray()));
        return Values.fromCalcite(results[0], ExpressionTypes.columnType(call.getType()));
    }
}
