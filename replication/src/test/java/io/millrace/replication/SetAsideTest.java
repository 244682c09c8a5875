package io.millrace.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.CorruptLogException;
import io.millrace.log.disk.DiskFile;
import io.millrace.log.disk.DiskImage;
import io.millrace.log.disk.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// A data folder is emptied, and the power may fail while it is.
class SetAsideTest {
    private static final Path FOLDER = Path.of("/data");

    private static void put(SimulatedDisk disk, String name, String content) throws IOException {
        Path file = FOLDER.resolve(name);
        Path folder = java.util.Objects.requireNonNull(file.getParent());
        disk.createFolders(folder);
        try (DiskFile out = disk.open(file)) {
            out.write(ByteBuffer.wrap(content.getBytes(java.nio.charset.StandardCharsets.UTF_8)), 0);
            out.sync();
        }
        disk.syncFolder(folder);
    }

    private static SimulatedDisk formed(long seed) throws IOException {
        SimulatedDisk disk = new SimulatedDisk(seed);
        disk.createFolders(FOLDER);
        new NodeIdentity(
                        "n1",
                        "directory",
                        true,
                        List.of(new Member("n1", "directory", "h:1", "http://h:2")),
                        new GroupLayout(1, false))
                .write(disk, FOLDER);
        put(disk, "manifest-0", "the state");
        put(disk, "raft/group/current/raft-meta", "the vote");
        put(disk, "logs/t-1/0/00000000000000000000.log", "records");
        put(disk, "aside-5/manifest-0", "an older generation");
        return disk;
    }

    private static List<String> files(DiskImage image) {
        return image.folders().entrySet().stream()
                .flatMap(folder -> folder.getValue().keySet().stream()
                        .map(name ->
                                FOLDER.relativize(folder.getKey().resolve(name)).toString()))
                .sorted()
                .collect(Collectors.toList());
    }

    @Test
    void everythingIsAsideAndTheOlderGenerationIsGone() throws IOException {
        SimulatedDisk disk = formed(1);
        assertThat(SetAside.begin(disk, FOLDER, 5)).isEqualTo(FOLDER.resolve("aside-6"));
        assertThat(files(disk.imageOfDurable()))
                .containsExactly(
                        "aside-6/logs/t-1/0/00000000000000000000.log",
                        "aside-6/manifest-0",
                        "aside-6/node.properties",
                        "aside-6/raft/group/current/raft-meta");
        NodeIdentity fresh = NodeIdentity.of(disk, FOLDER, "n1");
        assertThat(fresh.formed()).isFalse();
        assertThat(fresh.directoryId()).isNotEqualTo("directory");
    }

    @Test
    void whereverThePowerFailsNothingHalfMovedCanVote() throws IOException {
        SimulatedDisk probe = formed(1);
        long first = probe.operations();
        SetAside.begin(probe, FOLDER, 9);
        long count = probe.operations() - first;
        assertThat(count).isGreaterThan(8);
        int untouched = 0;
        int fresh = 0;
        for (long crashAt = 1; crashAt <= count; crashAt++) {
            DiskImage before = formed(crashAt).imageOfDurable();
            SimulatedDisk disk = before.disk(crashAt);
            disk.crashAtOperation(crashAt);
            assertThatThrownBy(() -> SetAside.begin(disk, FOLDER, 9)).hasMessageContaining("lost power");
            SimulatedDisk again = disk.crash().disk(crashAt);
            NodeIdentity identity = NodeIdentity.of(again, FOLDER, "n1");
            List<String> left = files(again.imageOfCache()).stream()
                    .filter(name -> !name.startsWith("aside-") && !name.endsWith(".tmp"))
                    .toList();
            if (identity.directoryId().equals("directory")) {
                untouched++;
                assertThat(left).as("crash at %d", crashAt).hasSize(4);
            } else {
                fresh++;
                assertThat(identity.formed()).isFalse();
                assertThat(left).as("crash at %d", crashAt).containsExactly("node.properties");
            }
        }
        assertThat(untouched).isPositive();
        assertThat(fresh).isPositive();
    }

    @Test
    void everyFlippedBitOfTheIdentityIsNoticed() throws IOException {
        SimulatedDisk disk = formed(1);
        Path file = FOLDER.resolve("node.properties");
        int size = disk.imageOfCache().file(file).length;
        for (int bit = 0; bit < 8 * size; bit++) {
            disk.flipBit(file, bit);
            assertThatThrownBy(() -> NodeIdentity.of(disk, FOLDER, "n1"))
                    .as("bit %d", bit)
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("node.properties");
            disk.flipBit(file, bit);
        }
        assertThat(NodeIdentity.of(disk, FOLDER, "n1").directoryId()).isEqualTo("directory");
    }
}
