package io.millrace.shell.parse;

import io.millrace.shell.parse.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/// Cuts SQL text into tokens that cover it without gaps. Never fails: what it does not know is a symbol.
///
/// Knows `'text'` and `"name"` with doubled quotes inside, `-- comment`, nested `/* comment */` and `$tag$ text
/// $tag$`.
public final class SqlScanner {
    private SqlScanner() {}

    public static List<Token> scan(String text) {
        List<Token> tokens = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            Token token = next(text, at);
            tokens.add(token);
            at = token.end();
        }
        return tokens;
    }

    /// The token that begins at `start`, which must lie inside the text.
    static Token next(String text, int start) {
        char c = text.charAt(start);
        if (c == '\'') {
            return quoted(text, start, '\'', Kind.STRING);
        }
        if (c == '"') {
            return quoted(text, start, '"', Kind.QUOTED_NAME);
        }
        if (text.startsWith("--", start)) {
            int end = text.indexOf('\n', start);
            return new Token(Kind.COMMENT, start, end < 0 ? text.length() : end);
        }
        if (text.startsWith("/*", start)) {
            return blockComment(text, start);
        }
        if (c == '$') {
            return dollarQuoted(text, start);
        }
        if (Character.isWhitespace(c)) {
            int end = start + 1;
            while (end < text.length() && Character.isWhitespace(text.charAt(end))) {
                end++;
            }
            return new Token(Kind.SPACE, start, end);
        }
        if (Character.isLetter(c) || c == '_') {
            int end = start + 1;
            while (end < text.length() && isNamePart(text.charAt(end))) {
                end++;
            }
            return new Token(Kind.WORD, start, end);
        }
        if (isDigit(c) || c == '.' && start + 1 < text.length() && isDigit(text.charAt(start + 1))) {
            return number(text, start);
        }
        return new Token(Kind.SYMBOL, start, start + 1);
    }

    /// What a name without quotes may hold after its first letter.
    public static boolean isNamePart(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '$';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static Token quoted(String text, int start, char quote, Kind kind) {
        for (int at = start + 1; at < text.length(); at++) {
            if (text.charAt(at) == quote) {
                if (at + 1 < text.length() && text.charAt(at + 1) == quote) {
                    at++;
                } else {
                    return new Token(kind, start, at + 1);
                }
            }
        }
        return new Token(Kind.UNFINISHED, start, text.length());
    }

    private static Token blockComment(String text, int start) {
        int depth = 0;
        for (int at = start; at < text.length(); at++) {
            if (text.startsWith("/*", at)) {
                depth++;
                at++;
            } else if (text.startsWith("*/", at)) {
                at++;
                if (--depth == 0) {
                    return new Token(Kind.COMMENT, start, at + 1);
                }
            }
        }
        return new Token(Kind.UNFINISHED, start, text.length());
    }

    private static Token dollarQuoted(String text, int start) {
        int tagEnd = start + 1;
        while (tagEnd < text.length()
                && (Character.isLetterOrDigit(text.charAt(tagEnd)) || text.charAt(tagEnd) == '_')) {
            tagEnd++;
        }
        boolean isTag = tagEnd < text.length()
                && text.charAt(tagEnd) == '$'
                && !(tagEnd > start + 1 && isDigit(text.charAt(start + 1)));
        if (!isTag) {
            return new Token(Kind.SYMBOL, start, start + 1);
        }
        String tag = text.substring(start, tagEnd + 1);
        int close = text.indexOf(tag, tagEnd + 1);
        return close < 0
                ? new Token(Kind.UNFINISHED, start, text.length())
                : new Token(Kind.STRING, start, close + tag.length());
    }

    private static Token number(String text, int start) {
        int end = start;
        while (end < text.length() && (isDigit(text.charAt(end)) || text.charAt(end) == '.')) {
            end++;
        }
        if (end < text.length() && (text.charAt(end) == 'e' || text.charAt(end) == 'E')) {
            int exponent = end + 1;
            if (exponent < text.length() && (text.charAt(exponent) == '+' || text.charAt(exponent) == '-')) {
                exponent++;
            }
            if (exponent < text.length() && isDigit(text.charAt(exponent))) {
                end = exponent;
                while (end < text.length() && isDigit(text.charAt(end))) {
                    end++;
                }
            }
        }
        return new Token(Kind.NUMBER, start, end);
    }
}
