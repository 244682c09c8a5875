package io.millrace.query.parser;

import static io.millrace.query.parser.impl.MillraceParserImplConstants.*;

import io.millrace.query.parser.impl.MillraceParserImpl;
import io.millrace.query.parser.impl.ParseException;
import io.millrace.query.parser.impl.Token;
import io.millrace.query.parser.impl.TokenMgrError;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.calcite.runtime.CalciteContextException;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// Turns what the generated parser throws into one sentence, a place and a hint.
final class SyntaxErrors {
    /// The words that begin a statement.
    static final List<String> STARTERS = List.of(
            "SELECT",
            "CREATE",
            "INSERT",
            "UPDATE",
            "DELETE",
            "DROP",
            "ALTER",
            "SHOW",
            "DESCRIBE",
            "EXPLAIN",
            "SET",
            "RESET",
            "PAUSE",
            "RESUME",
            "VERIFY",
            "WITH",
            "VALUES",
            "TABLE");

    private static final Set<Integer> STARTER_KINDS = Set.of(
            SELECT, CREATE, INSERT, UPSERT, UPDATE, DELETE, DROP, ALTER, SHOW, DESCRIBE, DESC, EXPLAIN, SET, RESET,
            PAUSE, RESUME, VERIFY, WITH, VALUES, VALUE, TABLE, LPAREN);

    /// Words that nobody means as a name.
    private static final Set<Integer> STRUCTURE = Set.of(
            SELECT, FROM, WHERE, HAVING, BY, LIMIT, EMIT, UNION, INTERSECT, EXCEPT, JOIN, ON, USING, AS, AND, OR, NOT,
            IN, IS, NULL, LIKE, BETWEEN, CASE, WHEN, THEN, ELSE, END, CREATE, INSERT, INTO, VALUES, WITH, LEFT, RIGHT,
            FULL, INNER, OUTER, CROSS);

    private static final Set<String> OBJECTS =
            new TreeSet<>(List.of("STREAM", "TABLE", "VIEW", "MATERIALIZED VIEW", "TOPIC", "QUERY"));

    private static final String QUOTED_NAME_HINT = "A quoted name has at least one character and stays on one line.";

    private static final Pattern BY_FOLLOWS = Pattern.compile("(?i)\\s+by\\b.*", Pattern.DOTALL);
    private static final Pattern LEXICAL_BEGINNING = Pattern.compile("after : \"(.*)\"$");
    private static final Pattern LEXICAL_PLACE = Pattern.compile("line (\\d+), column (\\d+)");

    private final String sql;

    SyntaxErrors(String sql) {
        this.sql = sql;
    }

    /// @throws SqlSyntaxException if no statement begins with this token
    void requireStarter(Token first, MillraceParserImpl parser) {
        if (STARTER_KINDS.contains(first.kind)) {
            return;
        }
        String meant = first.kind == QUOTED_STRING ? null : Similarity.closest(first.image, STARTERS);
        String hint = switch (first.image.toUpperCase(Locale.ROOT)) {
            case "MERGE" -> "Use INSERT, UPDATE or DELETE.";
            case "TRUNCATE" -> "Use DELETE FROM, or drop it and create it again.";
            case "USE" -> "There is one catalogue; names need no schema.";
            case "BEGIN", "START", "COMMIT", "ROLLBACK" ->
                "Each statement is carried out on its own; there are no transactions.";
            case "LIST" -> "Did you mean SHOW?";
            case "TERMINATE", "STOP", "KILL" -> "Did you mean DROP QUERY?";
            case "REPLACE" -> "Did you mean CREATE OR REPLACE?";
            default -> meant == null ? null : "Did you mean " + withObject(meant, parser.getToken(2)) + "?";
        };
        throw at(first, "Expected a statement such as SELECT, CREATE, INSERT or SHOW, found " + shown(first), hint);
    }

    private static String withObject(String starter, Token second) {
        boolean takesObject = starter.equals("CREATE") || starter.equals("DROP") || starter.equals("ALTER");
        String object = Similarity.closest(second.image, OBJECTS);
        return takesObject && object != null ? starter + " " + object : starter;
    }

    SqlSyntaxException of(ParseException problem) {
        if (problem.currentToken == null || problem.expectedTokenSequences == null) {
            return new SqlSyntaxException(String.valueOf(problem.getMessage()), 1, 1, 1, 1, null);
        }
        // the grammar looks ahead, so the first words of a sequence may agree with the text: the mistake is behind them
        int agreed = 0;
        for (int[] sequence : problem.expectedTokenSequences) {
            agreed = Math.max(agreed, agreement(problem.currentToken, sequence));
        }
        Set<Integer> kinds = new HashSet<>();
        for (int[] sequence : problem.expectedTokenSequences) {
            if (sequence.length > agreed && agreement(problem.currentToken, sequence) == agreed) {
                kinds.add(sequence[agreed]);
            }
        }
        Token before = problem.currentToken;
        for (int i = 0; i < agreed; i++) {
            before = before.next;
        }
        return unexpected(before, before.next, new Expected(kinds));
    }

    private static int agreement(Token before, int[] sequence) {
        Token token = before.next;
        int count = 0;
        // the last token of a sequence is the one that did not fit, so it never counts
        while (count < sequence.length - 1 && token != null && token.next != null && token.kind == sequence[count]) {
            token = token.next;
            count++;
        }
        return count;
    }

    private SqlSyntaxException unexpected(Token before, Token found, Expected expected) {
        SqlSyntaxException unclosed = unclosed();
        if (unclosed != null) {
            return unclosed;
        }
        boolean atEnd = found.kind == EOF || found.kind == SEMICOLON;
        Token open = atEnd ? openParenthesis(found) : null;
        if (open != null && expected.contains(RPAREN)) {
            return at(open, "The parenthesis that opens here is not closed", "Add a ')' where it ends.");
        }
        String message = "Expected " + expected.alternatives() + ", found " + shown(found);
        Token place = found.kind == EOF ? tokenAt(sql.stripTrailing().length(), 1) : found;
        return at(place, message, hint(before, found, expected, atEnd));
    }

    private @Nullable String hint(Token before, Token found, Expected expected, boolean atEnd) {
        if (before.kind == COMMA && (atEnd || found.kind == RPAREN || found.kind == FROM)) {
            return "Remove the comma before " + (atEnd ? "the end" : found.kind == RPAREN ? "')'" : "FROM") + ".";
        }
        if (found.kind == DOUBLE_QUOTE) {
            return QUOTED_NAME_HINT;
        }
        if (found.kind == EMIT) {
            return "EMIT stands at the end of the whole statement, not in a sub-query.";
        }
        if (before.kind == EQ && found.kind == EQ) {
            return "Equality is written with one '='.";
        }
        if (found.kind == RPAREN && openParenthesis(found) == null) {
            return "No parenthesis is open here.";
        }
        boolean word = Character.isLetter(found.image.isEmpty() ? ' ' : found.image.charAt(0));
        if (word && expected.aName() && Keywords.isReserved(found.image) && !isStructure(found)) {
            String name = found.image.toLowerCase(Locale.ROOT);
            return "'" + name + "' is a reserved word; as a name it is written in double quotes: \"" + name + "\".";
        }
        if (before.kind == EQ && word && expected.contains(QUOTED_STRING) && !expected.aName()) {
            return "A text is written in single quotes: '" + found.image + "'.";
        }
        if (expected.contains(RPAREN) && isStructure(found) && openParenthesis(found) != null) {
            return "Is a ')' missing before " + found.image + "?";
        }
        Set<String> keywords = expected.keywords();
        String meant = word ? Similarity.closest(found.image, keywords) : null;
        if (meant != null && !meant.equalsIgnoreCase(found.image)) {
            return "Did you mean " + meant + "?";
        }
        // "SELECT a FORM t": the misspelt keyword was taken for an alias
        String meantBefore = before.kind == IDENTIFIER ? Similarity.closest(before.image, keywords) : null;
        if (meantBefore != null) {
            return "Did you mean " + meantBefore + " instead of '" + before.image + "'?";
        }
        boolean operand = (word && !Keywords.isReserved(found.image))
                || found.kind == QUOTED_IDENTIFIER
                || found.kind == QUOTED_STRING
                || found.kind == UNSIGNED_INTEGER_LITERAL;
        if (operand && expected.contains(COMMA)) {
            return "Is a comma missing before " + shown(found) + "?";
        }
        return null;
    }

    private boolean isStructure(Token token) {
        if (token.kind == ORDER || token.kind == GROUP) {
            int end = Math.min(index(token.endLine, token.endColumn) + 1, sql.length());
            return BY_FOLLOWS.matcher(sql.substring(end)).matches();
        }
        return STRUCTURE.contains(token.kind);
    }

    /// The innermost parenthesis that is still open before this token, in the same statement.
    private @Nullable Token openParenthesis(Token end) {
        SqlScanner scanner = new SqlScanner(sql);
        int endIndex = index(end.beginLine, end.beginColumn);
        Deque<Integer> open = new ArrayDeque<>();
        while (scanner.next() != SqlScanner.Kind.END && scanner.start() < endIndex) {
            if (scanner.is('(')) {
                open.push(scanner.start());
            } else if (scanner.is(')')) {
                open.poll();
            } else if (scanner.is(';')) {
                open.clear();
            }
        }
        Integer start = open.peek();
        return start == null ? null : tokenAt(start, 1);
    }

    /// The string, quoted name or comment that runs to the end of the text.
    @Nullable
    SqlSyntaxException unclosed() {
        SqlScanner scanner = new SqlScanner(sql);
        while (scanner.next() != SqlScanner.Kind.END) {
            if (!scanner.closed()) {
                return switch (scanner.kind()) {
                    case STRING ->
                        at(
                                tokenAt(scanner.start(), 1),
                                "The string that begins here is not closed",
                                "Add a closing '. A quote inside a string is written twice: 'it''s'.");
                    case QUOTED_NAME ->
                        at(
                                tokenAt(scanner.start(), 1),
                                "The quoted name that begins here is not closed",
                                "Add a closing \". A quote inside a name is written twice.");
                    case COMMENT, WORD, SYMBOL, END ->
                        at(
                                tokenAt(scanner.start(), 2),
                                "The comment that begins here is not closed",
                                "Add */ where it ends.");
                };
            }
        }
        return null;
    }

    SqlSyntaxException of(TokenMgrError problem) {
        SqlSyntaxException unclosed = unclosed();
        if (unclosed != null) {
            return unclosed;
        }
        Matcher place = LEXICAL_PLACE.matcher(String.valueOf(problem.getMessage()));
        int index =
                place.find() ? index(Integer.parseInt(place.group(1)), Integer.parseInt(place.group(2))) : sql.length();
        // a token that began well is wrong as a whole
        Matcher beginning = LEXICAL_BEGINNING.matcher(String.valueOf(problem.getMessage()));
        index -= beginning.find() ? beginning.group(1).length() : 0;
        int wrong = Math.min(Math.max(index, 0), Math.max(sql.length() - 1, 0));
        String character = sql.isEmpty() ? "" : sql.substring(wrong, sql.offsetByCodePoints(wrong, 1));
        String hint = switch (character) {
            case "`" -> "Names are quoted with \".";
            case "’", "‘" -> "Strings are quoted with the straight quote '.";
            case "“", "”" -> "Names are quoted with the straight quote \".";
            default -> null;
        };
        return at(tokenAt(wrong, character.length()), "Unexpected character '" + character + "'", hint);
    }

    /// What Calcite's productions throw: most with a place, a few without; those get the place of the last
    /// token read.
    SqlSyntaxException of(RuntimeException problem, Token last) {
        if (problem instanceof CalciteContextException placed && placed.getPosLine() > 0) {
            Throwable cause = placed.getCause();
            String message = cause == null ? placed.getMessage() : cause.getMessage();
            SqlParserPos position = new SqlParserPos(
                    placed.getPosLine(), placed.getPosColumn(), placed.getEndPosLine(), placed.getEndPosColumn());
            boolean startAndCount = message != null && message.startsWith("'LIMIT start, count'");
            return SqlSyntaxException.at(
                    position, plain(message), startAndCount ? "Write LIMIT count OFFSET start." : null);
        }
        return at(last, plain(problem.getMessage()), null);
    }

    private static String plain(@Nullable String message) {
        if (message == null || message.isBlank()) {
            return "This cannot be read";
        }
        if (message.startsWith("Non-query expression")) {
            return "Expected a query such as SELECT or VALUES, found an expression";
        }
        if (message.startsWith("Query expression encountered")) {
            return "A query is not allowed here";
        }
        String line = message.lines().findFirst().orElse(message).strip();
        return line.replace(" under the current SQL conformance level", "");
    }

    static SqlSyntaxException at(Token token, String message, @Nullable String hint) {
        return new SqlSyntaxException(
                message,
                Math.max(token.beginLine, 1),
                Math.max(token.beginColumn, 1),
                Math.max(token.endLine, 1),
                Math.max(token.endColumn, 1),
                hint);
    }

    SqlSyntaxException at(int index, String message, @Nullable String hint) {
        return at(tokenAt(index, 1), message, hint);
    }

    private Token tokenAt(int index, int length) {
        Token token = new Token();
        token.beginLine = 1;
        token.beginColumn = 1;
        for (int i = 0; i < index; i++) {
            char character = sql.charAt(i);
            boolean lineEnds =
                    character == '\n' || (character == '\r' && !(i + 1 < sql.length() && sql.charAt(i + 1) == '\n'));
            if (lineEnds) {
                token.beginLine++;
                token.beginColumn = 1;
            } else {
                token.beginColumn++;
            }
        }
        token.endLine = token.beginLine;
        token.endColumn = token.beginColumn + Math.max(length, 1) - 1;
        return token;
    }

    private int index(int line, int column) {
        int index = 0;
        int atLine = 1;
        while (index < sql.length() && atLine < line) {
            char character = sql.charAt(index);
            boolean pair = character == '\r' && index + 1 < sql.length() && sql.charAt(index + 1) == '\n';
            index += pair ? 2 : 1;
            if (character == '\n' || character == '\r') {
                atLine++;
            }
        }
        return Math.min(index + column - 1, sql.length());
    }

    private static String shown(Token token) {
        if (token.kind == EOF) {
            return "the end of the text";
        }
        int length = Math.min(token.image.length(), 40);
        int lineEnd = token.image.lines().findFirst().orElse("").length();
        String image = lineEnd < token.image.length() || length < token.image.length()
                ? token.image.substring(0, Math.min(length, lineEnd)) + "…"
                : token.image;
        boolean quoted = image.startsWith("'") || image.startsWith("\"");
        return quoted ? image : "'" + image + "'";
    }
}
