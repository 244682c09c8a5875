package io.millrace.query.parser;

import static io.millrace.query.parser.impl.MillraceParserImplConstants.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The kinds of token that the grammar could have gone on with, put so that a person can use it.
///
/// The grammar's own list has up to 500 entries, most of them the keywords that are also names and the
/// functions that can begin an expression.
final class Expected {
    private static final int ALTERNATIVES_MAX = 6;

    /// In the order in which they are worth saying; what is not here comes last.
    private static final List<String> ORDER = List.of(
            ",",
            ")",
            "(",
            "=",
            "FROM",
            "AS",
            "SELECT",
            "WITH",
            "WHERE",
            "GROUP",
            "HAVING",
            "ORDER",
            "LIMIT",
            "EMIT",
            "SET",
            "VALUES",
            "ON",
            "USING",
            "JOIN",
            "BY",
            "STREAM",
            "TABLE",
            "VIEW",
            "MATERIALIZED",
            "TOPIC",
            "QUERY",
            "PRIMARY",
            "NOT",
            "NULL",
            "DEFAULT",
            "STREAMS",
            "TABLES",
            "VIEWS",
            "TOPICS",
            "QUERIES",
            "FUNCTIONS",
            "CHANGES",
            "FINAL",
            "EVERY",
            "AFTER",
            "IN",
            "BETWEEN",
            "LIKE",
            "IS",
            "THEN",
            "WHEN",
            "ELSE",
            "END");

    private static final Set<Integer> OPERATORS = Set.of(
            EQ,
            GT,
            LT,
            LE,
            GE,
            NE,
            NE2,
            PLUS,
            MINUS,
            STAR,
            SLASH,
            PERCENT_REMAINDER,
            CONCAT,
            INFIX_CAST,
            AMPERSAND,
            CARET,
            VERTICAL_BAR,
            LEFTSHIFT,
            AND,
            OR,
            LIKE,
            ILIKE,
            RLIKE,
            NOT,
            IN,
            BETWEEN,
            IS,
            SIMILAR,
            MEMBER,
            SUBMULTISET,
            MULTISET,
            CONTAINS,
            OVERLAPS,
            EQUALS,
            PRECEDES,
            SUCCEEDS,
            IMMEDIATELY,
            FORMAT,
            LBRACKET,
            COLON,
            DOT,
            LAMBDA,
            ESCAPE);

    private final Set<Integer> kinds;

    Expected(Set<Integer> kinds) {
        this.kinds = Set.copyOf(kinds);
    }

    boolean contains(int kind) {
        return kinds.contains(kind);
    }

    boolean anExpression() {
        return kinds.contains(UNSIGNED_INTEGER_LITERAL) && kinds.contains(CASE);
    }

    boolean aName() {
        return kinds.contains(IDENTIFIER);
    }

    /// The reserved keywords that could have come, for "did you mean".
    Set<String> keywords() {
        Set<String> keywords = new TreeSet<>();
        for (int kind : kinds) {
            String image = image(kind);
            if (Keywords.isReserved(image) || (!aName() && !anExpression() && Character.isLetter(image.charAt(0)))) {
                keywords.add(image);
            }
        }
        return keywords;
    }

    /// For instance `',', FROM, WHERE or the end of the statement`.
    String alternatives() {
        List<String> words = new ArrayList<>();
        if (anExpression()) {
            words.add("an expression");
        } else if (aType()) {
            words.add("a type");
        } else if (aName()) {
            words.add("a name");
        }
        if (anOperator()) {
            words.add("an operator");
        }
        if (!anExpression() && kinds.contains(QUOTED_STRING) && !kinds.contains(COMMA)) {
            words.add("a string in single quotes");
        }
        if (!anExpression() && kinds.contains(UNSIGNED_INTEGER_LITERAL)) {
            words.add("a number");
        }
        if (kinds.contains(INTERVAL_TEXT) && !anExpression() && !kinds.contains(QUOTED_STRING)) {
            words.add("an interval such as INTERVAL '5' SECOND");
        }
        if (aTimeUnit()) {
            words.add("a unit such as SECOND, MINUTE, HOUR or DAY");
        }
        boolean atEnd = kinds.contains(EOF) || kinds.contains(SEMICOLON);
        int room = ALTERNATIVES_MAX - words.size() - (atEnd ? 1 : 0);
        tokens().stream().limit(Math.max(room, 0)).forEach(words::add);
        if (atEnd) {
            words.add("the end of the statement");
        }
        if (words.isEmpty()) {
            return "something else";
        }
        int last = words.size() - 1;
        return last == 0 ? words.getFirst() : String.join(", ", words.subList(0, last)) + " or " + words.get(last);
    }

    private boolean aType() {
        return kinds.contains(BIGINT) && kinds.contains(VARCHAR);
    }

    private boolean aTimeUnit() {
        return kinds.contains(SECOND) && kinds.contains(HOUR) && !aName() && !anExpression();
    }

    private boolean anOperator() {
        return kinds.contains(EQ) && kinds.contains(AND);
    }

    private List<String> tokens() {
        List<String> images = new ArrayList<>();
        for (int kind : kinds) {
            boolean said = (anOperator() && OPERATORS.contains(kind))
                    || ((aName() || anExpression()) && Keywords.isNonReserved(image(kind)))
                    || (anExpression() && beginsExpression(kind))
                    || aType()
                    || (aTimeUnit() && Character.isLetter(image(kind).charAt(0)))
                    || kind == UESCAPE
                    || kind == EOF
                    || kind == SEMICOLON
                    || MillraceTokens.isClass(kind)
                    || (kind == INTERVAL && kinds.contains(INTERVAL_TEXT));
            if (!said) {
                images.add(image(kind));
            }
        }
        images.sort((left, right) -> {
            int byOrder = Integer.compare(rank(left), rank(right));
            return byOrder != 0 ? byOrder : left.compareTo(right);
        });
        return images.stream()
                .map(image -> Character.isLetter(image.charAt(0)) ? image : "'" + image + "'")
                .toList();
    }

    /// Next to "an expression" only these are news.
    private static boolean beginsExpression(int kind) {
        return switch (kind) {
            case STAR,
                    SELECT,
                    FROM,
                    RPAREN,
                    COMMA,
                    AS,
                    WITH,
                    VALUES,
                    TABLE,
                    ALL,
                    DISTINCT,
                    STREAM,
                    DEFAULT_,
                    SET,
                    ON,
                    BY,
                    END,
                    WHEN,
                    THEN,
                    ELSE -> false;
            default -> true;
        };
    }

    private static int rank(String image) {
        int index = ORDER.indexOf(image);
        return index < 0 ? ORDER.size() : index;
    }

    private static String image(int kind) {
        return MillraceTokens.image(kind);
    }
}
