package io.millrace.query.parser;

/// Cuts text into the pieces that matter without a grammar: where strings, quoted names and comments begin and
/// end.
///
/// It agrees with the grammar's tokens on these (a quote is escaped by doubling it, comments do not nest, `//`
/// is a comment like `--`), and lumps together what the grammar tells apart. It never fails: what is not closed
/// runs to the end of the text and says so.
final class SqlScanner {
    enum Kind {
        /// letters, digits, `_` and `$`; numbers too
        WORD,
        /// `'…'` or `E'…'`
        STRING,
        /// `"…"`
        QUOTED_NAME,
        /// one other character
        SYMBOL,
        /// `/*…`, only if it is not closed; others are skipped
        COMMENT,
        END
    }

    private final String text;
    private Kind kind = Kind.END;
    private boolean closed = true;
    private int start;
    private int end;

    SqlScanner(String text) {
        this.text = text;
    }

    /// Goes to the next piece behind blanks and comments.
    Kind next() {
        closed = true;
        start = end;
        while (start < text.length()) {
            char character = text.charAt(start);
            char following = start + 1 < text.length() ? text.charAt(start + 1) : '\0';
            if (Character.isWhitespace(character)) {
                start++;
            } else if ((character == '-' && following == '-') || (character == '/' && following == '/')) {
                start = endOfLine(start);
            } else if (character == '/' && following == '*' && !text.startsWith("/*+", start)) {
                int close = text.indexOf("*/", start + 2);
                if (close < 0) {
                    return piece(Kind.COMMENT, text.length(), false);
                }
                start = close + 2;
            } else {
                return pieceThatBeginsWith(character);
            }
        }
        return piece(Kind.END, start, true);
    }

    private Kind pieceThatBeginsWith(char first) {
        if ((first == 'e' || first == 'E') && text.startsWith("'", start + 1)) {
            int close = closingQuoteWithEscapes(start + 2);
            return close < 0 ? piece(Kind.STRING, text.length(), false) : piece(Kind.STRING, close + 1, true);
        }
        if (first == '\'' || first == '"') {
            int close = closingQuote(first);
            Kind quoted = first == '"' ? Kind.QUOTED_NAME : Kind.STRING;
            return close < 0 ? piece(quoted, text.length(), false) : piece(quoted, close + 1, true);
        }
        int wordEnd = start;
        while (wordEnd < text.length() && isWordPart(text.charAt(wordEnd))) {
            wordEnd++;
        }
        return wordEnd > start ? piece(Kind.WORD, wordEnd, true) : piece(Kind.SYMBOL, start + 1, true);
    }

    private static boolean isWordPart(char character) {
        return Character.isLetterOrDigit(character) || character == '_' || character == '$';
    }

    private int closingQuote(char quote) {
        int close = text.indexOf(quote, start + 1);
        while (close >= 0 && close + 1 < text.length() && text.charAt(close + 1) == quote) {
            close = text.indexOf(quote, close + 2);
        }
        return close;
    }

    /// In `E'…'` a backslash escapes the character behind it.
    private int closingQuoteWithEscapes(int from) {
        int index = from;
        while (index < text.length()) {
            char character = text.charAt(index);
            boolean doubled = character == '\'' && text.startsWith("'", index + 1);
            if (character == '\'' && !doubled) {
                return index;
            }
            index += character == '\\' || doubled ? 2 : 1;
        }
        return -1;
    }

    private int endOfLine(int from) {
        int index = from;
        while (index < text.length() && text.charAt(index) != '\n' && text.charAt(index) != '\r') {
            index++;
        }
        return index;
    }

    private Kind piece(Kind newKind, int newEnd, boolean isClosed) {
        kind = newKind;
        end = newEnd;
        closed = isClosed;
        return newKind;
    }

    Kind kind() {
        return kind;
    }

    /// False for a string, quoted name or comment that runs into the end of the text.
    boolean closed() {
        return closed;
    }

    /// Index of the first character.
    int start() {
        return start;
    }

    /// Index behind the last character.
    int end() {
        return end;
    }

    boolean is(char symbol) {
        return kind == Kind.SYMBOL && text.charAt(start) == symbol;
    }

    boolean isWord(String word) {
        return kind == Kind.WORD
                && end - start == word.length()
                && text.regionMatches(true, start, word, 0, word.length());
    }
}
