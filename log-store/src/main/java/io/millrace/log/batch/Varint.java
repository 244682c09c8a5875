package io.millrace.log.batch;

/// Zig-zag variable-length integers: seven bits a byte, lowest first, the top bit says that more follow.
///
/// Source: Protocol Buffers encoding, used by Kafka's records.
public final class Varint {
    public static final int INT_SIZE_BYTES_MAX = 5;
    public static final int LONG_SIZE_BYTES_MAX = 10;

    private Varint() {}

    public static int zigZag(int value) {
        return (value << 1) ^ (value >> 31);
    }

    public static long zigZag(long value) {
        return (value << 1) ^ (value >> 63);
    }

    /// Bytes that an already zig-zagged value takes: ⌈significant bits / 7⌉ without a division.
    public static int sizeBytes(int zigZagged) {
        return (352 - Integer.numberOfLeadingZeros(zigZagged) * 9) >>> 6;
    }

    public static int sizeBytes(long zigZagged) {
        return (640 - Long.numberOfLeadingZeros(zigZagged) * 9) >>> 6;
    }

    /// Writes an already zig-zagged value and returns the position behind it.
    public static int put(byte[] target, int position, int zigZagged) {
        int rest = zigZagged;
        int at = position;
        while ((rest & ~0x7f) != 0) {
            target[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        target[at++] = (byte) rest;
        return at;
    }

    public static int put(byte[] target, int position, long zigZagged) {
        long rest = zigZagged;
        int at = position;
        while ((rest & ~0x7fL) != 0) {
            target[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        target[at++] = (byte) rest;
        return at;
    }
}
