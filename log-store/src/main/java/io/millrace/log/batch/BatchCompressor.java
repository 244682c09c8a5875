package io.millrace.log.batch;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import io.millrace.log.Compression;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/// Compresses the records of a batch as one block.
///
/// Threading: one thread at a time.
public final class BatchCompressor {
    private static final int ZSTD_LEVEL = 3;
    private static final int GZIP_HEADER_BYTES = 10;
    private static final int GZIP_TRAILER_BYTES = 8;

    /// Returned by [#compress] when the result would not be smaller.
    public static final int NOT_SMALLER = -1;

    private BatchCompressor() {}

    /// Compresses `source` from 0 to `length` into `target` at `position`.
    ///
    /// @param room bytes of the target that may be written, at least `length`
    /// @return bytes written or [#NOT_SMALLER]
    public static int compress(
            Compression compression, byte[] source, int length, byte[] target, int position, int room) {
        return switch (compression) {
            case NONE -> NOT_SMALLER;
            case GZIP -> gzip(source, length, target, position);
            case ZSTD -> zstd(source, length, target, position, room);
        };
    }

    private static int zstd(byte[] source, int length, byte[] target, int position, int room) {
        try {
            int written = (int) Zstd.compressByteArray(target, position, room, source, 0, length, ZSTD_LEVEL);
            return written < length ? written : NOT_SMALLER;
        } catch (ZstdException e) {
            if (e.getErrorCode() == Zstd.errDstSizeTooSmall()) {
                return NOT_SMALLER;
            }
            throw e;
        }
    }

    /// One gzip member (RFC 1952), without a name and a time, so that equal records give equal bytes.
    private static int gzip(byte[] source, int length, byte[] target, int position) {
        int room = length - 1 - GZIP_HEADER_BYTES - GZIP_TRAILER_BYTES;
        if (room <= 0) {
            return NOT_SMALLER;
        }
        Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        try {
            deflater.setInput(source, 0, length);
            deflater.finish();
            int body = position + GZIP_HEADER_BYTES;
            int written = 0;
            while (!deflater.finished()) {
                int count = deflater.deflate(target, body + written, room - written);
                if (count == 0 && !deflater.finished()) {
                    return NOT_SMALLER;
                }
                written += count;
            }
            putGzipHeader(target, position);
            CRC32 crc = new CRC32();
            crc.update(source, 0, length);
            putLittleEndian(target, body + written, (int) crc.getValue());
            putLittleEndian(target, body + written + 4, length);
            return GZIP_HEADER_BYTES + written + GZIP_TRAILER_BYTES;
        } finally {
            deflater.end();
        }
    }

    private static void putGzipHeader(byte[] target, int position) {
        byte[] header = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};
        System.arraycopy(header, 0, target, position, GZIP_HEADER_BYTES);
    }

    private static void putLittleEndian(byte[] target, int position, int value) {
        target[position] = (byte) value;
        target[position + 1] = (byte) (value >>> 8);
        target[position + 2] = (byte) (value >>> 16);
        target[position + 3] = (byte) (value >>> 24);
    }
}
