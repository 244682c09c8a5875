package io.millrace.query.expression;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A LIKE pattern that matches UTF-8 bytes: `%` any run, `_` one code point. There is no escape character
/// unless one is named.
///
/// Cut at `%` into pieces: the first must begin the text, the last must end it, and those between are searched
/// for from left to right, each as early as possible, which never misses a match.
public final class LikePattern {
    private static final int ANY_CHARACTER = -1;

    /// each piece as bytes, [#ANY_CHARACTER] for `_`
    private final int[][] pieces;

    private final byte @Nullable [][] plainPieces;
    private final String key;

    private LikePattern(int[][] pieces, String key) {
        this.pieces = pieces;
        this.key = key;
        byte[][] plain = new byte[pieces.length][];
        boolean isPlain = true;
        for (int i = 0; i < pieces.length; i++) {
            plain[i] = new byte[pieces[i].length];
            for (int k = 0; k < pieces[i].length; k++) {
                isPlain &= pieces[i][k] != ANY_CHARACTER;
                plain[i][k] = (byte) pieces[i][k];
            }
        }
        plainPieces = isPlain ? plain : null;
    }

    /// @param escape one character, or empty for none
    public static LikePattern compile(String pattern, String escape) {
        if (escape.codePointCount(0, escape.length()) > 1) {
            throw new IllegalArgumentException("LIKE takes one escape character, not '" + escape + "'");
        }
        int escapeCodePoint = escape.isEmpty() ? -1 : escape.codePointAt(0);
        List<int[]> pieces = new ArrayList<>();
        List<Integer> piece = new ArrayList<>();
        for (int i = 0; i < pattern.length(); ) {
            int codePoint = pattern.codePointAt(i);
            i += Character.charCount(codePoint);
            if (codePoint == escapeCodePoint) {
                if (i >= pattern.length()) {
                    throw new IllegalArgumentException("LIKE pattern '" + pattern + "' ends with its escape character");
                }
                codePoint = pattern.codePointAt(i);
                i += Character.charCount(codePoint);
                literal(codePoint, piece);
            } else if (codePoint == '%') {
                pieces.add(toArray(piece));
                piece.clear();
            } else if (codePoint == '_') {
                piece.add(ANY_CHARACTER);
            } else {
                literal(codePoint, piece);
            }
        }
        pieces.add(toArray(piece));
        return new LikePattern(pieces.toArray(int[][]::new), pattern + "\u0000" + escape);
    }

    private static void literal(int codePoint, List<Integer> piece) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
        for (byte b : bytes.toByteArray()) {
            piece.add(b & 0xFF);
        }
    }

    private static int[] toArray(List<Integer> piece) {
        return piece.stream().mapToInt(Integer::intValue).toArray();
    }

    public boolean matches(byte[] text, int start, int length) {
        int end = start + length;
        int last = pieces.length - 1;
        byte[][] plain = plainPieces;
        if (plain != null) {
            return matchesPlain(plain, text, start, end);
        }
        if (last == 0) {
            return matchAt(pieces[0], text, start, end) == end;
        }
        int at = matchAt(pieces[0], text, start, end);
        if (at < 0) {
            return false;
        }
        for (int i = 1; i < last; i++) {
            int found = -1;
            while (at <= end && (found = matchAt(pieces[i], text, at, end)) < 0) {
                at = nextCharacter(text, at, end);
            }
            if (found < 0) {
                return false;
            }
            at = found;
        }
        // the last piece must end at the end; its length in bytes is not known when it has wildcards
        while (at <= end) {
            if (matchAt(pieces[last], text, at, end) == end) {
                return true;
            }
            at = nextCharacter(text, at, end);
        }
        return false;
    }

    private static boolean matchesPlain(byte[][] plain, byte[] text, int start, int end) {
        int last = plain.length - 1;
        byte[] first = plain[0];
        if (last == 0) {
            return Arrays.equals(text, start, end, first, 0, first.length);
        }
        byte[] tail = plain[last];
        if (end - start < first.length + tail.length
                || !Arrays.equals(text, start, start + first.length, first, 0, first.length)
                || !Arrays.equals(text, end - tail.length, end, tail, 0, tail.length)) {
            return false;
        }
        int at = start + first.length;
        int limit = end - tail.length;
        for (int i = 1; i < last; i++) {
            at = indexOf(text, at, limit, plain[i]);
            if (at < 0) {
                return false;
            }
            at += plain[i].length;
        }
        return true;
    }

    private static int indexOf(byte[] text, int start, int end, byte[] wanted) {
        if (wanted.length == 0) {
            return start;
        }
        byte first = wanted[0];
        for (int i = start; i <= end - wanted.length; i++) {
            if (text[i] == first && Arrays.equals(text, i, i + wanted.length, wanted, 0, wanted.length)) {
                return i;
            }
        }
        return -1;
    }

    /// Where the piece ends when it matches at `at`, −1 when it does not.
    private static int matchAt(int[] piece, byte[] text, int at, int end) {
        int i = at;
        for (int wanted : piece) {
            if (i >= end) {
                return -1;
            }
            if (wanted == ANY_CHARACTER) {
                i = nextCharacter(text, i, end);
            } else if ((text[i] & 0xFF) == wanted) {
                i++;
            } else {
                return -1;
            }
        }
        return i;
    }

    private static int nextCharacter(byte[] text, int at, int end) {
        int i = at + 1;
        while (i < end && (text[i] & 0xC0) == 0x80) {
            i++;
        }
        return i;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LikePattern like && like.key.equals(key);
    }

    @Override
    public int hashCode() {
        return key.hashCode();
    }
}
