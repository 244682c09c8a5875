package io.millrace.query.sql;

import io.millrace.query.SqlException;
import io.millrace.query.parser.SqlSyntaxException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.calcite.runtime.CalciteContextException;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// What is wrong with a statement, in our words: Calcite's errors with a code, a place and a hint.
final class Problems {
    private static final Pattern COLUMN_NOT_FOUND = Pattern.compile("Column '([^']*)' not found in (.*)");
    private static final Pattern OBJECT_NOT_FOUND = Pattern.compile("(?:Object|Table) '([^']*)' not found.*");
    private static final Pattern NO_FUNCTION =
            Pattern.compile("No match found for function signature ([^(]+)\\((.*)\\)", Pattern.DOTALL);
    private static final Pattern UNKNOWN_TYPE = Pattern.compile("Unknown (?:datatype name|identifier) '([^']*)'.*");
    private static final Pattern SUPPORTED_FORMS =
            Pattern.compile("(.*?)\\.? Supported form\\(s\\): (.*)", Pattern.DOTALL);

    private Problems() {}

    static SqlException at(String code, String message, @Nullable SqlParserPos place, @Nullable String hint) {
        boolean known = place != null && place.getLineNum() > 0;
        return new SqlException(
                code,
                message,
                known && place != null ? place.getLineNum() : 0,
                known && place != null ? place.getColumnNum() : 0,
                hint);
    }

    static SqlException at(String code, String message, SqlNode place, @Nullable String hint) {
        return at(code, message, place.getParserPosition(), hint);
    }

    static SqlException unsupported(String what, @Nullable SqlParserPos place, @Nullable String hint) {
        return at("unsupported", what + ".", place, hint);
    }

    static SqlException of(SqlSyntaxException syntax) {
        return new SqlException(
                "syntax_error",
                String.valueOf(syntax.getMessage()),
                syntax.line(),
                syntax.column(),
                syntax.hint().orElse(null));
    }

    /// Names that exist, for "did you mean"; asked only when something is wrong.
    interface Known {
        Collection<String> tables();

        Collection<String> columns();

        Collection<String> functions();
    }

    /// Any failure of Calcite.
    ///
    /// @param place of the statement, for failures that name none
    static SqlException of(Throwable failure, SqlParserPos place, Known known) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SqlException ours) {
                return ours;
            }
            if (cause instanceof SqlSyntaxException syntax) {
                return of(syntax);
            }
            if (cause instanceof StackOverflowError) {
                return at("too_complex", "The statement is nested too deeply to be planned.", place, null);
            }
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CalciteContextException context) {
                return ofContext(context, known);
            }
        }
        String reason = failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
        return at(
                "internal_planner_error",
                "The statement could not be planned: " + firstLine(reason),
                place,
                "This is a fault of Millrace, not of the statement. Writing the query in another way may help.");
    }

    private static SqlException ofContext(CalciteContextException context, Known known) {
        Throwable cause = context.getCause();
        String message = cause == null || cause.getMessage() == null ? context.getMessage() : cause.getMessage();
        String text = message == null ? "invalid" : message.strip();
        int line = context.getPosLine();
        int column = context.getPosColumn();
        Supplier<Collection<String>> none = List::of;
        Matcher matcher;
        if ((matcher = COLUMN_NOT_FOUND.matcher(text)).matches()) {
            String name = matcher.group(1);
            return new SqlException(
                    "unknown_column",
                    "Column '" + name + "' does not exist.",
                    line,
                    column,
                    Suggestions.hint(name, known.columns()));
        }
        if ((matcher = OBJECT_NOT_FOUND.matcher(text)).matches()) {
            return unknownTable(matcher.group(1), line, column, known.tables());
        }
        if ((matcher = NO_FUNCTION.matcher(text)).matches()) {
            String name = matcher.group(1).toLowerCase(Locale.ROOT);
            boolean exists = known.functions().contains(name);
            return new SqlException(
                    exists ? "type_mismatch" : "unknown_function",
                    exists
                            ? "Function '" + name + "' does not take (" + types(matcher.group(2)) + ")."
                            : "Function '" + name + "' does not exist.",
                    line,
                    column,
                    exists ? null : Suggestions.hint(name, known.functions()));
        }
        if ((matcher = UNKNOWN_TYPE.matcher(text)).matches()) {
            return unknownType(matcher.group(1), line, column);
        }
        String hint = null;
        if ((matcher = SUPPORTED_FORMS.matcher(text)).matches()) {
            text = matcher.group(1);
            hint = "It takes: "
                    + types(matcher.group(2))
                            .strip()
                            .replace("\r", "")
                            .replace("\n", "; ")
                            .replace("'", "") + ".";
        }
        return new SqlException(code(text), sentence(types(text)), line, column, hint(none, text, hint));
    }

    private static @Nullable String hint(Supplier<Collection<String>> none, String text, @Nullable String hint) {
        if (hint != null) {
            return hint;
        }
        if (text.contains("is not being grouped")) {
            return "Add it to GROUP BY or use it in an aggregate such as MAX.";
        }
        if (text.contains("is ambiguous")) {
            return "Write the table's name or alias before it.";
        }
        return none.get().isEmpty() ? null : "";
    }

    static SqlException unknownTable(String name, int line, int column, Collection<String> tables) {
        return new SqlException(
                "unknown_table",
                "Stream, table, view or topic '" + name + "' does not exist.",
                line,
                column,
                Suggestions.hint(name, tables));
    }

    static SqlException unknownType(String name, int line, int column) {
        String hint = Suggestions.hint(name, Dialect.typeNames());
        return new SqlException("unknown_type", "Type '" + name + "' does not exist.", line, column, hint);
    }

    private static String code(String text) {
        if (text.contains("is not being grouped") || text.contains("not being grouped")) {
            return "not_grouped";
        }
        if (text.contains("is ambiguous")) {
            return "ambiguous_column";
        }
        if (text.startsWith("Cannot apply")
                || text.contains("type mismatch")
                || text.contains("Type mismatch")
                || text.startsWith("Values passed to")
                || text.startsWith("Illegal mixing")
                || text.contains("same type")
                || text.startsWith("Cast function cannot convert")
                || text.contains("must be of type")
                || text.contains("Wrong arguments for")
                || text.contains("must be a condition")
                || text.contains("WHERE clause must be")
                || text.contains("incompatible")) {
            return "type_mismatch";
        }
        if (text.startsWith("Invalid number of arguments")) {
            return "type_mismatch";
        }
        if (text.contains("not supported") || text.contains("Only tables with set semantics")) {
            return "unsupported";
        }
        return "invalid_query";
    }

    /// Calcite writes types as `<VARCHAR CHARACTER SET "UTF-8">`; nobody wants to know.
    private static String types(String text) {
        return text.replaceAll(" CHARACTER SET \"[^\"]*\"", "")
                .replaceAll(" COLLATE \"[^\"]*\"", "")
                .replaceAll("CHAR\\(\\d+\\)", "VARCHAR")
                .replace("VARVARCHAR", "VARCHAR")
                .replace("TIMESTAMP_WITH_LOCAL_TIME_ZONE", "TIMESTAMPTZ")
                .replace("VARIANT", "JSON");
    }

    private static String sentence(String text) {
        String line = firstLine(text);
        return line.endsWith(".") || line.endsWith("?") ? line : line + ".";
    }

    private static String firstLine(String text) {
        int end = text.indexOf('\n');
        return (end < 0 ? text : text.substring(0, end)).strip();
    }
}
