package io.millrace.log.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The real disk and its simulated twin do the same; and the twin crashes as it says.
class DiskTest {
    @TempDir
    Path temporary;

    static Stream<Disk> disks() {
        return Stream.of(new LocalDisk(), new SimulatedDisk(1));
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String read(Disk disk, Path file) throws IOException {
        try (DiskFile open = disk.openForReading(file)) {
            return read(open, (int) open.sizeBytes());
        }
    }

    private static String read(DiskFile file, int count) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(count);
        file.read(target, 0);
        return new String(target.array(), 0, target.position(), StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @MethodSource("disks")
    void filesAreWrittenReadCutRenamedAndDeleted(Disk disk) throws IOException {
        Path folder = temporary.resolve("a/b");
        assertThat(disk.list(folder)).isEmpty();
        assertThat(disk.exists(folder)).isFalse();
        disk.createFolders(folder);
        disk.createFolders(folder);
        assertThat(disk.exists(folder)).isTrue();
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        assertThatThrownBy(() -> disk.openForReading(one)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.delete(one)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.open(temporary.resolve("none/one"))).isInstanceOf(NoSuchFileException.class);
        try (DiskFile file = disk.open(one)) {
            file.write(bytes("hello world"), 0);
            file.write(bytes("W"), 6);
            file.write(bytes("!"), 13);
            assertThat(file.sizeBytes()).isEqualTo(14);
            assertThat(read(file, 20)).isEqualTo("hello World\0\0!");
            assertThat(file.read(ByteBuffer.allocate(3), 14)).isZero();
            file.truncate(5);
            file.truncate(9);
            assertThat(file.sizeBytes()).isEqualTo(5);
            file.sync();
        }
        disk.syncFolder(folder);
        assertThat(disk.list(folder)).containsExactly("one");
        assertThat(disk.list(temporary.resolve("a"))).containsExactly("b");
        try (DiskFile open = disk.openForReading(one)) {
            disk.rename(one, two);
            disk.replace(two, "new".getBytes(StandardCharsets.US_ASCII));
            assertThat(read(disk, two)).isEqualTo("new");
            assertThat(disk.exists(one)).isFalse();
            disk.delete(two);
            // as long as somebody has it open it is there
            assertThat(read(open, 5)).isEqualTo("hello");
        }
        assertThat(disk.list(folder)).isEmpty();
        assertThat(disk.usableBytes(folder)).isPositive();
    }

    @ParameterizedTest
    @MethodSource("disks")
    void filesGetSecondNamesAndFoldersMove(Disk disk) throws IOException {
        Path folder = temporary.resolve("from/logs/t");
        Path other = temporary.resolve("other");
        disk.createFolders(folder);
        disk.createFolders(other);
        disk.replace(folder.resolve("one"), "content".getBytes(StandardCharsets.US_ASCII));

        disk.link(folder.resolve("one"), other.resolve("two"));
        assertThatThrownBy(() -> disk.link(folder.resolve("one"), other.resolve("two")))
                .isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> disk.link(folder.resolve("none"), other.resolve("three")))
                .isInstanceOf(NoSuchFileException.class);

        Path moved = other.resolve("moved");
        disk.rename(temporary.resolve("from"), moved);
        assertThat(disk.exists(folder)).isFalse();
        assertThat(read(disk, moved.resolve("logs/t/one"))).isEqualTo("content");
        disk.deleteTree(moved);
        disk.deleteTree(moved);
        assertThat(disk.list(other)).containsExactly("two");
        assertThat(read(disk, other.resolve("two"))).isEqualTo("content");
    }

    @Test
    void aSecondNameIsDurableAfterItsFolderIs() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        Path folder = Path.of("/d");
        disk.createFolders(folder);
        disk.replace(folder.resolve("one"), "content".getBytes(StandardCharsets.US_ASCII));
        disk.link(folder.resolve("one"), folder.resolve("two"));
        assertThat(disk.imageOfDurable().folders().get(folder)).containsOnlyKeys("one");
        disk.syncFolder(folder);
        assertThat(disk.imageOfDurable().folders().get(folder)).containsOnlyKeys("one", "two");
    }

    @ParameterizedTest
    @MethodSource("disks")
    void largeTransfersArriveWhole(Disk disk) throws IOException {
        disk.createFolders(temporary);
        byte[] content = new byte[3_000_001];
        new SplittableRandom(1).nextBytes(content);
        for (boolean direct : new boolean[] {false, true}) {
            try (DiskFile file = disk.open(temporary.resolve("large"))) {
                ByteBuffer source = direct
                        ? ByteBuffer.allocateDirect(content.length).put(content).flip()
                        : ByteBuffer.wrap(content);
                file.write(source, 7);
                assertThat(source.hasRemaining()).isFalse();
                ByteBuffer target = ByteBuffer.allocate(content.length + 10);
                assertThat(file.read(target, 7)).isEqualTo(content.length);
                assertThat(target.flip()).isEqualTo(ByteBuffer.wrap(content));
            }
        }
    }

    @Test
    void onlyWhatWasSyncedIsSureToSurvive() throws IOException {
        Path folder = Path.of("/d");
        SimulatedDisk disk = new SimulatedDisk(1);
        disk.createFolders(folder);
        Path kept = folder.resolve("kept");
        try (DiskFile file = disk.open(kept)) {
            file.write(bytes("a".repeat(2000)), 0);
            file.sync();
            disk.syncFolder(folder);
            file.write(bytes("b".repeat(3000)), 1000);
        }
        disk.open(folder.resolve("nameless")).close();
        Set<String> tails = new HashSet<>();
        Set<Integer> sizes = new HashSet<>();
        Set<Boolean> names = new HashSet<>();
        for (int fate = 0; fate < 300; fate++) {
            DiskImage image = disk.imageOfCrash(fate);
            byte[] left = image.file(kept);
            assertThat(new String(left, 0, 1000, StandardCharsets.US_ASCII)).isEqualTo("a".repeat(1000));
            assertThat(left.length).isBetween(2000, 4000);
            StringBuilder sectors = new StringBuilder();
            for (int at = 1024; at < left.length; at += SimulatedDisk.SECTOR_BYTES) {
                assertThat((char) left[at]).isIn('a', 'b', '\0');
                sectors.append((char) left[at]);
            }
            tails.add(sectors.toString());
            sizes.add(left.length);
            names.add(image.disk(1).exists(folder.resolve("nameless")));
            assertThat(image.disk(1).imageOfDurable().file(kept)).isEqualTo(left);
            assertThat(disk.imageOfCrash(fate).file(kept)).isEqualTo(left);
        }
        assertThat(tails).hasSizeGreaterThan(20);
        assertThat(sizes).contains(2000, 4000).hasSizeGreaterThan(10);
        assertThat(names).containsExactlyInAnyOrder(true, false);
        assertThat(disk.imageOfDurable().file(kept)).isEqualTo("a".repeat(2000).getBytes(StandardCharsets.US_ASCII));
        disk.crash();
        assertThatThrownBy(() -> disk.open(kept)).hasMessageContaining("lost power");
    }

    @Test
    void replaceLeavesTheOldOrTheNewContentWhereverTheCrashFalls() throws IOException {
        Path folder = Path.of("/d");
        Path file = folder.resolve("manifest");
        Set<String> seen = new HashSet<>();
        for (int at = 1; at < 20; at++) {
            SimulatedDisk disk = new SimulatedDisk(at);
            disk.createFolders(folder);
            disk.replace(file, "old".getBytes(StandardCharsets.US_ASCII));
            disk.crashAtOperation(disk.operations() + at);
            boolean done = true;
            try {
                disk.replace(file, "new content".getBytes(StandardCharsets.US_ASCII));
            } catch (IOException powerLost) {
                done = false;
            }
            for (int fate = 0; fate < 30; fate++) {
                String left = new String(disk.imageOfCrash(fate).file(file), StandardCharsets.US_ASCII);
                assertThat(left).as("crash at %d, fate %d", at, fate).isIn("old", "new content");
                if (done) {
                    assertThat(left).isEqualTo("new content");
                }
                seen.add(left);
            }
        }
        assertThat(seen).hasSize(2);
    }

    @Test
    void afterAFailedFsyncALaterOneDoesNotBringThePagesBack() throws IOException {
        Path folder = Path.of("/d");
        Path path = folder.resolve("f");
        SimulatedDisk disk = new SimulatedDisk(1);
        disk.createFolders(folder);
        try (DiskFile file = disk.open(path)) {
            disk.syncFolder(folder);
            file.write(bytes("x".repeat(512)), 0);
            disk.failNextSync();
            assertThatThrownBy(file::sync).hasMessageContaining("Input/output error");
            file.write(bytes("y".repeat(512)), 512);
            file.sync();
            assertThat(read(file, 1024)).isEqualTo("x".repeat(512) + "y".repeat(512));
        }
        assertThat(new String(disk.crash().file(path), StandardCharsets.US_ASCII))
                .isEqualTo("\0".repeat(512) + "y".repeat(512));
    }

    @Test
    void aFullDiskTakesWhatFits() throws IOException {
        Path folder = Path.of("/d");
        SimulatedDisk disk = new SimulatedDisk(1);
        disk.createFolders(folder);
        disk.limitBytes(10);
        try (DiskFile file = disk.open(folder.resolve("f"))) {
            file.write(bytes("12345678"), 0);
            file.write(bytes("90"), 8);
            file.write(bytes("X"), 0);
            assertThatThrownBy(() -> file.write(bytes("abc"), 9)).hasMessageContaining("No space left on device");
            assertThat(read(file, 20)).isEqualTo("X23456789a");
            assertThat(disk.usableBytes(folder)).isZero();
        }
    }
}
