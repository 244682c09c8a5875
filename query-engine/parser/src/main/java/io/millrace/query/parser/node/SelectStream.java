package io.millrace.query.parser.node;

import org.apache.calcite.sql.SqlBasicCall;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlOrderBy;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlSelectKeyword;
import org.apache.calcite.sql.SqlWith;
import org.jspecify.annotations.Nullable;

/// `SELECT STREAM` at the top of a query means EMIT CHANGES.
///
/// The word is taken out, because Calcite's validator gives it a meaning of its own. In a sub-query it stays,
/// and the validator refuses it.
final class SelectStream {
    private SelectStream() {}

    /// Takes the word out of all the SELECTs that make up the answer, and returns what is to be emitted.
    ///
    /// STREAM beside FINAL adds nothing: FINAL already goes on for ever.
    static @Nullable SqlEmit takeOut(SqlNode query, @Nullable SqlEmit emit) {
        if (!takeOut(query)) {
            return emit;
        }
        if (emit == null) {
            return SqlEmit.changesAt(query.getParserPosition());
        }
        return emit.finalOnly() ? emit : emit.withChanges();
    }

    private static boolean takeOut(SqlNode query) {
        return switch (query) {
            case SqlSelect select -> takeOutOfSelect(select);
            case SqlOrderBy ordered -> takeOut(ordered.query);
            case SqlWith with -> takeOut(with.body);
            case SqlBasicCall call
            when SqlKind.SET_QUERY.contains(call.getKind()) -> {
                boolean found = false;
                for (SqlNode operand : call.getOperandList()) {
                    found |= takeOut(operand);
                }
                yield found;
            }
            default -> false; // VALUES, TABLE t: nothing there can say STREAM; SqlNode is not sealed
        };
    }

    private static boolean takeOutOfSelect(SqlSelect select) {
        if (!select.isKeywordPresent(SqlSelectKeyword.STREAM)) {
            return false;
        }
        SqlNodeList keywords = (SqlNodeList) select.getOperandList().get(0);
        SqlNodeList others = new SqlNodeList(keywords.getParserPosition());
        for (SqlNode keyword : keywords) {
            if (((SqlLiteral) keyword).getValueAs(SqlSelectKeyword.class) != SqlSelectKeyword.STREAM) {
                others.add(keyword);
            }
        }
        select.setOperand(0, others);
        return true;
    }
}
