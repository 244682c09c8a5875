package io.millrace.faults.load;

import io.millrace.faults.history.Event;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/// Values that say who sent them and whether they are whole: `name|padding|checksum`.
///
/// The padding follows from the name, so that a retry sends the same bytes. Its length is mostly small and
/// sometimes several pages, because torn writes show where a record spans pages.
public final class RecordText {
    private static final char BETWEEN = '|';
    private static final int PADDING_SMALL_MAX = 120;
    private static final int PADDING_LARGE_MAX = 12_000;
    private static final int LARGE_ONE_IN = 24;
    private static final int CHECKSUM_RADIX = 16;

    private RecordText() {}

    public static String of(String name) {
        SplittableRandom random = new SplittableRandom(name.hashCode());
        int length = random.nextInt(LARGE_ONE_IN) == 0
                ? random.nextInt(PADDING_LARGE_MAX)
                : random.nextInt(PADDING_SMALL_MAX);
        StringBuilder text = new StringBuilder(length + name.length() + 12);
        text.append(name).append(BETWEEN);
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt('z' - 'a' + 1)));
        }
        return text.append(BETWEEN).append(checksum(text)).toString();
    }

    /// The name in a value; a foreign one when the value is not exactly what [#of] makes.
    public static String nameOf(String text) {
        int nameEnd = text.indexOf(BETWEEN);
        int last = text.lastIndexOf(BETWEEN);
        if (nameEnd > 0
                && last > nameEnd
                && checksum(text.subSequence(0, last + 1)).equals(text.substring(last + 1))) {
            return text.substring(0, nameEnd);
        }
        return Event.FOREIGN + text.substring(0, Math.min(40, text.length()));
    }

    private static String checksum(CharSequence text) {
        CRC32C checksum = new CRC32C();
        checksum.update(text.toString().getBytes(StandardCharsets.UTF_8));
        return Long.toString(checksum.getValue(), CHECKSUM_RADIX);
    }
}
