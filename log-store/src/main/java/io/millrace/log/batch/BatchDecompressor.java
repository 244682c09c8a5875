package io.millrace.log.batch;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import io.millrace.log.Compression;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/// Decompresses the records of a batch behind the batches themselves, in the same array, which grows as needed.
/// What a frame claims about its size is believed only as far as it is plausible; what comes out is bounded.
///
/// Threading: one thread at a time.
public final class BatchDecompressor {
    /// Ratio up to which a claimed size is allocated at once; a larger one has to prove itself as it is read.
    private static final int PLAUSIBLE_RATIO = 64;

    private byte[] array = new byte[0];
    private int end;

    /// The array that now holds everything; maybe another than the one that was given.
    public byte[] array() {
        return array;
    }

    /// Position behind the decompressed records.
    public int end() {
        return end;
    }

    /// Decompresses bytes `from` to `to` of `bytes` and writes the result into the same array at `target`.
    public void decompress(Compression compression, byte[] bytes, int from, int to, int target)
            throws MalformedBatchException {
        array = bytes;
        end = target;
        try {
            switch (compression) {
                case NONE -> throw new IllegalArgumentException("nothing to decompress");
                case GZIP -> {
                    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes, from, to - from), 4096)) {
                        drain(in);
                    }
                }
                case ZSTD -> {
                    if (!zstdAtOnce(bytes, from, to)) {
                        try (InputStream in =
                                new ZstdInputStreamNoFinalizer(new ByteArrayInputStream(bytes, from, to - from))) {
                            drain(in);
                        }
                    }
                }
            }
        } catch (MalformedBatchException e) {
            throw e;
        } catch (IOException e) {
            throw new MalformedBatchException(
                    "expected records compressed with %s, found: %s".formatted(compression, e.getMessage()), e);
        }
    }

    private boolean zstdAtOnce(byte[] bytes, int from, int to) {
        long claimed = Zstd.getFrameContentSize(bytes, from, to - from);
        if (claimed <= 0 || claimed > (long) (to - from) * PLAUSIBLE_RATIO) {
            return false;
        }
        if (end + claimed + RecordCursor.SLACK_BYTES > Integer.MAX_VALUE - 16) {
            return false;
        }
        ensure((int) claimed);
        try {
            end += (int) Zstd.decompressByteArray(array, end, (int) claimed, bytes, from, to - from);
            return true;
        } catch (ZstdException e) {
            return false; // several frames or a broken one: the stream finds out which
        }
    }

    private void drain(InputStream in) throws IOException {
        int start = end;
        while (true) {
            ensure(4096);
            int count = in.read(array, end, array.length - end - RecordCursor.SLACK_BYTES);
            if (count < 0) {
                return;
            }
            end += count;
            if (end - start > BatchLayout.BATCH_SIZE_BYTES_MAX) {
                throw new MalformedBatchException("expected at most %d bytes of decompressed records, found more"
                        .formatted(BatchLayout.BATCH_SIZE_BYTES_MAX));
            }
        }
    }

    private void ensure(int more) {
        long needed = (long) end + more + RecordCursor.SLACK_BYTES;
        if (needed > array.length) {
            long grown = Math.max(needed, Math.min(array.length * 2L, Integer.MAX_VALUE - 16));
            array = Arrays.copyOf(array, Math.toIntExact(grown));
        }
    }
}
