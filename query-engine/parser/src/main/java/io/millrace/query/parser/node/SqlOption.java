package io.millrace.query.parser.node;

import io.millrace.query.parser.SqlSyntaxException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.calcite.sql.SqlCharStringLiteral;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;

/// One `key = literal` in parentheses.
public final class SqlOption extends SqlFragment {
    private final String key;
    private final SqlParserPos keyPosition;
    private final SqlLiteral value;

    private SqlOption(String key, SqlParserPos keyPosition, SqlLiteral value) {
        super(keyPosition.plus(value.getParserPosition()), "OPTION");
        this.key = key;
        this.keyPosition = keyPosition;
        this.value = value;
    }

    /// A key is a name, dots allowed, or a string; both fold to lower case.
    public static SqlOption of(SqlNode key, SqlNode value) {
        String text = key instanceof SqlIdentifier name ? SqlNames.text(name) : SqlNames.text((SqlLiteral) key);
        return new SqlOption(text.toLowerCase(Locale.ROOT), key.getParserPosition(), (SqlLiteral) value);
    }

    /// Refuses a key that stands twice.
    public static SqlNodeList checkedList(List<SqlNode> options, SqlParserPos position) {
        Set<String> seen = new HashSet<>();
        for (SqlNode node : options) {
            SqlOption option = (SqlOption) node;
            if (!seen.add(option.key)) {
                throw SqlSyntaxException.at(option.keyPosition, "Option '" + option.key + "' stands twice", null);
            }
        }
        return new SqlNodeList(options, position);
    }

    static List<SqlOption> listOf(SqlNodeList options) {
        List<SqlOption> list = new ArrayList<>();
        for (SqlNode option : options) {
            list.add((SqlOption) option);
        }
        return List.copyOf(list);
    }

    /// In lower case, for instance `topic` or `format.delimiter`.
    public String key() {
        return key;
    }

    /// Where the key stands, for messages about unknown keys; [#value] has the position of the value.
    public SqlParserPos keyPosition() {
        return keyPosition;
    }

    public SqlLiteral value() {
        return value;
    }

    /// The value without quotes: `json`, `8`, `true`, an interval as SQL; NULL is the text `null`.
    public String valueText() {
        if (value instanceof SqlCharStringLiteral) {
            return SqlNames.text(value);
        }
        String text = value.toValue();
        return text == null ? "null" : text.toLowerCase(Locale.ROOT);
    }

    @Override
    public List<SqlNode> getOperandList() {
        return List.of(value);
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        SqlLiteral.createCharString(key, keyPosition).unparse(writer, 0, 0);
        writer.keyword("=");
        value.unparse(writer, 0, 0);
    }
}
