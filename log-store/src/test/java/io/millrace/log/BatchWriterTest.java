package io.millrace.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.Samples.Sample;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The encoder beside one that is written down from the layout, byte by byte, and slow.
class BatchWriterTest {
    private static byte[] dumb(List<Sample> samples) throws IOException {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        long base = samples.get(0).timestampMs();
        long max = Long.MIN_VALUE;
        for (int index = 0; index < samples.size(); index++) {
            Sample sample = samples.get(index);
            max = Math.max(max, sample.timestampMs());
            ByteArrayOutputStream record = new ByteArrayOutputStream();
            record.write(0);
            varint(record, sample.timestampMs() - base);
            varint(record, index);
            sized(record, sample.key());
            sized(record, sample.value());
            varint(record, sample.headers().size());
            for (RecordHeader header : sample.headers()) {
                sized(record, header.name().getBytes(StandardCharsets.UTF_8));
                sized(record, header.value());
            }
            varint(records, record.size());
            record.writeTo(records);
        }
        ByteArrayOutputStream checked = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(checked);
        out.writeShort(0); // attributes
        out.writeInt(samples.size() - 1);
        out.writeLong(base);
        out.writeLong(max);
        out.writeLong(-1); // producer id
        out.writeShort(-1); // producer epoch
        out.writeInt(-1); // base sequence
        out.writeInt(samples.size());
        records.writeTo(out);
        CRC32C crc = new CRC32C();
        crc.update(checked.toByteArray());
        ByteArrayOutputStream batch = new ByteArrayOutputStream();
        DataOutputStream head = new DataOutputStream(batch);
        head.writeLong(0); // base offset
        head.writeInt(4 + 1 + 4 + checked.size());
        head.writeInt(-1); // leader epoch
        head.writeByte(2); // magic
        head.writeInt((int) crc.getValue());
        checked.writeTo(head);
        return batch.toByteArray();
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = (value << 1) ^ (value >> 63);
        while (rest >= 128 || rest < 0) {
            out.write((int) (rest & 127 | 128));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    private static void sized(ByteArrayOutputStream out, byte @Nullable [] bytes) {
        varint(out, bytes == null ? -1 : bytes.length);
        if (bytes != null) {
            out.writeBytes(bytes);
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    @Test
    void everyByteIsWhatTheLayoutSays() throws IOException {
        for (int seed = 0; seed < 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Sample> samples = Samples.randomList(
                    random,
                    random.nextInt(1, 200),
                    random.nextLong(-10_000, 2_000_000_000_000L),
                    1 + random.nextInt(300));
            assertThat(bytes(Samples.batch(samples))).as("seed %d", seed).isEqualTo(dumb(samples));
        }
    }

    @Test
    void timestampsAtTheEndsOfTheirRangeAreEncoded() throws IOException {
        List<Sample> samples = List.of(
                Samples.sample(Long.MAX_VALUE, "a", "b"),
                Samples.sample(Long.MIN_VALUE, "a", "b"),
                Samples.sample(0, "a", "b"));
        assertThat(bytes(Samples.batch(samples))).isEqualTo(dumb(samples));
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void anyKindOfBufferGetsTheSameBytesAndNothingElseIsTouched(Compression compression) {
        SplittableRandom random = new SplittableRandom(2);
        for (int round = 0; round < 50; round++) {
            RecordBuffer buffer = Samples.buffer(Samples.randomList(random, random.nextInt(1, 50), 1, 200));
            BatchWriter writer = new BatchWriter(compression);
            int max = BatchWriter.sizeBytesMax(buffer);
            ByteBuffer heap = ByteBuffer.allocate(max);
            int size = writer.write(buffer, heap);
            assertThat(heap.position()).isEqualTo(size).isLessThanOrEqualTo(max);
            byte[] expected = bytes(heap.flip());

            ByteBuffer direct = ByteBuffer.allocateDirect(size + 3).position(3);
            assertThat(writer.write(buffer, direct)).isEqualTo(size);
            assertThat(bytes(direct.flip().position(3))).isEqualTo(expected);

            byte[] backing = new byte[max + 20];
            ByteBuffer slice = ByteBuffer.wrap(backing, 10, max).slice();
            assertThat(writer.write(buffer, slice)).isEqualTo(size);
            assertThat(bytes(slice.flip())).isEqualTo(expected);
            for (int at = 0; at < 10; at++) {
                assertThat(backing[at]).isZero();
                assertThat(backing[max + 10 + at]).isZero();
            }

            ByteBuffer exact = ByteBuffer.allocate(size);
            assertThat(writer.write(buffer, exact)).isEqualTo(size);
            assertThat(bytes(exact.flip())).isEqualTo(expected);
            ByteBuffer small = ByteBuffer.allocate(size - 1);
            assertThatThrownBy(() -> writer.write(buffer, small)).isInstanceOf(BufferOverflowException.class);
            assertThat(small.position()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Compression.class,
            names = {"GZIP", "ZSTD"})
    void compressionMakesSmallerOrIsLeftOut(Compression compression) {
        List<Sample> repetitive = List.of(Samples.sample(1, "key", "abc".repeat(1000)));
        assertThat(Samples.batch(compression, repetitive).remaining()).isLessThan(300);
        assertThat(Samples.batch(compression, repetitive).get(22)).isEqualTo((byte) compression.id());

        byte[] noise = new byte[3000];
        new SplittableRandom(1).nextBytes(noise);
        List<Sample> random = List.of(new Sample(1, null, noise, List.of()));
        assertThat(Samples.batch(compression, random)).isEqualTo(Samples.batch(random));
        List<Sample> tiny = List.of(Samples.sample(1, "", ""));
        assertThat(Samples.batch(compression, tiny)).isEqualTo(Samples.batch(tiny));
    }

    @Test
    void aBufferIsReusedAndJoined() {
        SplittableRandom random = new SplittableRandom(3);
        RecordBuffer joined = new RecordBuffer();
        for (int round = 0; round < 30; round++) {
            joined.clear();
            List<Sample> first = Samples.randomList(random, random.nextInt(0, 40), 1, 100);
            List<Sample> second = Samples.randomList(random, random.nextInt(1, 40), 1, 100);
            joined.addAll(Samples.buffer(first));
            joined.addAll(Samples.buffer(second));
            List<Sample> both = new java.util.ArrayList<>(first);
            both.addAll(second);
            assertThat(joined.count()).isEqualTo(both.size());
            ByteBuffer target = ByteBuffer.allocate(BatchWriter.sizeBytesMax(joined));
            new BatchWriter(Compression.NONE).write(joined, target);
            assertThat(target.flip()).isEqualTo(Samples.batch(both));
        }
        RecordBuffer itself = Samples.buffer(List.of(Samples.sample(1, "a", "b")));
        itself.addAll(itself);
        assertThat(itself.count()).isEqualTo(2);
        assertThat(itself.sizeBytes()).isEqualTo(4);
    }

    @Test
    void callersMistakesAreNamed() {
        RecordBuffer buffer = new RecordBuffer();
        BatchWriter writer = new BatchWriter(Compression.NONE);
        assertThatThrownBy(() -> writer.write(buffer, ByteBuffer.allocate(100)))
                .isInstanceOf(IllegalArgumentException.class);
        byte[] bytes = new byte[10];
        for (int[] range : new int[][] {{-1, 5}, {0, 11}, {6, 5}, {0, -1}, {11, 0}}) {
            assertThatThrownBy(() -> buffer.add(0, bytes, range[0], range[1], null, 0, 0, List.of()))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> buffer.add(0, null, 0, 0, bytes, range[0], range[1], List.of()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(buffer.count()).isZero();
        assertThat(buffer.sizeBytes()).isZero();
        buffer.add(0, bytes, 10, 0, bytes, 0, 10, List.of());
        assertThat(buffer.sizeBytes()).isEqualTo(10);
    }
}
