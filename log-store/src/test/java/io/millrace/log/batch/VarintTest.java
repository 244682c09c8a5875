package io.millrace.log.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class VarintTest {
    /// The definition, as plainly as it can be written.
    private static byte[] dumb(long zigZagged) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long rest = zigZagged;
        do {
            long seven = rest & 127;
            rest >>>= 7;
            out.write((int) (rest == 0 ? seven : seven + 128));
        } while (rest != 0);
        return out.toByteArray();
    }

    /// All powers of two, their neighbours, and the same below zero.
    private static List<Long> interesting() {
        List<Long> values = new ArrayList<>(List.of(0L));
        for (int bit = 0; bit < 64; bit++) {
            for (int difference = -1; difference <= 1; difference++) {
                values.add((1L << bit) + difference);
                values.add(-(1L << bit) + difference);
            }
        }
        return values;
    }

    @Test
    void longsAreEncodedAsTheDefinitionSays() {
        byte[] target = new byte[Varint.LONG_SIZE_BYTES_MAX];
        for (long value : interesting()) {
            long zigZagged = Varint.zigZag(value);
            assertThat((zigZagged >>> 1) ^ -(zigZagged & 1)).isEqualTo(value);
            byte[] expected = dumb(zigZagged);
            int end = Varint.put(target, 0, zigZagged);
            assertThat(Arrays.copyOf(target, end)).as("%d", value).isEqualTo(expected);
            assertThat(Varint.sizeBytes(zigZagged)).as("%d", value).isEqualTo(expected.length);
        }
    }

    @Test
    void intsAreEncodedAsTheDefinitionSays() {
        byte[] target = new byte[Varint.INT_SIZE_BYTES_MAX];
        for (long wide : interesting()) {
            int value = (int) wide;
            int zigZagged = Varint.zigZag(value);
            byte[] expected = dumb(zigZagged & 0xffff_ffffL);
            int end = Varint.put(target, 0, zigZagged);
            assertThat(Arrays.copyOf(target, end)).as("%d", value).isEqualTo(expected);
            assertThat(Varint.sizeBytes(zigZagged)).as("%d", value).isEqualTo(expected.length);
        }
    }
}
