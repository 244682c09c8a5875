package io.millrace.shell.terminal;

import java.util.List;
import org.jline.reader.CompletingParsedLine;
import org.jline.reader.EOFError;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;

/// Tells the line editor when the text is complete and which word the cursor is in.
final class SqlLineParser implements Parser {
    private final Assistance assistance;

    SqlLineParser(Assistance assistance) {
        this.assistance = assistance;
    }

    @Override
    public ParsedLine parse(String line, int cursor, ParseContext context) {
        if ((context == ParseContext.ACCEPT_LINE || context == ParseContext.UNSPECIFIED)
                && !assistance.isComplete(line)) {
            throw new EOFError(-1, -1, "the statement goes on");
        }
        String before = line.substring(0, Math.min(cursor, line.length()));
        String word = before.substring(assistance.wordStart(before));
        return new Line(line, cursor, word);
    }

    @Override
    public boolean isEscapeChar(char c) {
        return false; // a backslash begins a command
    }

    private record Line(String line, int cursor, String word) implements CompletingParsedLine {
        @Override
        public int wordCursor() {
            return word.length();
        }

        @Override
        public int wordIndex() {
            return 0;
        }

        @Override
        public List<String> words() {
            return List.of(word);
        }

        @Override
        public CharSequence escape(CharSequence candidate, boolean complete) {
            return candidate;
        }

        @Override
        public int rawWordCursor() {
            return word.length();
        }

        @Override
        public int rawWordLength() {
            return word.length();
        }
    }
}
