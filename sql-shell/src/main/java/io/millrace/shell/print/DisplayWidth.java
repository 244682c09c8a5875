package io.millrace.shell.print;

import org.jline.utils.WCWidth;

/// How many columns of a screen text takes: wide characters two, combining ones none.
public final class DisplayWidth {
    private DisplayWidth() {}

    public static int of(String text) {
        int width = 0;
        for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
            width += ofCodePoint(text.codePointAt(at));
        }
        return width;
    }

    private static int ofCodePoint(int codePoint) {
        if (codePoint >= 0x20 && codePoint < 0x7f) {
            return 1;
        }
        return Math.max(0, WCWidth.wcwidth(codePoint));
    }

    /// The text, or its beginning and `…` where it is wider than `width`.
    public static String clip(String text, int width, String ellipsis) {
        if (of(text) <= width) {
            return text;
        }
        int room = width - of(ellipsis);
        int used = 0;
        int at = 0;
        while (at < text.length()) {
            int codePoint = text.codePointAt(at);
            int wide = ofCodePoint(codePoint);
            if (used + wide > room) {
                break;
            }
            used += wide;
            at += Character.charCount(codePoint);
        }
        return text.substring(0, at) + (room < 0 ? "" : ellipsis);
    }

    /// The text with blanks around it up to `width`.
    public static String pad(String text, int width, boolean right) {
        String blanks = " ".repeat(Math.max(0, width - of(text)));
        return right ? blanks + text : text + blanks;
    }
}
