package io.millrace.query.parser.node;

import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.parser.SqlParserUtil;
import org.apache.calcite.sql.parser.SqlParserUtil.ToTreeListItem;

/// What `::` applies to.
///
/// Calcite reads an expression as a flat list of operands and operators and makes a tree of it later. The cast
/// binds tighter than anything but field and element access, so its operand is the last one in the list with
/// the accesses behind it: in `a + b.c[1]::int` it is `b.c[1]`.
public final class InfixCasts {
    private InfixCasts() {}

    /// Takes the operand off the end of the list.
    public static SqlNode removeLastOperand(List<Object> list) {
        int start = list.size() - 1;
        while (start > 0 && !(list.get(start - 1) instanceof ToTreeListItem item && !isAccess(item))) {
            start--;
        }
        List<Object> tail = list.subList(start, list.size());
        if (tail.getFirst() instanceof ToTreeListItem) {
            tail = list; // behind a postfix operator, as in "a IS NULL::int", only the whole makes sense
        }
        SqlNode operand = SqlParserUtil.toTree(new ArrayList<>(tail));
        tail.clear();
        return operand;
    }

    private static boolean isAccess(ToTreeListItem item) {
        SqlKind kind = item.getOperator().getKind();
        return kind == SqlKind.DOT || kind == SqlKind.ITEM || kind == SqlKind.COLON;
    }
}
