package io.millrace.faults.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On two batches that a node has written: `hello` at offset 0, then `a` and `b`.
class SegmentFilesTest {
    private static final String HELLO =
            "00000000000000000000003d000000010266e8c14c000000000000000001a1fe7cc3e4000001a1fe7cc3e4ffff"
                    + "ffffffffffffffffffffffff0000000116000000010a68656c6c6f00";
    private static final String A_AND_B =
            "00000000000000010000004100000001023eb4f369000000000001000001a1fe7cc421000001a1fe7cc421ffff"
                    + "ffffffffffffffffffffffff000000020e000000010261000e00000201026200";

    @TempDir
    Path folder;

    private Path file = Path.of("");

    @BeforeEach
    void writeSegment() throws IOException {
        Path partition = Files.createDirectories(folder.resolve("logs/faults-1/0"));
        file = partition.resolve("00000000000000000000.log");
        Files.write(file, HexFormat.of().parseHex(HELLO + A_AND_B));
    }

    @Test
    void segmentsAreFoundByTopicAndPartition() throws IOException {
        assertThat(SegmentFiles.of(folder, "faults", 0)).containsExactly(file);
        assertThat(SegmentFiles.of(folder, "faults", 1)).isEmpty();
        assertThat(SegmentFiles.of(folder, "fault", 0)).isEmpty();
        assertThat(SegmentFiles.of(folder.resolve("nowhere"), "faults", 0)).isEmpty();
    }

    @Test
    void filesOfOtherGroupsAndOfCopiedStatesAreFound() throws IOException {
        Path other = Files.createDirectories(folder.resolve("group-2/logs-3/faults-1/7"));
        Path moved = Files.copy(file, other.resolve(file.getFileName()));
        assertThat(SegmentFiles.of(folder, "faults", 7)).containsExactly(moved);
        assertThat(SegmentFiles.of(folder, "faults", 0)).containsExactly(file);
        Path aside = Files.createDirectories(folder.resolve("aside-2026/logs/faults-1/7"));
        Files.copy(file, aside.resolve(file.getFileName()));
        assertThat(SegmentFiles.of(folder, "faults", 7)).containsExactly(moved);
    }

    @Test
    void theFolderSaysWhichGroupAPartitionBelongsTo() throws IOException {
        Path other = Files.createDirectories(folder.resolve("group-12/logs-3/faults-1/7"));
        Files.copy(file, other.resolve(file.getFileName()));
        assertThat(SegmentFiles.groupOf(folder, "faults", 7)).hasValue(12);
        assertThat(SegmentFiles.groupOf(folder, "faults", 0)).hasValue(0);
        assertThat(SegmentFiles.groupOf(folder, "faults", 1)).isEmpty();
    }

    @Test
    void ofTwoStatesNobodyKnowsWhichIsInForce() throws IOException {
        Path copy = Files.createDirectories(folder.resolve("logs-1/faults-1/0"));
        Files.copy(file, copy.resolve(file.getFileName()));
        assertThat(SegmentFiles.of(folder, "faults", 0)).isEmpty();
    }

    @Test
    void recordsAreReadWithOffsetsAndValues() throws IOException {
        List<SegmentFiles.Found> records = SegmentFiles.read(file);

        assertThat(records).extracting(SegmentFiles.Found::offset).containsExactly(0L, 1L, 2L);
        byte[] bytes = Files.readAllBytes(file);
        assertThat(records)
                .extracting(record ->
                        new String(bytes, record.valueStart(), record.valueSizeBytes(), StandardCharsets.US_ASCII))
                .containsExactly("hello", "a", "b");
        assertThat(records).extracting(SegmentFiles.Found::checksum).doesNotHaveDuplicates();
    }

    @Test
    void everyFlippedBitBehindTheChecksumIsNoticed() throws IOException {
        byte[] whole = Files.readAllBytes(file);
        for (int position = 17; position < HELLO.length() / 2; position++) {
            byte[] flipped = whole.clone();
            flipped[position] ^= 1;
            Files.write(file, flipped);
            assertThatThrownBy(() -> SegmentFiles.read(file))
                    .as("byte %d", position)
                    .hasMessageContaining("wrong checksum at byte 0");
        }
    }

    @Test
    void aTornTailIsNoticed() throws IOException {
        byte[] whole = Files.readAllBytes(file);
        for (int size : new int[] {whole.length - 1, HELLO.length() / 2 + 1}) {
            Files.write(file, Arrays.copyOf(whole, size));
            assertThatThrownBy(() -> SegmentFiles.read(file)).hasMessageContaining("byte " + HELLO.length() / 2);
            assertThat(SegmentFiles.readWhatIsWhole(file))
                    .extracting(SegmentFiles.Found::offset)
                    .containsExactly(0L);
        }
    }

    @Test
    void aForgedRecordHasARightChecksumAndAnotherValue() throws IOException {
        List<SegmentFiles.Found> before = SegmentFiles.read(file);

        SegmentFiles.forge(before.get(1));

        List<SegmentFiles.Found> after = SegmentFiles.read(file);
        assertThat(after.get(0)).isEqualTo(before.get(0));
        assertThat(after.get(1).checksum()).isNotEqualTo(before.get(1).checksum());
        assertThat(after.get(2)).isEqualTo(before.get(2));
    }
}
