package io.millrace.query.sql;

import io.millrace.query.SqlException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.calcite.avatica.util.DateTimeUtils;
import org.apache.calcite.sql.JoinType;
import org.apache.calcite.sql.SqlBasicCall;
import org.apache.calcite.sql.SqlBasicTypeNameSpec;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlCharStringLiteral;
import org.apache.calcite.sql.SqlDataTypeSpec;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlFunction;
import org.apache.calcite.sql.SqlFunctionCategory;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlJoin;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlNumericLiteral;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlOrderBy;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlUnresolvedFunction;
import org.apache.calcite.sql.SqlWith;
import org.apache.calcite.sql.SqlWithItem;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.util.SqlShuttle;
import org.jspecify.annotations.Nullable;

/// Makes a parsed query ready for Calcite's validator. In place, so the tree must be the caller's own.
///
/// - parameters become literals, so that they have types and can never be read as SQL
/// - `a.b` in FROM becomes one name, since a dot in a name is just a dot
/// - the older `GROUP BY TUMBLE(ts, size)` becomes the table function
/// - the current time becomes the start of the statement, or the row's append time in a continuous query
final class QueryRewriter extends SqlShuttle {
    private static final BigDecimal LONG_MIN = BigDecimal.valueOf(Long.MIN_VALUE);
    private static final BigDecimal LONG_MAX = BigDecimal.valueOf(Long.MAX_VALUE);

    private final List<@Nullable Object> parameters;
    private static final Set<String> TIMES = Set.of("TIME", "TIMESTAMP", "TIMESTAMP_WITH_LOCAL_TIME_ZONE");

    private final boolean continuous;
    private final long nowMs;
    private final Map<String, SqlParserPos> tables = new LinkedHashMap<>();

    // the SELECT around the node at hand reads exactly one stream or table
    private boolean appendTimeKnown;

    QueryRewriter(List<@Nullable Object> parameters, boolean continuous, long nowMs) {
        this.parameters = parameters;
        this.continuous = continuous;
        this.nowMs = nowMs;
    }

    /// For an expression over the columns of one stream.
    static QueryRewriter overOneRelation(long nowMs) {
        QueryRewriter rewriter = new QueryRewriter(List.of(), true, nowMs);
        rewriter.appendTimeKnown = true;
        return rewriter;
    }

    SqlNode rewrite(SqlNode query) {
        SqlNode rewritten = query.accept(this);
        return rewritten == null ? query : rewritten;
    }

    /// The names in FROM, with the places where each stands first.
    Map<String, SqlParserPos> tables() {
        return tables;
    }

    @Override
    public @Nullable SqlNode visit(SqlDynamicParam parameter) {
        int index = parameter.getIndex();
        SqlParserPos place = parameter.getParserPosition();
        if (index >= parameters.size()) {
            throw Problems.at(
                    "missing_parameter",
                    "Parameter " + (index + 1) + " has no value: " + parameters.size() + " were given.",
                    place,
                    null);
        }
        Object value = parameters.get(index);
        return switch (value) {
            case null -> SqlLiteral.createNull(place);
            case Boolean truth -> SqlLiteral.createBoolean(truth, place);
            case Long number -> number(BigDecimal.valueOf(number), place);
            case Integer number -> number(BigDecimal.valueOf(number), place);
            case BigDecimal number -> decimal(number, place);
            case Double number -> approximate(number, index, place);
            case String text -> string(text, place);
            default ->
                throw Problems.at(
                        "type_mismatch",
                        "Parameter " + (index + 1) + " is neither a number, a text, true, false nor null.",
                        place,
                        null);
        };
    }

    /// Times have milliseconds. With fewer digits a constant would be cut to them and a column not.
    @Override
    public @Nullable SqlNode visit(SqlDataTypeSpec type) {
        if (type.getTypeNameSpec() instanceof SqlBasicTypeNameSpec basic
                && basic.getPrecision() >= 0
                && basic.getPrecision() < 3
                && TIMES.contains(basic.getTypeName().getSimple())) {
            throw Problems.unsupported(
                    "%s has milliseconds here and cannot be cut to %d digits of a second by a cast"
                            .formatted(basic.getTypeName().getSimple(), basic.getPrecision()),
                    type.getParserPosition(),
                    "FLOOR(ts TO SECOND) cuts it to whole seconds.");
        }
        return super.visit(type);
    }

    static SqlNode string(String text, SqlParserPos place) {
        return SqlLiteral.createCharString(text, place);
    }

    private static SqlNode number(BigDecimal value, SqlParserPos place) {
        return decimal(value, place);
    }

    private static SqlNode decimal(BigDecimal value, SqlParserPos place) {
        if (value.scale() <= 0 && (value.compareTo(LONG_MIN) < 0 || value.compareTo(LONG_MAX) > 0)) {
            // Calcite reads whole literals as BIGINT
            return SqlStdOperatorTable.CAST.createCall(
                    place,
                    string(value.toPlainString(), place),
                    new SqlDataTypeSpec(new SqlBasicTypeNameSpec(SqlTypeName.DECIMAL, 38, 0, place), place));
        }
        SqlNumericLiteral magnitude = SqlLiteral.createExactNumeric(value.abs().toPlainString(), place);
        return value.signum() < 0 ? SqlStdOperatorTable.UNARY_MINUS.createCall(place, magnitude) : magnitude;
    }

    private static SqlNode approximate(double value, int index, SqlParserPos place) {
        if (!Double.isFinite(value)) {
            throw Problems.at("type_mismatch", "Parameter " + (index + 1) + " is not a finite number.", place, null);
        }
        SqlNode magnitude = SqlLiteral.createApproxNumeric(
                String.format(Locale.ROOT, "%sE0", new BigDecimal(Math.abs(value)).toPlainString()), place);
        SqlNode typed = SqlStdOperatorTable.CAST.createCall(
                place, magnitude, new SqlDataTypeSpec(new SqlBasicTypeNameSpec(SqlTypeName.DOUBLE, place), place));
        return value < 0 ? SqlStdOperatorTable.UNARY_MINUS.createCall(place, typed) : typed;
    }

    @Override
    public @Nullable SqlNode visit(SqlIdentifier identifier) {
        if (identifier.isSimple()) {
            SqlNode time = identifier.getSimple().equals("now")
                    ? null // a column may be called so
                    : currentTime(identifier.getSimple(), identifier.getParserPosition());
            if (time != null) {
                return time;
            }
        }
        return identifier;
    }

    @Override
    public @Nullable SqlNode visit(SqlCall call) {
        return switch (call) {
            case SqlSelect select -> select(select);
            case SqlOrderBy ordered ->
                new SqlOrderBy(
                        ordered.getParserPosition(),
                        rewrite(ordered.query),
                        (SqlNodeList) rewrite(ordered.orderList),
                        orNull(ordered.offset),
                        orNull(ordered.fetch));
            case SqlWith with -> with(with);
            default -> other(call);
        };
    }

    private @Nullable SqlNode orNull(@Nullable SqlNode node) {
        return node == null ? null : rewrite(node);
    }

    private SqlNode with(SqlWith with) {
        for (SqlNode item : with.withList) {
            SqlWithItem named = (SqlWithItem) item;
            if (named.recursive != null && named.recursive.booleanValue()) {
                throw Problems.unsupported("WITH RECURSIVE is not supported yet", named.getParserPosition(), null);
            }
            named.query = rewrite(named.query);
        }
        with.body = rewrite(with.body);
        return with;
    }

    private @Nullable SqlNode other(SqlCall call) {
        switch (call.getKind()) {
            case EXPLICIT_TABLE -> {
                return call.getOperator()
                        .createCall(call.getParserPosition(), table((SqlIdentifier) call.operand(0), false));
            }
            case CURSOR, MATCH_RECOGNIZE -> throw refused(call);
            case OVER -> {
                return super.visit(call);
            }
            case EXISTS -> {
                SqlNode query = call.operand(0);
                if (!query.isA(SqlKind.QUERY)) {
                    throw Problems.at(
                            "type_mismatch",
                            "EXISTS takes a sub-query.",
                            query,
                            "Write EXISTS (SELECT 1 FROM t WHERE …).");
                }
            }
            default -> {}
        }
        String name = call.getOperator().getName();
        if (call.operandCount() == 0) {
            SqlNode time = currentTime(name, call.getParserPosition());
            if (time != null) {
                return time;
            }
        }
        if (isWindowFunction(name) && call.operandCount() > 0) {
            call = withKeysAsDescriptor(call, name);
        }
        return super.visit(call);
    }

    private SqlNode select(SqlSelect select) {
        boolean outer = appendTimeKnown;
        groupWindow(select);
        semiJoins(select);
        SqlNode from = select.getFrom();
        appendTimeKnown = from != null && readsOneRelation(from);
        if (from != null) {
            select.setFrom(from(from));
        }
        select.setSelectList((SqlNodeList) rewrite(select.getSelectList()));
        select.setWhere(orNull(select.getWhere()));
        SqlNodeList group = select.getGroup();
        if (group != null) {
            select.setGroupBy((SqlNodeList) rewrite(group));
        }
        select.setHaving(orNull(select.getHaving()));
        select.setQualify(orNull(select.getQualify()));
        SqlNodeList order = select.getOrderList();
        if (order != null) {
            select.setOrderBy((SqlNodeList) rewrite(order));
        }
        select.setOffset(orNull(select.getOffset()));
        select.setFetch(orNull(select.getFetch()));
        appendTimeKnown = outer;
        return select;
    }

    /// `FROM a LEFT SEMI JOIN b ON c` becomes `FROM a WHERE EXISTS (SELECT 1 FROM b WHERE c)`.
    private static void semiJoins(SqlSelect select) {
        while (select.getFrom() instanceof SqlJoin join
                && (join.getJoinType() == JoinType.LEFT_SEMI_JOIN || join.getJoinType() == JoinType.LEFT_ANTI_JOIN)) {
            SqlParserPos place = join.getParserPosition();
            SqlNode condition = join.getCondition();
            if (condition == null || condition instanceof SqlNodeList) {
                throw Problems.unsupported(
                        "A semi or anti join without ON is not supported", place, "Write ON a.k = b.k.");
            }
            SqlNode one = SqlLiteral.createExactNumeric("1", place);
            SqlSelect other = new SqlSelect(
                    place,
                    null,
                    SqlNodeList.of(one),
                    join.getRight(),
                    condition,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null);
            SqlNode exists = SqlStdOperatorTable.EXISTS.createCall(place, other);
            if (join.getJoinType() == JoinType.LEFT_ANTI_JOIN) {
                exists = SqlStdOperatorTable.NOT.createCall(place, exists);
            }
            SqlNode where = select.getWhere();
            select.setFrom(join.getLeft());
            select.setWhere(where == null ? exists : SqlStdOperatorTable.AND.createCall(place, where, exists));
        }
    }

    private static boolean readsOneRelation(SqlNode from) {
        return switch (from.getKind()) {
            case IDENTIFIER, TABLE_REF, EXPLICIT_TABLE -> true;
            case AS, COLLECTION_TABLE -> readsOneRelation(((SqlCall) from).operand(0));
            default ->
                from instanceof SqlCall call
                        && isWindowFunction(call.getOperator().getName())
                        && call.operandCount() > 0
                        && readsOneRelation(call.operand(0));
        };
    }

    private SqlNode from(SqlNode from) {
        switch (from.getKind()) {
            case IDENTIFIER -> {
                return table((SqlIdentifier) from, true);
            }
            case TABLE_REF -> {
                return from(((SqlCall) from).operand(0));
            }
            case AS -> {
                SqlCall call = (SqlCall) from;
                SqlNode inner = call.operand(0);
                SqlNode rewritten = inner instanceof SqlIdentifier name ? table(name, false) : from(inner);
                call.setOperand(0, rewritten);
                return call;
            }
            case JOIN -> {
                SqlJoin join = (SqlJoin) from;
                if (join.getJoinType().name().contains("ASOF")) {
                    throw Problems.unsupported(
                            "AS OF joins are not supported yet",
                            join.getParserPosition(),
                            "Join on a time range, and take the newest with ROW_NUMBER() … <= 1.");
                }
                join.setLeft(from(join.getLeft()));
                join.setRight(from(join.getRight()));
                SqlNode condition = join.getCondition();
                if (condition != null && !(condition instanceof SqlNodeList)) {
                    join.setOperand(5, rewrite(condition));
                }
                return join;
            }
            case COLLECTION_TABLE -> {
                checkTableFunction(((SqlCall) from).operand(0));
                return rewrite(from);
            }
            case UNNEST, SNAPSHOT, PIVOT, UNPIVOT, MATCH_RECOGNIZE, TABLESAMPLE -> throw refused(from);
            default -> {
                return rewrite(from);
            }
        }
    }

    /// Functions that do not exist are left to the validator, which knows what they could be meant for.
    private static void checkTableFunction(SqlNode function) {
        if (function instanceof SqlCall call) {
            String name = call.getOperator().getName().toLowerCase(Locale.ROOT);
            boolean known = name.equals("descriptor")
                    || call.getOperator() instanceof SqlFunction
                            && Dialect.functionNames().contains(name);
            if (known && !isWindowFunction(name)) {
                throw Problems.at(
                        "type_mismatch",
                        "Function '" + name + "' gives a value, and FROM needs rows.",
                        function,
                        "Write (SELECT …) for a sub-query, or VALUES (…) for constant rows.");
            }
        }
    }

    private static SqlException refused(SqlNode node) {
        String what = switch (node.getKind()) {
            case UNNEST -> "UNNEST";
            case SNAPSHOT -> "FOR SYSTEM_TIME AS OF";
            case MATCH_RECOGNIZE -> "MATCH_RECOGNIZE";
            case CURSOR -> "CURSOR";
            default -> node.getKind().sql;
        };
        return Problems.unsupported(what + " is not supported yet", node.getParserPosition(), null);
    }

    /// One part for all parts of the name; where nobody has said otherwise, columns are then qualified by the
    /// last one.
    private SqlNode table(SqlIdentifier name, boolean needsAlias) {
        SqlParserPos place = name.getParserPosition();
        String text = String.join(".", name.names);
        tables.putIfAbsent(text, place);
        SqlIdentifier whole = new SqlIdentifier(text, place);
        if (!needsAlias || name.names.size() == 1) {
            return whole;
        }
        return SqlStdOperatorTable.AS.createCall(place, whole, new SqlIdentifier(name.names.getLast(), place));
    }

    private @Nullable SqlNode currentTime(String name, SqlParserPos place) {
        SqlTypeName type = switch (name.toUpperCase(Locale.ROOT)) {
            case "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "NOW" -> SqlTypeName.TIMESTAMP;
            case "CURRENT_DATE" -> SqlTypeName.DATE;
            case "CURRENT_TIME", "LOCALTIME" -> SqlTypeName.TIME;
            default -> null;
        };
        if (type == null) {
            return null;
        }
        int precision = type == SqlTypeName.DATE ? -1 : 3;
        SqlDataTypeSpec spec = new SqlDataTypeSpec(new SqlBasicTypeNameSpec(type, precision, place), place);
        SqlNode now;
        if (!continuous) {
            now = SqlLiteral.createTimestamp(
                    SqlTypeName.TIMESTAMP,
                    new org.apache.calcite.util.TimestampString(
                            DateTimeUtils.unixTimestampToString(nowMs, 3).substring(0, 23)),
                    3,
                    place);
        } else if (appendTimeKnown) {
            now = new SqlIdentifier("_timestamp", place);
        } else {
            throw Problems.unsupported(
                    "In a continuous query the current time is the append time of the row, and here is no one row",
                    place,
                    "Take " + name.toUpperCase(Locale.ROOT)
                            + " in a sub-query that reads a single stream: (SELECT *, _timestamp AS t FROM s).");
        }
        return SqlStdOperatorTable.CAST.createCall(place, now, spec);
    }

    private static boolean isWindowFunction(String name) {
        return switch (name.toUpperCase(Locale.ROOT)) {
            case "TUMBLE", "HOP", "CUMULATE", "SESSION" -> true;
            default -> false;
        };
    }

    /// `F(TABLE t PARTITION BY k, DESCRIPTOR(ts), …)` becomes `F(TABLE t, DESCRIPTOR(ts), DESCRIPTOR(k), …)`
    /// for SESSION; other windows are the same for every partition.
    private static SqlCall withKeysAsDescriptor(SqlCall call, String name) {
        SqlNode first = call.operand(0);
        if (first.getKind() != SqlKind.SET_SEMANTICS_TABLE) {
            return call;
        }
        SqlCall partitioned = (SqlCall) first;
        List<SqlNode> operands = new ArrayList<>(call.getOperandList());
        operands.set(0, partitioned.operand(0));
        SqlNodeList keys = partitioned.operand(1);
        if (name.equalsIgnoreCase("SESSION") && !keys.isEmpty()) {
            operands.add(
                    Math.min(2, operands.size()),
                    SqlStdOperatorTable.DESCRIPTOR.createCall(keys.getParserPosition(), keys.toArray(new SqlNode[0])));
        }
        return call.getOperator().createCall(call.getParserPosition(), operands);
    }

    /// `SELECT TUMBLE_START(ts, i) FROM t GROUP BY TUMBLE(ts, i), k` becomes
    /// `SELECT window_start FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), i)) AS t`
    /// `GROUP BY window_start, window_end, k`.
    private static void groupWindow(SqlSelect select) {
        SqlNodeList group = select.getGroup();
        if (group == null) {
            return;
        }
        SqlCall window = null;
        SqlNodeList keys = new SqlNodeList(group.getParserPosition());
        List<SqlNode> otherKeys = new ArrayList<>();
        for (SqlNode key : group) {
            if (key instanceof SqlCall call && isWindowFunction(groupWindowName(call))) {
                if (window != null) {
                    throw Problems.unsupported("A query can group by one window only", call.getParserPosition(), null);
                }
                window = call;
                keys.add(new SqlIdentifier(WindowFunctions.START, key.getParserPosition()));
                keys.add(new SqlIdentifier(WindowFunctions.END, key.getParserPosition()));
            } else {
                keys.add(key);
                otherKeys.add(key);
            }
        }
        SqlNode from = select.getFrom();
        if (window == null || from == null) {
            return;
        }
        select.setFrom(windowed(window, from, otherKeys));
        select.setGroupBy(keys);
        Auxiliaries auxiliaries = new Auxiliaries();
        select.setSelectList((SqlNodeList) auxiliaries.replace(select.getSelectList()));
        SqlNode having = select.getHaving();
        select.setHaving(having == null ? null : auxiliaries.replace(having));
        SqlNodeList order = select.getOrderList();
        if (order != null) {
            select.setOrderBy((SqlNodeList) auxiliaries.replace(order));
        }
    }

    /// Calcite calls the older windows `$TUMBLE` and so on.
    private static String groupWindowName(SqlCall call) {
        String name = call.getOperator().getName().toUpperCase(Locale.ROOT);
        return name.startsWith("$") ? name.substring(1) : name;
    }

    private static SqlNode windowed(SqlCall window, SqlNode from, List<SqlNode> otherKeys) {
        String name = groupWindowName(window);
        SqlParserPos place = window.getParserPosition();
        SqlNode source = from;
        SqlNode alias = null;
        if (from.getKind() == SqlKind.AS) {
            SqlCall as = (SqlCall) from;
            if (as.operandCount() > 2) {
                throw Problems.unsupported(
                        "GROUP BY " + name + " over a table with renamed columns is not supported",
                        place,
                        "Use FROM TABLE(" + name + "(…)).");
            }
            source = as.operand(0);
            alias = as.operand(1);
        }
        if (source.getKind() == SqlKind.TABLE_REF) {
            source = ((SqlCall) source).operand(0);
        }
        SqlNode data;
        if (source instanceof SqlIdentifier table) {
            data = SqlStdOperatorTable.EXPLICIT_TABLE.createCall(place, table);
            if (alias == null) {
                alias = new SqlIdentifier(table.names.getLast(), table.getParserPosition());
            }
        } else if (source instanceof SqlSelect || SqlKind.QUERY.contains(source.getKind())) {
            data = source;
        } else {
            throw Problems.unsupported(
                    "GROUP BY " + name + " over a join is not supported",
                    place,
                    "Put the join into a sub-query, or use FROM TABLE(" + name + "(…)).");
        }
        List<SqlNode> operands = new ArrayList<>();
        operands.add(data);
        if (window.operandCount() < 2 || !(window.operand(0) instanceof SqlIdentifier time)) {
            throw Problems.unsupported(
                    "GROUP BY " + name + " takes a time column and an interval",
                    place,
                    "For instance GROUP BY " + name + "(ts, INTERVAL '1' MINUTE).");
        }
        operands.add(SqlStdOperatorTable.DESCRIPTOR.createCall(
                time.getParserPosition(), new SqlIdentifier(time.names.getLast(), time.getParserPosition())));
        if (name.equals("SESSION")) {
            List<SqlNode> keyNames = new ArrayList<>();
            for (SqlNode key : otherKeys) {
                if (!(key instanceof SqlIdentifier column)) {
                    throw Problems.unsupported(
                            "GROUP BY SESSION with a key that is no plain column is not supported",
                            key.getParserPosition(),
                            "Compute the key in a sub-query.");
                }
                keyNames.add(new SqlIdentifier(column.names.getLast(), column.getParserPosition()));
            }
            if (!keyNames.isEmpty()) {
                operands.add(SqlStdOperatorTable.DESCRIPTOR.createCall(place, keyNames.toArray(new SqlNode[0])));
            }
        }
        operands.addAll(window.getOperandList().subList(1, window.operandCount()));
        SqlOperator function = new SqlUnresolvedFunction(
                new SqlIdentifier(name, place),
                null,
                null,
                null,
                null,
                SqlFunctionCategory.USER_DEFINED_TABLE_FUNCTION);
        SqlNode table = SqlStdOperatorTable.COLLECTION_TABLE.createCall(place, function.createCall(place, operands));
        return alias == null ? table : SqlStdOperatorTable.AS.createCall(from.getParserPosition(), table, alias);
    }

    /// TUMBLE_START(…) and its like become the columns of the table function.
    private static final class Auxiliaries extends SqlShuttle {
        SqlNode replace(SqlNode node) {
            SqlNode replaced = node.accept(this);
            return replaced == null ? node : replaced;
        }

        @Override
        public @Nullable SqlNode visit(SqlCall call) {
            if (call instanceof SqlSelect || call instanceof SqlWith || call instanceof SqlOrderBy) {
                return call;
            }
            String column = WindowFunctions.auxiliaryColumn(call.getOperator().getName());
            if (column != null && call instanceof SqlBasicCall) {
                return new SqlIdentifier(column, call.getParserPosition());
            }
            return super.visit(call);
        }

        @Override
        public @Nullable SqlNode visit(SqlLiteral literal) {
            return literal instanceof SqlCharStringLiteral ? literal : super.visit(literal);
        }
    }
}
