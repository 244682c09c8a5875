package io.millrace.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Records, batches and the dumb ways to handle them that tests share.
public final class Samples {
    private Samples() {}

    /// A record without an offset yet, as a model keeps it.
    @SuppressWarnings("ArrayRecordComponent")
    public record Sample(long timestampMs, byte @Nullable [] key, byte @Nullable [] value, List<RecordHeader> headers) {
        /// What a reader must deliver, as text, so that failures can be read.
        public String at(long offset) {
            return describe(offset, timestampMs, key, value, headers);
        }
    }

    public static Sample sample(long timestampMs, String key, String value) {
        return new Sample(
                timestampMs, key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8), List.of());
    }

    /// Any record, now and then with a null or empty part, or headers.
    public static Sample random(SplittableRandom random, long timestampMs, int valueBytesMax) {
        return new Sample(
                timestampMs,
                randomBytes(random, 20),
                randomBytes(random, valueBytesMax),
                random.nextInt(8) == 0 ? randomHeaders(random) : List.of());
    }

    public static List<Sample> randomList(SplittableRandom random, int count, long timestampMs, int valueBytesMax) {
        List<Sample> samples = new ArrayList<>();
        for (int index = 0; index < count; index++) {
            samples.add(random(random, timestampMs + random.nextInt(-50, 50), valueBytesMax));
        }
        return samples;
    }

    private static byte @Nullable [] randomBytes(SplittableRandom random, int max) {
        int kind = random.nextInt(12);
        if (kind == 0) {
            return null;
        }
        byte[] bytes = new byte[kind == 1 ? 0 : random.nextInt(max + 1)];
        // half of them compressible
        if (random.nextBoolean()) {
            random.nextBytes(bytes);
        } else {
            Arrays.fill(bytes, (byte) ('a' + random.nextInt(26)));
        }
        return bytes;
    }

    private static List<RecordHeader> randomHeaders(SplittableRandom random) {
        List<RecordHeader> headers = new ArrayList<>();
        for (int count = random.nextInt(4); count > 0; count--) {
            byte[] value = new byte[random.nextInt(5)];
            random.nextBytes(value);
            headers.add(new RecordHeader("name-ü-" + random.nextInt(100), value));
        }
        return headers;
    }

    public static RecordBuffer buffer(List<Sample> samples) {
        RecordBuffer buffer = new RecordBuffer();
        for (Sample sample : samples) {
            byte[] key = sample.key();
            byte[] value = sample.value();
            buffer.add(
                    sample.timestampMs(),
                    key,
                    0,
                    key == null ? 0 : key.length,
                    value,
                    0,
                    value == null ? 0 : value.length,
                    sample.headers());
        }
        return buffer;
    }

    /// One batch of these records, ready to append.
    public static ByteBuffer batch(Compression compression, List<Sample> samples) {
        RecordBuffer buffer = buffer(samples);
        ByteBuffer target = ByteBuffer.allocate(BatchWriter.sizeBytesMax(buffer));
        new BatchWriter(compression).write(buffer, target);
        return target.flip();
    }

    public static ByteBuffer batch(List<Sample> samples) {
        return batch(Compression.NONE, samples);
    }

    /// A batch of one record that has exactly `sizeBytes` bytes.
    public static ByteBuffer batchOfSize(int sizeBytes, long timestampMs) {
        for (int valueBytes = sizeBytes - 61; valueBytes >= 0; valueBytes--) {
            ByteBuffer batch = batch(List.of(new Sample(timestampMs, null, new byte[valueBytes], List.of())));
            if (batch.remaining() == sizeBytes) {
                return batch;
            }
        }
        throw new IllegalArgumentException("no batch has %d bytes".formatted(sizeBytes));
    }

    /// Everything that readers see from `from` on, described.
    public static List<String> readAll(PartitionLog log, long from) throws IOException {
        return readAll(log, from, 1 << 20);
    }

    public static List<String> readAll(PartitionLog log, long from, int bytesMax) throws IOException {
        List<String> records = new ArrayList<>();
        try (RecordReader reader = log.reader(from)) {
            while (reader.fill(Long.MAX_VALUE, bytesMax)) {
                while (reader.next()) {
                    StreamRecord record = reader.copy();
                    records.add(describe(
                            record.offset(), record.timestampMs(), record.key(), record.value(), record.headers()));
                }
            }
        }
        return records;
    }

    public static String describe(
            long offset, long timestampMs, byte @Nullable [] key, byte @Nullable [] value, List<RecordHeader> headers) {
        StringBuilder text = new StringBuilder()
                .append(offset)
                .append(" at ")
                .append(timestampMs)
                .append(' ')
                .append(text(key))
                .append('=')
                .append(text(value));
        for (RecordHeader header : headers) {
            text.append(' ').append(header.name()).append(':').append(text(header.value()));
        }
        return text.toString();
    }

    /// Short, but different for different bytes.
    private static String text(byte @Nullable [] bytes) {
        if (bytes == null) {
            return "null";
        }
        String shown = new String(bytes, 0, Math.min(bytes.length, 12), StandardCharsets.ISO_8859_1);
        return bytes.length <= 12 ? "'" + shown + "'" : shown + "…" + bytes.length + "#" + Arrays.hashCode(bytes);
    }

    public static List<String> described(List<Sample> samples, long firstOffset) {
        List<String> records = new ArrayList<>();
        for (int index = 0; index < samples.size(); index++) {
            records.add(samples.get(index).at(firstOffset + index));
        }
        return records;
    }
}
