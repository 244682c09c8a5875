package io.millrace.replication.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogEnd;
import io.millrace.log.disk.LocalDisk;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.TopicSettings;
import io.millrace.replication.metadata.IdempotencyWindow;
import io.millrace.replication.metadata.Metadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestTest {
    @TempDir
    Path folder;

    private final LocalDisk disk = new LocalDisk();

    private static Manifest example() {
        Metadata metadata = new Metadata();
        TopicSettings asked = new TopicSettings(
                3, 2, new Retention(5_000, 7), TopicSettings.Cleanup.COMPACT, Map.of("schema", "orders-v1"));
        metadata.add(metadata.draft("orders", asked));
        metadata.setRetentionOfAll(new Retention(9, -1));
        metadata.add(metadata.draft("users", TopicSettings.DEFAULT));
        metadata.commit("readers", 1, 2, 77);
        metadata.put("catalog/x", new byte[] {1, 2, 3});
        metadata.put("catalog/x", new byte[] {4});
        metadata.fence("q", 8);
        metadata.stamp(1, 0, new OutputStamp("q", 8, 9, new byte[] {5, 6}, -12));
        IdempotencyWindow window = new IdempotencyWindow(10);
        window.add(1, 2, 3, 4, 5, 6);
        return new Manifest(
                4,
                1234,
                5678,
                metadata,
                List.of(
                        new Manifest.PartitionFact(1, 0, 10, new LogEnd(0, 4096, 55, 3), window),
                        new Manifest.PartitionFact(2, 7, 0, null, null)));
    }

    private Manifest readBack(Path file) throws IOException {
        return Manifest.read(disk, file, 10).orElseThrow();
    }

    @Test
    void itComesBackAsItWasWritten() throws IOException {
        Path file = folder.resolve("manifest-0");
        Manifest written = example();
        written.write(disk, file);

        Manifest read = readBack(file);

        assertThat(read.encode()).isEqualTo(written.encode());
        assertThat(read.term()).isEqualTo(4);
        assertThat(read.index()).isEqualTo(1234);
        assertThat(read.timeMs()).isEqualTo(5678);
        assertThat(read.metadata().topics())
                .extracting(Topic::name, Topic::id, topic -> topic.settings().retention())
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("orders", 1L, new Retention(9, -1)),
                        org.assertj.core.groups.Tuple.tuple("users", 2L, new Retention(9, -1)));
        assertThat(Objects.requireNonNull(read.metadata().topic("orders"))
                        .asked()
                        .retention())
                .isEqualTo(new Retention(5_000, 7));
        assertThat(read.metadata().groups()).isEqualTo(Map.of("readers", Map.of(new TopicPartition("orders", 2), 77L)));
        assertThat(Objects.requireNonNull(read.metadata().document("catalog/x")).version())
                .isEqualTo(2);
        assertThat(read.metadata().generation("q")).isEqualTo(8);
        assertThat(Objects.requireNonNull(read.metadata().stamps("q", 1).get(0)).frontier())
                .containsExactly(5, 6);
        assertThat(read.partitions().get(0).end()).isEqualTo(new LogEnd(0, 4096, 55, 3));
        IdempotencyWindow window =
                Objects.requireNonNull(read.partitions().get(0).window());
        assertThat(window.firstOffset(window.find(1, 2))).isEqualTo(3);
        assertThat(read.partitions().get(1).end()).isNull();
    }

    @Test
    void everyFlippedBitAndEveryMissingByteIsNoticed() throws IOException {
        byte[] good = example().encode();
        Path file = folder.resolve("manifest-0");
        for (int at = 0; at < good.length; at++) {
            byte[] flipped = good.clone();
            flipped[at] ^= (byte) (1 << (at % 8));
            Files.write(file, flipped);
            assertThatThrownBy(() -> readBack(file)).as("byte %d", at).isInstanceOf(CorruptLogException.class);
            Files.write(file, Arrays.copyOf(good, at));
            assertThatThrownBy(() -> readBack(file)).as("length %d", at).isInstanceOf(CorruptLogException.class);
        }
    }

    @Test
    void aNewNodeHasNone() throws IOException {
        assertThat(Manifest.read(disk, folder.resolve("manifest-0"), 10)).isEmpty();
    }
}
