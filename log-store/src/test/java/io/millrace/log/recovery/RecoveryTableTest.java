package io.millrace.log.recovery;

import static io.millrace.log.Samples.batchOfSize;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogEnd;
import io.millrace.log.LogSettings;
import io.millrace.log.LogStore;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordReader;
import io.millrace.log.disk.DiskFile;
import io.millrace.log.disk.SimulatedDisk;
import io.millrace.log.recovery.RecoveryCase.Action;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each row damages the same healthy log in one way and says what recovery must make of it.
///
/// The log: batches of one record and 250 bytes, four to a segment: segments 0, 4 and 8, the last with two
/// batches.
class RecoveryTableTest {
    private static final Path FOLDER = Path.of("/data/p");
    private static final LogSettings SETTINGS = new LogSettings(1000, 400);
    private static final int BATCH = 250;
    private static final LogEnd WHOLE = new LogEnd(8, 500, 10, 0);

    private interface Damage {
        void to(Files files) throws IOException;
    }

    /// One row.
    ///
    /// @param expectedNext next offset after recovery; ignored when refused
    private record Row(
            RecoveryCase label,
            String what,
            @Nullable LogEnd trusted,
            Damage damage,
            long expectedFirst,
            long expectedNext) {
        @Override
        public String toString() {
            return label + ": " + what;
        }
    }

    private static Row kept(
            RecoveryCase label,
            String what,
            @Nullable LogEnd trusted,
            long expectedFirst,
            long expectedNext,
            Damage damage) {
        return new Row(label, what, trusted, damage, expectedFirst, expectedNext);
    }

    private static Row refused(RecoveryCase label, String what, @Nullable LogEnd trusted, Damage damage) {
        return new Row(label, what, trusted, damage, -1, -1);
    }

    static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        rows.add(kept(RecoveryCase.CLEAN_END, "nothing happened", null, 0, 10, files -> {}));
        rows.add(kept(RecoveryCase.CLEAN_END, "nothing happened, with manifest", WHOLE, 0, 10, files -> {}));

        rows.add(kept(RecoveryCase.EMPTY_LAST_SEGMENT, "right after a roll", null, 0, 8, files -> files.cut(8, 0)));
        rows.add(kept(RecoveryCase.EMPTY_LAST_SEGMENT, "the batch before it was lost too", null, 0, 7, files -> {
            files.dropIndex(4);
            files.cut(4, 3 * BATCH);
            files.cut(8, 0);
        }));

        for (int left : new int[] {8, 16, 17, 60, 61, 62, BATCH - 1}) {
            rows.add(kept(
                    RecoveryCase.TORN_TAIL,
                    "%d bytes of the last batch arrived".formatted(left),
                    null,
                    0,
                    9,
                    files -> files.cut(8, BATCH + left)));
        }
        rows.add(kept(
                RecoveryCase.TORN_TAIL, "the first batch of the last segment", null, 0, 8, files -> files.cut(8, 100)));
        rows.add(kept(
                RecoveryCase.TORN_TAIL,
                "complete, but with a wrong byte",
                null,
                0,
                9,
                files -> files.flip(8, 2 * BATCH - 1)));
        rows.add(kept(RecoveryCase.TORN_TAIL, "the only batches of a log", null, 0, 0, files -> {
            files.delete(4);
            files.delete(8);
            files.dropIndex(0);
            files.cut(0, 100);
        }));
        rows.add(kept(RecoveryCase.TORN_TAIL, "before a roll that left an empty segment", null, 0, 6, files -> {
            files.dropIndex(4);
            files.cut(4, 2 * BATCH + 9);
            files.cut(8, 0);
        }));
        rows.add(kept(
                RecoveryCase.TORN_TAIL,
                "a length field that claims 1 GB",
                null,
                0,
                9,
                files -> files.write(8, BATCH + 8, new byte[] {0x3f, (byte) 0xff, 0, 0})));

        rows.add(kept(
                RecoveryCase.ZEROS_AT_TAIL,
                "in place of the last batch",
                null,
                0,
                9,
                files -> files.zero(8, BATCH, 2 * BATCH)));
        rows.add(kept(
                RecoveryCase.ZEROS_AT_TAIL,
                "behind the last batch",
                null,
                0,
                10,
                files -> files.write(8, 2 * BATCH, new byte[5000])));
        rows.add(kept(
                RecoveryCase.ZEROS_AT_TAIL,
                "the whole last segment",
                null,
                0,
                8,
                files -> files.zero(8, 0, 2 * BATCH)));

        rows.add(kept(RecoveryCase.BEHIND_MANIFEST, "a batch", new LogEnd(8, 250, 9, 0), 0, 9, files -> {}));
        rows.add(kept(
                RecoveryCase.BEHIND_MANIFEST, "batches and a segment", new LogEnd(4, 500, 6, 0), 0, 6, files -> {}));
        rows.add(kept(RecoveryCase.BEHIND_MANIFEST, "a whole segment", new LogEnd(4, 1000, 8, 0), 0, 8, files -> {}));
        rows.add(kept(RecoveryCase.BEHIND_MANIFEST, "everything", new LogEnd(0, 0, 0, 0), 0, 0, files -> {}));
        rows.add(kept(
                RecoveryCase.BEHIND_MANIFEST,
                "holes and rot do not matter there",
                new LogEnd(4, 500, 6, 0),
                0,
                6,
                files -> {
                    files.zero(4, 500, 600);
                    files.flip(8, 100);
                }));

        rows.add(kept(RecoveryCase.INDEX_REBUILT, "missing", null, 0, 10, files -> files.dropIndex(4)));
        rows.add(kept(RecoveryCase.INDEX_REBUILT, "missing, with manifest", WHOLE, 0, 10, files -> files.dropIndex(4)));
        rows.add(kept(
                RecoveryCase.INDEX_REBUILT,
                "one wrong bit",
                null,
                0,
                10,
                files -> files.flipIn("00000000000000000004.index", 50)));
        rows.add(kept(
                RecoveryCase.INDEX_REBUILT,
                "one wrong bit in the time index",
                null,
                0,
                10,
                files -> files.flipIn("00000000000000000004.timeindex", 50)));
        rows.add(kept(
                RecoveryCase.INDEX_REBUILT,
                "torn",
                null,
                0,
                10,
                files -> files.cutFile("00000000000000000004.index", 20)));
        rows.add(kept(
                RecoveryCase.ORPHAN_INDEX,
                "of no segment",
                null,
                0,
                10,
                files -> files.writeFile("00000000000000000077.index", new byte[10])));

        rows.add(kept(RecoveryCase.BELOW_EARLIEST, "one segment", new LogEnd(8, 500, 10, 5), 5, 10, files -> {}));
        rows.add(kept(RecoveryCase.BELOW_EARLIEST, "two segments", new LogEnd(8, 500, 10, 8), 8, 10, files -> {}));
        rows.add(kept(RecoveryCase.LEADING_SEGMENTS_GONE, "one", WHOLE, 4, 10, files -> files.delete(0)));
        rows.add(kept(
                RecoveryCase.LEADING_SEGMENTS_GONE,
                "all that the manifest knows",
                new LogEnd(4, 500, 6, 0),
                6,
                6,
                files -> {
                    files.delete(0);
                    files.delete(4);
                }));

        rows.add(refused(RecoveryCase.ZEROS_THEN_GOOD_BATCHES, "a batch", null, files -> files.zero(8, 0, BATCH)));
        rows.add(refused(RecoveryCase.ZEROS_THEN_GOOD_BATCHES, "in a segment that has no index", null, files -> {
            files.dropIndex(4);
            files.zero(4, 3 * BATCH, 4 * BATCH);
        }));
        rows.add(refused(RecoveryCase.BAD_BATCH_THEN_GOOD_BATCHES, "a wrong bit", null, files -> files.flip(8, 100)));
        rows.add(refused(
                RecoveryCase.BAD_BATCH_THEN_GOOD_BATCHES,
                "a length field that claims 1 GB",
                null,
                files -> files.write(8, 8, new byte[] {0x3f, (byte) 0xff, 0, 0})));
        rows.add(refused(
                RecoveryCase.BAD_BATCH_THEN_GOOD_BATCHES,
                "a negative length field",
                null,
                files -> files.write(8, 8, new byte[] {-1})));
        rows.add(refused(
                RecoveryCase.BAD_BATCH_THEN_GOOD_BATCHES,
                "the last batch of a segment that has no index",
                null,
                files -> {
                    files.dropIndex(4);
                    files.flip(4, 900);
                }));
        rows.add(refused(
                RecoveryCase.BAD_BATCH_THEN_GOOD_BATCHES,
                "a sealed segment that became shorter",
                null,
                files -> files.cut(4, 900)));

        rows.add(refused(
                RecoveryCase.OFFSETS_NOT_CONTIGUOUS,
                "a batch of later",
                null,
                files -> files.write(8, BATCH + 7, new byte[] {20})));
        rows.add(refused(
                RecoveryCase.OFFSETS_NOT_CONTIGUOUS,
                "a batch of before, with manifest",
                WHOLE,
                files -> files.write(8, BATCH + 7, new byte[] {8})));
        rows.add(refused(
                RecoveryCase.OFFSETS_NOT_CONTIGUOUS, "a segment that overlaps", null, files -> files.rename(8, 7)));
        rows.add(refused(RecoveryCase.MISSING_SEGMENT, "in the middle", null, files -> files.delete(4)));
        rows.add(
                refused(RecoveryCase.MISSING_SEGMENT, "in the middle, with manifest", WHOLE, files -> files.delete(4)));
        rows.add(refused(RecoveryCase.MISSING_SEGMENT, "the last, with manifest", WHOLE, files -> files.delete(8)));
        rows.add(refused(RecoveryCase.MISSING_SEGMENT, "all of them", WHOLE, files -> {
            files.delete(0);
            files.delete(4);
            files.delete(8);
        }));
        rows.add(refused(
                RecoveryCase.MISSING_SEGMENT,
                "a sealed segment that ends a batch earlier",
                null,
                files -> files.cut(4, 750)));

        rows.add(refused(
                RecoveryCase.FOREIGN_FILE,
                "another name",
                null,
                files -> files.writeFile("copy of 8.log", new byte[0])));
        rows.add(refused(
                RecoveryCase.FOREIGN_FILE,
                "another content",
                null,
                files -> files.write(
                        8,
                        0,
                        "This is the log of something else altogether. "
                                .repeat(11)
                                .getBytes(StandardCharsets.US_ASCII))));

        for (int left : new int[] {0, 1, 250, 499}) {
            rows.add(refused(
                    RecoveryCase.SHORTER_THAN_MANIFEST,
                    "%d bytes are left".formatted(left),
                    WHOLE,
                    files -> files.cut(8, left)));
        }
        rows.add(refused(RecoveryCase.BAD_BATCH_BEFORE_MANIFEST, "the last batch", WHOLE, files -> files.flip(8, 499)));
        rows.add(refused(RecoveryCase.BAD_BATCH_BEFORE_MANIFEST, "zeros", WHOLE, files -> files.zero(8, 0, 500)));
        rows.add(refused(
                RecoveryCase.BAD_BATCH_BEFORE_MANIFEST, "in a sealed segment that has no index", WHOLE, files -> {
                    files.dropIndex(0);
                    files.flip(0, 999);
                }));
        rows.add(refused(
                RecoveryCase.BAD_BATCH_BEFORE_MANIFEST,
                "a sealed segment that became shorter",
                WHOLE,
                files -> files.cut(0, 800)));
        rows.add(refused(
                RecoveryCase.BAD_BATCH_BEFORE_MANIFEST,
                "a position within a batch",
                new LogEnd(8, 499, 10, 0),
                files -> {}));
        rows.add(refused(RecoveryCase.MANIFEST_MISMATCH, "one offset more", new LogEnd(8, 500, 11, 0), files -> {}));
        rows.add(refused(RecoveryCase.MANIFEST_MISMATCH, "one offset fewer", new LogEnd(8, 500, 9, 0), files -> {}));
        return rows;
    }

    @ParameterizedTest
    @MethodSource("rows")
    void eachCaseIsRecognizedAndTreatedAsTheTableSays(Row row) throws IOException {
        SimulatedDisk disk = healthy();
        row.damage.to(new Files(disk));
        if (row.label.action() == Action.REFUSE) {
            String before = contents(disk);
            assertThatThrownBy(() -> new LogStore(disk).open(FOLDER, SETTINGS, row.trusted))
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageStartingWith(row.label + ": ")
                    .hasMessageContaining(FOLDER.toString());
            assertThat(contents(disk)).as("a refused log is left alone").isEqualTo(before);
            return;
        }
        SimulatedDisk copy = disk.imageOfCache().disk(1);
        RecoveredLog recovered = Recovery.recover(copy, FOLDER, SETTINGS, row.trusted);
        assertThat(recovered.findings())
                .extracting(RecoveredLog.Finding::recoveryCase)
                .contains(row.label);

        try (PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, row.trusted)) {
            assertThat(offsets(log)).isEqualTo(range(row.expectedFirst, row.expectedNext));
            for (int more = 0; more < 6; more++) {
                log.append(batchOfSize(BATCH, 0), 0);
            }
            log.advanceHighWatermark(log.nextOffset());
            assertThat(offsets(log)).isEqualTo(range(row.expectedFirst, row.expectedNext + 6));
            log.flush();
            log.verify((done, total) -> true);
        }
        // what recovery left is healthy to the next recovery too
        RecoveredLog again = Recovery.recover(disk, FOLDER, SETTINGS, null);
        assertThat(again.findings())
                .extracting(RecoveredLog.Finding::recoveryCase)
                .containsExactly(RecoveryCase.CLEAN_END);
        assertThat(again.end().nextOffset()).isEqualTo(row.expectedNext + 6);
    }

    @Test
    void everyLabelHasARow() {
        Set<RecoveryCase> labels = EnumSet.noneOf(RecoveryCase.class);
        rows().forEach(row -> labels.add(row.label));
        assertThat(labels).isEqualTo(EnumSet.allOf(RecoveryCase.class));
    }

    @Test
    void aFolderThatIsNotThereBecomesAnEmptyLog() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        try (PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, null)) {
            assertThat(log.end()).isEqualTo(new LogEnd(0, 0, 0, 0));
        }
        try (PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, new LogEnd(0, 0, 0, 0))) {
            assertThat(log.end()).isEqualTo(new LogEnd(0, 0, 0, 0));
        }
    }

    @Test
    void aBatchInsideARecordsValueIsNotTakenForABatchOfTheLog() throws IOException {
        // the torn last batch carries a copy of the first one, whose offset lies before the tear
        SimulatedDisk disk = healthy();
        Files files = new Files(disk);
        byte[] first = files.read("00000000000000000000.log", BATCH);
        files.write(8, 2 * BATCH, new byte[70]);
        files.write(8, 2 * BATCH + 70, first);
        RecoveredLog recovered = Recovery.recover(disk, FOLDER, SETTINGS, null);
        assertThat(recovered.end().nextOffset()).isEqualTo(10);
    }

    private static SimulatedDisk healthy() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        try (PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, null)) {
            for (int offset = 0; offset < 10; offset++) {
                log.append(batchOfSize(BATCH, offset), 1);
            }
            assertThat(log.flush()).isEqualTo(WHOLE);
        }
        assertThat(disk.list(FOLDER)).hasSize(3 + 2 * 2);
        return disk;
    }

    private static List<Long> offsets(PartitionLog log) throws IOException {
        List<Long> offsets = new ArrayList<>();
        try (RecordReader reader = log.reader(log.earliestOffset())) {
            while (reader.fill(Long.MAX_VALUE, 1000)) {
                while (reader.next()) {
                    offsets.add(reader.offset());
                }
            }
        }
        return offsets;
    }

    private static List<Long> range(long from, long to) {
        List<Long> offsets = new ArrayList<>();
        for (long offset = from; offset < to; offset++) {
            offsets.add(offset);
        }
        return offsets;
    }

    private static String contents(SimulatedDisk disk) {
        StringBuilder text = new StringBuilder();
        disk.imageOfCache()
                .folders()
                .forEach((folder, files) -> files.forEach((name, bytes) -> text.append(name)
                        .append(' ')
                        .append(java.util.Arrays.toString(bytes))
                        .append('\n')));
        return text.toString();
    }

    /// Hands on the log's files.
    private record Files(SimulatedDisk disk) {
        private static String log(long first) {
            return "%020d.log".formatted(first);
        }

        void cut(long first, long size) throws IOException {
            cutFile(log(first), size);
        }

        void cutFile(String name, long size) throws IOException {
            try (DiskFile file = disk.open(FOLDER.resolve(name))) {
                file.truncate(size);
            }
        }

        void flip(long first, long position) throws IOException {
            flipIn(log(first), position);
        }

        void flipIn(String name, long position) throws IOException {
            disk.flipBit(FOLDER.resolve(name), position * 8 + 3);
        }

        void write(long first, long position, byte[] bytes) throws IOException {
            try (DiskFile file = disk.open(FOLDER.resolve(log(first)))) {
                file.write(ByteBuffer.wrap(bytes), position);
            }
        }

        void writeFile(String name, byte[] bytes) throws IOException {
            try (DiskFile file = disk.open(FOLDER.resolve(name))) {
                file.write(ByteBuffer.wrap(bytes), 0);
            }
        }

        byte[] read(String name, int count) throws IOException {
            try (DiskFile file = disk.openForReading(FOLDER.resolve(name))) {
                byte[] bytes = new byte[count];
                assertThat(file.read(ByteBuffer.wrap(bytes), 0)).isEqualTo(count);
                return bytes;
            }
        }

        void zero(long first, int from, int to) throws IOException {
            write(first, from, new byte[to - from]);
        }

        void rename(long from, long to) throws IOException {
            disk.rename(FOLDER.resolve(log(from)), FOLDER.resolve(log(to)));
        }

        void dropIndex(long first) throws IOException {
            disk.delete(FOLDER.resolve("%020d.index".formatted(first)));
            disk.delete(FOLDER.resolve("%020d.timeindex".formatted(first)));
        }

        void delete(long first) throws IOException {
            disk.delete(FOLDER.resolve(log(first)));
        }
    }
}
