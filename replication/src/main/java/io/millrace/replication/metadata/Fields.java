package io.millrace.replication.metadata;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/// Text and bytes with a length in front, as entries and manifests hold them.
public final class Fields {
    private Fields() {}

    public static void writeText(DataOutput out, String text) throws IOException {
        writeBytes(out, text.getBytes(StandardCharsets.UTF_8));
    }

    public static String readText(DataInput in) throws IOException {
        return new String(readBytes(in), StandardCharsets.UTF_8);
    }

    public static void writeBytes(DataOutput out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    /// @throws IOException the length is negative or larger than what `in` holds
    public static byte[] readBytes(DataInput in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > LENGTH_MAX) {
            throw new IOException("a field says that it is %d bytes long".formatted(length));
        }
        if (in instanceof InputStream stream) {
            byte[] bytes = stream.readNBytes(length); // takes no more memory than there are bytes
            if (bytes.length < length) {
                throw new EOFException(
                        "a field says that it is %d bytes long, there are %d".formatted(length, bytes.length));
            }
            return bytes;
        }
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return bytes;
    }

    // a field lies in one entry or in a checksummed manifest; this only stops a wrong length from eating the
    // heap
    private static final int LENGTH_MAX = 256 << 20;
}
