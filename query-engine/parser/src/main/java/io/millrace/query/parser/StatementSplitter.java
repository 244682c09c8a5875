package io.millrace.query.parser;

import java.util.ArrayList;
import java.util.List;

/// Splits text into statements at each `;` outside of strings, quoted names and comments, without parsing them.
public final class StatementSplitter {
    private StatementSplitter() {}

    /// One statement.
    ///
    /// @param text  without the semicolon, and without blanks and comments around it
    /// @param start index of its first character in the whole text
    /// @param end   index behind its last character
    public record Statement(String text, int start, int end) {}

    /// How the text ends.
    public enum Ending {
        /// with a `;`, or there is no statement at all
        COMPLETE,
        /// within a statement, where a `;` would complete it
        WITHOUT_SEMICOLON,
        /// within `'…`
        IN_STRING,
        /// within `"…`
        IN_QUOTED_NAME,
        /// within `/*…`
        IN_COMMENT
    }

    /// The statements; empty ones are left out. The last one is incomplete if the ending says so. (A comment
    /// that is not closed may stand behind the last complete statement; then there is no incomplete one.)
    public record Split(List<Statement> statements, Ending ending) {
        public Split {
            statements = List.copyOf(statements);
        }

        /// More text is needed before all of it can be run.
        public boolean incomplete() {
            return ending != Ending.COMPLETE;
        }
    }

    public static Split split(String text) {
        List<Statement> statements = new ArrayList<>();
        SqlScanner scanner = new SqlScanner(text);
        int start = -1; // of the statement at hand; -1 before its first piece
        int end = 0;
        while (true) {
            SqlScanner.Kind kind = scanner.next();
            boolean ends = kind == SqlScanner.Kind.END || kind == SqlScanner.Kind.COMMENT;
            if (ends || scanner.is(';')) {
                if (start >= 0) {
                    statements.add(new Statement(text.substring(start, end), start, end));
                }
                if (ends) {
                    return new Split(statements, ending(kind, start >= 0));
                }
                start = -1;
                continue;
            }
            start = start < 0 ? scanner.start() : start;
            end = scanner.end();
            if (!scanner.closed()) {
                statements.add(new Statement(text.substring(start, end), start, end));
                return new Split(statements, ending(kind, true));
            }
        }
    }

    private static Ending ending(SqlScanner.Kind last, boolean insideStatement) {
        return switch (last) {
            case STRING -> Ending.IN_STRING;
            case QUOTED_NAME -> Ending.IN_QUOTED_NAME;
            case COMMENT -> Ending.IN_COMMENT;
            case WORD, SYMBOL, END -> insideStatement ? Ending.WITHOUT_SEMICOLON : Ending.COMPLETE;
        };
    }
}
