package io.millrace.http.route;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// Percent decoding, strict: every `%` starts two hex digits, and the bytes are UTF-8.
public final class Percent {
    private Percent() {}

    /// Characters from `start` to `end` (excluded), decoded.
    ///
    /// @throws HttpFailure `malformed_uri`
    public static String decode(String text, int start, int end, boolean plusIsSpace) {
        int at = start;
        while (at < end && isPlain(text.charAt(at), plusIsSpace)) {
            at++;
        }
        if (at == end) {
            return text.substring(start, end);
        }
        byte[] bytes = new byte[end - start];
        int length = 0;
        for (int i = start; i < end; i++) {
            char character = text.charAt(i);
            if (character == '%') {
                int high = i + 2 < end ? hex(text.charAt(i + 1)) : -1;
                int low = i + 2 < end ? hex(text.charAt(i + 2)) : -1;
                if (high < 0 || low < 0) {
                    throw malformed("'%' must be followed by two hex digits", i - start);
                }
                bytes[length++] = (byte) (high << 4 | low);
                i += 2;
            } else if (character == '+' && plusIsSpace) {
                bytes[length++] = ' ';
            } else if (character > ' ' && character < 0x7F) {
                bytes[length++] = (byte) character;
            } else {
                throw malformed("characters beyond ASCII must be percent-encoded", i - start);
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, 0, length))
                    .toString();
        } catch (CharacterCodingException notUtf8) {
            throw malformed("the decoded bytes are not UTF-8", 0);
        }
    }

    /// Character.digit would take digits of other scripts too.
    private static int hex(char digit) {
        return digit < 0x80 ? Character.digit(digit, 16) : -1;
    }

    private static boolean isPlain(char character, boolean plusIsSpace) {
        return character != '%' && !(character == '+' && plusIsSpace) && character > ' ' && character < 0x7F;
    }

    private static HttpFailure malformed(String what, int position) {
        return new HttpFailure(
                ErrorCode.MALFORMED_URI,
                "The address is malformed at character " + position + " of a part: " + what + ".");
    }
}
