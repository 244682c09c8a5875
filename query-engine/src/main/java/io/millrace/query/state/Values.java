package io.millrace.query.state;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Checkpoint form of boxed values and of arrays.
///
/// | tag | value                                    |
/// |-----|------------------------------------------|
/// | 0   | null                                     |
/// | 1   | long                                     |
/// | 2   | double, its bits                         |
/// | 3   | bytes: int length, bytes                 |
/// | 4   | decimal: int scale, bytes of the integer |
/// | 5   | list: int size, values                   |
/// | 6   | row: int size, values                    |
/// | 7   | map: int size, keys and values           |
/// | 8   | text: bytes in UTF-8                     |
/// | 9   | boolean                                  |
/// | 10  | int                                      |
/// | 11  | integer of any size: bytes               |
public final class Values {
    private Values() {}

    public static void write(DataOutput out, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> out.writeByte(0);
            case Long number -> {
                out.writeByte(1);
                out.writeLong(number);
            }
            case Double number -> {
                out.writeByte(2);
                out.writeLong(Double.doubleToRawLongBits(number));
            }
            case byte[] bytes -> {
                out.writeByte(3);
                writeBytes(out, bytes);
            }
            case BigDecimal number -> {
                out.writeByte(4);
                out.writeInt(number.scale());
                writeBytes(out, number.unscaledValue().toByteArray());
            }
            case List<?> list -> {
                out.writeByte(5);
                writeAll(out, list);
            }
            case Object[] fields -> {
                out.writeByte(6);
                writeAll(out, Arrays.asList(fields));
            }
            case Map<?, ?> map -> {
                out.writeByte(7);
                out.writeInt(map.size());
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    write(out, entry.getKey());
                    write(out, entry.getValue());
                }
            }
            case String text -> {
                out.writeByte(8);
                writeBytes(out, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            }
            case Boolean flag -> {
                out.writeByte(9);
                out.writeBoolean(flag);
            }
            case Integer number -> {
                out.writeByte(10);
                out.writeInt(number);
            }
            case BigInteger number -> {
                out.writeByte(11);
                writeBytes(out, number.toByteArray());
            }
            default ->
                throw new IllegalArgumentException(
                        "a value of " + value.getClass() + " cannot be written to a checkpoint");
        }
    }

    private static void writeAll(DataOutput out, List<?> values) throws IOException {
        out.writeInt(values.size());
        for (Object value : values) {
            write(out, value);
        }
    }

    public static @Nullable Object read(DataInput in) throws IOException {
        byte tag = in.readByte();
        return switch (tag) {
            case 0 -> null;
            case 1 -> in.readLong();
            case 2 -> Double.longBitsToDouble(in.readLong());
            case 3 -> readBytes(in);
            case 4 -> {
                int scale = in.readInt();
                yield new BigDecimal(new BigInteger(readBytes(in)), scale);
            }
            case 5 -> java.util.Collections.unmodifiableList(readAll(in));
            case 6 -> readAll(in).toArray();
            case 7 -> {
                int size = in.readInt();
                Map<@Nullable Object, @Nullable Object> map = new LinkedHashMap<>();
                for (int i = 0; i < size; i++) {
                    Object key = read(in);
                    map.put(key, read(in));
                }
                yield java.util.Collections.unmodifiableMap(map);
            }
            case 8 -> new String(readBytes(in), java.nio.charset.StandardCharsets.UTF_8);
            case 9 -> in.readBoolean();
            case 10 -> in.readInt();
            case 11 -> new BigInteger(readBytes(in));
            default -> throw new IOException("checkpoint: expected a value's tag (0 to 11), found " + tag);
        };
    }

    private static List<@Nullable Object> readAll(DataInput in) throws IOException {
        int size = in.readInt();
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            values.add(read(in));
        }
        return values;
    }

    private static void writeBytes(DataOutput out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static byte[] readBytes(DataInput in) throws IOException {
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return bytes;
    }

    /// The first `count` elements.
    public static void writeInts(DataOutput out, int[] array, int count) throws IOException {
        out.writeInt(count);
        for (int i = 0; i < count; i++) {
            out.writeInt(array[i]);
        }
    }

    public static int[] readInts(DataInput in) throws IOException {
        int[] array = new int[in.readInt()];
        for (int i = 0; i < array.length; i++) {
            array[i] = in.readInt();
        }
        return array;
    }

    /// The first `count` elements.
    public static void writeLongs(DataOutput out, long[] array, int count) throws IOException {
        out.writeInt(count);
        for (int i = 0; i < count; i++) {
            out.writeLong(array[i]);
        }
    }

    public static long[] readLongs(DataInput in) throws IOException {
        long[] array = new long[in.readInt()];
        for (int i = 0; i < array.length; i++) {
            array[i] = in.readLong();
        }
        return array;
    }
}
