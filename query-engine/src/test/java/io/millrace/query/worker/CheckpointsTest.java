package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.disk.DiskFile;
import io.millrace.log.disk.SimulatedDisk;
import io.millrace.query.Frontier;
import io.millrace.query.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Checkpoint files on a disk that fails.
class CheckpointsTest {
    private static final Path FOLDER = Path.of("/checkpoints/q");

    private static Checkpoints on(SimulatedDisk disk) {
        return new Checkpoints(disk, FOLDER, 0, Runnable::run);
    }

    private static boolean write(Checkpoints checkpoints, long step) {
        Checkpoints.Header header = new Checkpoints.Header(
                "d1", 5, step, new Frontier(Map.of("in", new long[] {step, 2 * step})), Map.of("in", 3L));
        return checkpoints
                .write(header, 100_000, out -> {
                    for (int i = 0; i < 20_000; i++) {
                        out.writeInt((int) step);
                    }
                })
                .join();
    }

    /// Step of the newest one that is whole; 0 for none.
    private static long newest(Checkpoints checkpoints) throws IOException {
        for (Path file : checkpoints.newestFirst()) {
            try (Checkpoints.Opened opened = checkpoints.open(file)) {
                long step = opened.header().step();
                assertThat(opened.header().frontier()).isEqualTo(new Frontier(Map.of("in", new long[] {step, 2 * step
                })));
                for (int i = 0; i < 20_000; i++) {
                    assertThat(opened.body().readInt()).isEqualTo((int) step);
                }
                return step;
            } catch (IOException damaged) {
                continue;
            }
        }
        return 0;
    }

    @Test
    void theNewestTwoAreKept() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        for (int step = 1; step <= 5; step++) {
            assertThat(write(on(disk), step)).isTrue();
        }
        assertThat(on(disk).newestFirst()).hasSize(2);
        assertThat(newest(on(disk))).isEqualTo(5);
    }

    @Test
    void aCrashAnywhereLeavesTheOldOneOrTheNewOne() throws IOException {
        SimulatedDisk undisturbed = new SimulatedDisk(1);
        write(on(undisturbed), 1);
        write(on(undisturbed), 2);
        long before = undisturbed.operations();
        write(on(undisturbed), 3);
        long operations = undisturbed.operations() - before;
        assertThat(operations).isGreaterThan(3);

        for (long at = 1; at <= operations; at++) {
            for (long seed : Seeds.from(1, 5).toArray()) {
                SimulatedDisk disk = new SimulatedDisk(seed);
                write(on(disk), 1);
                write(on(disk), 2);
                disk.crashAtOperation(before + at);
                boolean done = write(on(disk), 3);
                SimulatedDisk after = new SimulatedDisk(seed, disk.crash());
                Checkpoints recovered = on(after);
                recovered.sweep();
                assertThat(newest(recovered))
                        .as("crash at operation %d, seed %d", at, seed)
                        .isGreaterThanOrEqualTo(done ? 3 : 2)
                        .isLessThanOrEqualTo(3);
                assertThat(after.list(FOLDER)).noneMatch(name -> name.endsWith(".tmp"));
                assertThat(write(recovered, 4)).isTrue();
                assertThat(newest(recovered)).isEqualTo(4);
            }
        }
    }

    @Test
    void everyFlippedBitIsNoticed() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        write(on(disk), 1);
        Path file = on(disk).newestFirst().getFirst();
        for (long bit : List.of(0L, 33L, 100L, 8L * 40_000, 8L * 80_000)) {
            disk.flipBit(file, bit);
            assertThatThrownBy(() -> on(disk).open(file).close())
                    .as("bit %d", bit)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("checksum");
            disk.flipBit(file, bit);
        }
        assertThat(newest(on(disk))).isEqualTo(1);
    }

    @Test
    void aFileThatIsTooShortIsRefused() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        disk.createFolders(FOLDER);
        Path file = FOLDER.resolve("00000000000000000001.checkpoint");
        try (DiskFile out = disk.open(file)) {
            out.write(ByteBuffer.allocate(11), 0);
        }
        assertThatThrownBy(() -> on(disk).open(file).close()).hasMessage("expected a checkpoint, found 11 bytes");
    }

    @Test
    void aFullDiskKeepsTheOldOne() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        assertThat(write(on(disk), 1)).isTrue();
        disk.limitBytes(120_000);
        assertThat(write(on(disk), 2)).isFalse();
        assertThat(newest(on(disk))).isEqualTo(1);
        assertThat(disk.list(FOLDER)).hasSize(1);
    }
}
