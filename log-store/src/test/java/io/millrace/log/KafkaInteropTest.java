package io.millrace.log;

import static io.millrace.log.Samples.batch;
import static io.millrace.log.Samples.described;
import static io.millrace.log.Samples.readAll;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.Samples.Sample;
import io.millrace.log.disk.LocalDisk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.tools.DumpLogSegments;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Files written here are read by Kafka's own code, and batches written by Kafka are read here.
class KafkaInteropTest {
    private static final LogSettings SETTINGS = new LogSettings(20_000, 1000);
    private static final Pattern BATCH_LINE = Pattern.compile(
            "baseOffset: (\\d+) lastOffset: (\\d+) count: (\\d+) .*compresscodec: (\\w+) .*isvalid: (\\w+)");
    private static final Pattern RECORD_LINE = Pattern.compile(
            "\\| offset: (\\d+) CreateTime: (\\d+) keySize: (-?\\d+) valueSize: (-?\\d+) .*key: (\\S+) payload: (\\S+)");

    @TempDir
    Path folder;

    private PartitionLog open() throws IOException {
        return new LogStore(new LocalDisk()).open(folder, SETTINGS, null);
    }

    private List<Path> segmentFiles() throws IOException {
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void kafkasLogDumperFindsOurSegmentsValidAndPrintsOurRecords(Compression compression) throws IOException {
        SplittableRandom random = new SplittableRandom(11);
        List<String> expected = new ArrayList<>();
        int batches = 40;
        try (PartitionLog log = open()) {
            for (int index = 0; index < batches; index++) {
                List<Sample> samples = new ArrayList<>();
                for (int count = random.nextInt(1, 20); count > 0; count--) {
                    String key = "key" + random.nextInt(100);
                    String value = "v".repeat(random.nextInt(1, 200)) + random.nextInt();
                    long time = 1_750_000_000_000L + random.nextInt(1000);
                    expected.add("%d %d %d %d %s %s"
                            .formatted(expected.size(), time, key.length(), value.length(), key, value));
                    samples.add(Samples.sample(time, key, value));
                }
                log.append(batch(compression, samples), 3);
            }
            log.flush();
            assertThat(log.segments()).hasSizeGreaterThan(compression == Compression.NONE ? 2 : 0);
        }
        String output = dump();
        List<String> dumped = new ArrayList<>();
        int validBatches = 0;
        for (String line : output.lines().toList()) {
            Matcher batchLine = BATCH_LINE.matcher(line);
            if (batchLine.find()) {
                assertThat(batchLine.group(5)).as(line).isEqualTo("true");
                if (batchLine.group(4).equals(compression.name().toLowerCase(Locale.ROOT))) {
                    validBatches++;
                }
            }
            Matcher recordLine = RECORD_LINE.matcher(line);
            if (recordLine.find()) {
                dumped.add("%s %s %s %s %s %s"
                        .formatted(
                                recordLine.group(1),
                                recordLine.group(2),
                                recordLine.group(3),
                                recordLine.group(4),
                                recordLine.group(5),
                                recordLine.group(6)));
            }
        }
        assertThat(dumped).isEqualTo(expected);
        // a batch of one short record may be smaller uncompressed
        assertThat(validBatches).isBetween(batches * 3 / 4, batches);
    }

    /// What the dumper prints. Of what it complains about on the error stream, only this is expected: it counts
    /// every file from -1 on, so each one but the first seems to begin too late.
    private String dump() throws IOException {
        List<Path> files = segmentFiles();
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        ByteArrayOutputStream complaints = new ByteArrayOutputStream();
        try (PrintStream newOut = new PrintStream(printed, true, StandardCharsets.UTF_8);
                PrintStream newErr = new PrintStream(complaints, true, StandardCharsets.UTF_8)) {
            System.setOut(newOut);
            System.setErr(newErr);
            DumpLogSegments.main(new String[] {
                "--deep-iteration",
                "--print-data-log",
                "--files",
                String.join(",", files.stream().map(Path::toString).toList())
            });
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        List<String> expected = new ArrayList<>();
        for (Path file : files.subList(1, files.size())) {
            expected.add("Non-consecutive offsets in " + file);
            long first = Long.parseLong(String.valueOf(file.getFileName()).replace(".log", ""));
            expected.add("  -1 is followed by " + first);
        }
        assertThat(complaints.toString(StandardCharsets.UTF_8).lines())
                .filteredOn(line -> !line.startsWith("SLF4J") && !line.startsWith("WARNING"))
                .containsExactlyInAnyOrderElementsOf(expected);
        return printed.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void kafkasRecordClassesReadAnyBytesThatWeWrote(Compression compression) throws IOException {
        SplittableRandom random = new SplittableRandom(12);
        List<String> expected = new ArrayList<>();
        try (PartitionLog log = open()) {
            for (int index = 0; index < 60; index++) {
                List<Sample> samples = Samples.randomList(random, random.nextInt(1, 30), 5000, 300);
                expected.addAll(described(samples, expected.size()));
                log.append(batch(compression, samples), 5);
            }
        }
        List<String> read = new ArrayList<>();
        for (Path file : segmentFiles()) {
            for (MutableRecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(Files.readAllBytes(file)))
                    .batches()) {
                batch.ensureValid();
                assertThat(batch.partitionLeaderEpoch()).isEqualTo(5);
                long max = Long.MIN_VALUE;
                for (org.apache.kafka.common.record.internal.Record record : batch) {
                    max = Math.max(max, record.timestamp());
                    List<RecordHeader> headers = new ArrayList<>();
                    for (Header header : record.headers()) {
                        headers.add(new RecordHeader(header.key(), header.value()));
                    }
                    read.add(Samples.describe(
                            record.offset(), record.timestamp(), bytes(record.key()), bytes(record.value()), headers));
                }
                assertThat(batch.maxTimestamp()).isEqualTo(max);
            }
        }
        assertThat(read).isEqualTo(expected);
    }

    private static byte @Nullable [] bytes(@Nullable ByteBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void batchesThatKafkaBuiltAreReadByUs(Compression compression) throws IOException {
        SplittableRandom random = new SplittableRandom(13);
        List<String> expected = new ArrayList<>();
        try (PartitionLog log = open()) {
            for (int index = 0; index < 40; index++) {
                List<Sample> samples = Samples.randomList(random, random.nextInt(1, 60), 9000, 2000);
                expected.addAll(described(samples, expected.size()));
                log.append(kafkaBatch(compression, TimestampType.CREATE_TIME, samples), 1);
            }
            log.advanceHighWatermark(log.nextOffset());
            assertThat(readAll(log, 0)).isEqualTo(expected);
            log.verify((done, total) -> true);
        }
    }

    @Test
    void anAppendTimeIsThatOfEveryRecordOfItsBatch() throws IOException {
        List<Sample> samples = List.of(Samples.sample(1, "a", "b"), Samples.sample(2, "c", "d"));
        try (PartitionLog log = open()) {
            log.append(kafkaBatch(Compression.NONE, TimestampType.LOG_APPEND_TIME, samples), 1);
            log.advanceHighWatermark(2);
            assertThat(readAll(log, 0)).containsExactly("0 at 777 'a'='b'", "1 at 777 'c'='d'");
            assertThat(log.offsetAtTime(777)).isZero();
            assertThat(log.offsetAtTime(778)).isEqualTo(2);
        }
    }

    @Test
    void controlBatchesAreSteppedOver() throws IOException {
        try (PartitionLog log = open()) {
            log.append(marker(), 1);
            log.append(batch(List.of(Samples.sample(1, "a", "b"))), 1);
            log.append(marker(), 1);
            log.append(marker(), 1);
            log.append(batch(List.of(Samples.sample(2, "c", "d"))), 1);
            log.append(marker(), 1);
            log.advanceHighWatermark(log.nextOffset());
            for (int chunk : new int[] {1, 1 << 20}) {
                assertThat(readAll(log, 0, chunk)).containsExactly("1 at 1 'a'='b'", "4 at 2 'c'='d'");
            }
            try (RecordReader reader = log.reader(5)) {
                assertThat(reader.fill(Long.MAX_VALUE, 1000)).isFalse();
                assertThat(reader.position()).isEqualTo(6);
            }
        }
    }

    private static ByteBuffer marker() {
        return MemoryRecords.withEndTransactionMarker(
                        5L, (short) 1, new EndTransactionMarker(ControlRecordType.COMMIT, 2))
                .buffer();
    }

    private static ByteBuffer kafkaBatch(Compression compression, TimestampType type, List<Sample> samples) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(
                ByteBuffer.allocate(1024),
                RecordBatch.MAGIC_VALUE_V2,
                org.apache.kafka.common.compress.Compression.of(
                                compression.name().toLowerCase(Locale.ROOT))
                        .build(),
                type,
                0,
                777);
        for (Sample sample : samples) {
            RecordHeaders headers = new RecordHeaders();
            sample.headers().forEach(header -> headers.add(header.name(), header.value()));
            builder.append(sample.timestampMs(), sample.key(), sample.value(), headers.toArray());
        }
        return builder.build().buffer();
    }
}
