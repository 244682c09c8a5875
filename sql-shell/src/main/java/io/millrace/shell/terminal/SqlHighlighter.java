package io.millrace.shell.terminal;

import io.millrace.shell.parse.SqlScanner;
import io.millrace.shell.parse.SqlWords;
import io.millrace.shell.parse.Token;
import org.jline.reader.Highlighter;
import org.jline.reader.LineReader;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/// Colours for what is being typed.
final class SqlHighlighter implements Highlighter {
    private static final AttributedStyle PLAIN = AttributedStyle.DEFAULT;
    private static final AttributedStyle KEYWORD =
            PLAIN.foreground(AttributedStyle.BLUE).bold();
    private static final AttributedStyle FUNCTION = PLAIN.foreground(AttributedStyle.MAGENTA);
    private static final AttributedStyle STRING = PLAIN.foreground(AttributedStyle.GREEN);
    private static final AttributedStyle NUMBER = PLAIN.foreground(AttributedStyle.CYAN);
    private static final AttributedStyle COMMENT = PLAIN.faint();

    @Override
    public AttributedString highlight(LineReader reader, String buffer) {
        AttributedStringBuilder out = new AttributedStringBuilder(buffer.length());
        boolean command = buffer.stripLeading().startsWith("\\");
        for (Token token : SqlScanner.scan(buffer)) {
            String text = token.text(buffer);
            out.styled(command ? PLAIN : style(token, text), text);
        }
        return out.toAttributedString();
    }

    private static AttributedStyle style(Token token, String text) {
        return switch (token.kind()) {
            case WORD -> SqlWords.isKeyword(text) ? KEYWORD : SqlWords.isFunction(text) ? FUNCTION : PLAIN;
            case STRING -> STRING;
            case NUMBER -> NUMBER;
            case COMMENT -> COMMENT;
            case UNFINISHED -> text.startsWith("/*") ? COMMENT : STRING;
            case QUOTED_NAME, SYMBOL, SPACE -> PLAIN;
        };
    }
}
