package io.millrace.replication.ratis;

import io.millrace.log.disk.Disk;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.snapshot.StateFolders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Groups that have left this node: a file `left-<group>` beside the Raft logs of each.
///
/// | the file says | log, vote and state of the group                                                   |
/// |---------------|------------------------------------------------------------------------------------|
/// | `going`       | are being deleted; the next start ends that before it opens anything               |
/// | `gone`        | were deleted once. What is there now came later, from the group's leader            |
///
/// A group that has ever left is never begun with its founders again: with empty logs they could take
/// themselves for a majority.
public final class Departures {
    private static final String GOING = "going";
    private static final String GONE = "gone";

    private Departures() {}

    /// Ends what a crash has interrupted.
    ///
    /// @throws IOException the disk failed
    public static void finish(ReplicationSettings settings, Disk disk) throws IOException {
        for (int group = 1; group < settings.groups(); group++) {
            Path raft = settings.dataFolder().resolve("raft");
            if (isGoing(raft, group)) {
                deleteLog(raft, group);
                ReplicationSettings own = settings.ofGroup(group);
                if (disk.exists(own.dataFolder())) {
                    new StateFolders(disk, own.dataFolder(), group, own.idempotencyKeysMax()).deleteAll();
                }
                gone(raft, group);
            }
        }
    }

    /// From now on the group goes, whatever happens to this process.
    static void going(Path raft, int group) throws IOException {
        write(raft, group, GOING);
    }

    static void gone(Path raft, int group) throws IOException {
        write(raft, group, GONE);
    }

    static boolean hasLeft(Path raft, int group) {
        return Files.exists(file(raft, group));
    }

    /// Log and vote.
    static void deleteLog(Path raft, int group) throws IOException {
        Path log = raft.resolve(RunningServer.groupId(group).getUuid().toString());
        if (Files.exists(log)) {
            List<Path> paths;
            try (Stream<Path> found = Files.walk(log)) {
                paths = found.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path path : paths) {
                Files.delete(path);
            }
            sync(raft);
        }
    }

    /// Begun and not ended: nothing of the group may run.
    static boolean isGoing(Path raft, int group) throws IOException {
        Path file = file(raft, group);
        return Files.exists(file) && Files.readString(file).strip().equals(GOING);
    }

    private static Path file(Path raft, int group) {
        return raft.resolve("left-" + group);
    }

    private static void write(Path raft, int group, String word) throws IOException {
        Path next = raft.resolve("left-" + group + ".next");
        try (FileChannel out = FileChannel.open(
                next, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap((word + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
        Files.move(next, file(raft, group), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        sync(raft);
    }

    private static void sync(Path folder) throws IOException {
        try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
            directory.force(true);
        }
    }
}
