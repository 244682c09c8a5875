package io.millrace.query.parser;

import io.millrace.query.parser.node.SqlNumberedParameter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.apache.calcite.sql.JoinType;
import org.apache.calcite.sql.SqlAsofJoin;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlIntervalLiteral;
import org.apache.calcite.sql.SqlJoin;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.jspecify.annotations.Nullable;

/// What the grammar does not say: how deep and how long, and a few things that it reads but nobody could write
/// again.
final class Limits {
    private Limits() {}

    /// Before parsing: the text's length, and how deep parentheses, brackets and CASEs stand in each other.
    static void check(String sql, ParserSettings settings, SyntaxErrors errors) {
        if (sql.length() > settings.textLengthMax()) {
            throw errors.at(
                    0,
                    "The text has " + sql.length() + " characters, at most " + settings.textLengthMax()
                            + " are allowed",
                    "Send it in parts, or send data through the produce route.");
        }
        SqlScanner scanner = new SqlScanner(sql);
        int depth = 0;
        while (scanner.next() != SqlScanner.Kind.END) {
            if (scanner.is('(') || scanner.is('[') || scanner.is('{') || scanner.isWord("case")) {
                depth++;
            } else if (scanner.is(')') || scanner.is(']') || scanner.is('}') || scanner.isWord("end")) {
                depth = Math.max(depth - 1, 0);
            } else if (scanner.is(';')) {
                depth = 0;
            }
            if (depth > settings.nestingDepthMax()) {
                throw errors.at(
                        scanner.start(),
                        "Nested more than " + settings.nestingDepthMax() + " deep",
                        "Give parts of it a name in a WITH clause.");
            }
        }
    }

    /// After parsing: the depth of the tree, that parameters are all of one style, and a join that the grammar
    /// accepts but cannot write.
    static void check(SqlNode statement, ParserSettings settings) {
        Deque<Level> open = new ArrayDeque<>();
        open.push(new Level(statement, 1));
        @Nullable SqlDynamicParam parameter = null;
        while (!open.isEmpty()) {
            Level level = open.pop();
            if (level.depth > settings.treeDepthMax()) {
                throw SqlSyntaxException.at(
                        level.node.getParserPosition(),
                        "An expression of more than " + settings.treeDepthMax() + " levels",
                        "Use IN (…) for many comparisons, or give parts of it a name in a WITH clause.");
            }
            if (level.node instanceof SqlDynamicParam found) {
                if (parameter != null && isNumbered(parameter) != isNumbered(found)) {
                    throw SqlSyntaxException.at(
                            found.getParserPosition(), "Parameters are either all ? or all numbered like $1", null);
                }
                parameter = found;
            }
            refuseUnwritable(level.node);
            for (SqlNode child : children(level.node)) {
                if (child != null) {
                    open.push(new Level(child, level.depth + 1));
                }
            }
        }
    }

    /// Each of these would be written as text that is read differently or not at all.
    private static void refuseUnwritable(SqlNode node) {
        if (node instanceof SqlJoin join && !(join instanceof SqlAsofJoin) && isAsof(join)) {
            throw SqlSyntaxException.at(
                    join.getParserPosition(),
                    "ASOF JOIN needs a MATCH_CONDITION and ON",
                    "For instance: a ASOF JOIN b MATCH_CONDITION a.ts >= b.ts ON a.id = b.id");
        }
        if (node instanceof SqlIntervalLiteral interval
                && String.valueOf(interval.toValue()).contains("'")) {
            throw SqlSyntaxException.at(interval.getParserPosition(), "An interval has no quotes inside", null);
        }
        // AS '' is a name without characters, which is how Calcite represents a star
        if (node.getKind() == SqlKind.AS
                && node instanceof SqlCall call
                && call.operand(1) instanceof SqlIdentifier alias
                && alias.isStar()) {
            throw SqlSyntaxException.at(alias.getParserPosition(), "A name has at least one character", null);
        }
        if (node instanceof SqlIdentifier name
                && name.names.stream().anyMatch(part -> part.indexOf('\n') >= 0 || part.indexOf('\r') >= 0)) {
            throw SqlSyntaxException.at(name.getParserPosition(), "A name stays on one line", null);
        }
    }

    private static boolean isAsof(SqlJoin join) {
        return join.getJoinType() == JoinType.ASOF || join.getJoinType() == JoinType.LEFT_ASOF;
    }

    private record Level(SqlNode node, int depth) {}

    private static boolean isNumbered(SqlDynamicParam parameter) {
        return parameter instanceof SqlNumberedParameter;
    }

    private static List<? extends @Nullable SqlNode> children(SqlNode node) {
        if (node instanceof SqlNodeList list) {
            return list.getList();
        }
        return node instanceof SqlCall call ? call.getOperandList() : List.of();
    }
}
