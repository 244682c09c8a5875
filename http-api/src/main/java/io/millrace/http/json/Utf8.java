package io.millrace.http.json;

/// Whether bytes are UTF-8.
public final class Utf8 {
    private Utf8() {}

    /// Strict: no overlong forms, no surrogates, nothing above U+10FFFF.
    public static boolean isValid(byte[] bytes, int start, int length) {
        int end = start + length;
        int at = start;
        while (at < end) {
            int first = bytes[at++];
            if (first >= 0) {
                continue;
            }
            int more;
            int low = 0x80;
            int high = 0xBF;
            int lead = first & 0xFF;
            if (lead >= 0xC2 && lead <= 0xDF) {
                more = 1;
            } else if (lead >= 0xE0 && lead <= 0xEF) {
                more = 2;
                low = lead == 0xE0 ? 0xA0 : 0x80;
                high = lead == 0xED ? 0x9F : 0xBF;
            } else if (lead >= 0xF0 && lead <= 0xF4) {
                more = 3;
                low = lead == 0xF0 ? 0x90 : 0x80;
                high = lead == 0xF4 ? 0x8F : 0xBF;
            } else {
                return false;
            }
            if (end - at < more) {
                return false;
            }
            int second = bytes[at] & 0xFF;
            if (second < low || second > high) {
                return false;
            }
            for (int i = 1; i < more; i++) {
                if ((bytes[at + i] & 0xC0) != 0x80) {
                    return false;
                }
            }
            at += more;
        }
        return true;
    }
}
