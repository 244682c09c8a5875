package io.millrace.faults.stage;

import io.millrace.faults.history.Event;
import io.millrace.faults.history.History;
import io.millrace.faults.load.Workload;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// What nodes have on their disks: read, waited for, and damaged.
///
/// Threading: the thread that breaks things.
public final class NodeFiles {
    private final Stage stage;
    private final Path folder;
    private final Groups groups;

    /// @param folder of the run
    NodeFiles(Stage stage, Path folder, Groups groups) {
        this.stage = stage;
        this.folder = folder;
        this.groups = groups;
    }

    /// Forgets everything that a node, which must be down, has on its disk.
    public void wipe(int index) throws IOException, InterruptedException {
        stage.note("wipe " + stage.name(index));
        Shell.must("rm", "-rf", stage.dataFolder(index).toString());
    }

    /// Copies a file to a place outside the node's folder.
    public Path save(Path file) throws IOException, InterruptedException {
        Path saved = folder.resolve("saved-" + file.getFileName());
        copy(file, saved);
        return saved;
    }

    /// Copies a file or folder, or puts the copy back.
    public void copy(Path from, Path to) throws IOException, InterruptedException {
        Shell.must("rm", "-rf", to.toString());
        Shell.must("cp", "-a", from.toString(), to.toString());
    }

    /// The open file of the Raft log of one group.
    public Path raftLog(int index, int group) throws IOException {
        return groups.raftLog(index, group);
    }

    /// The open file of the node's Raft log, of a group of which it has records.
    public Path raftLog(int index) throws IOException {
        List<Path> logs = raftLogs(index);
        return logs.get(logs.size() == 1 ? 0 : stage.random().nextInt(logs.size()));
    }

    /// The open file of the node's Raft log; where groups are on some of the nodes, of each group of which it
    /// has records.
    public List<Path> raftLogs(int index) throws IOException {
        int[] held = stage.cluster().isPlaced() ? groups.on(index) : new int[0];
        if (held.length == 0) {
            return List.of(find(stage.dataFolder(index).resolve("raft"), "log_inprogress_\\d+")
                    .getLast());
        }
        List<Path> logs = new ArrayList<>();
        for (int group : held) {
            logs.add(raftLog(index, group));
        }
        return logs;
    }

    /// Waits until the open files of each member's Raft log hold so much.
    ///
    /// @throws IOException less is written for a long time
    public void awaitLogged(int sizeBytes) throws IOException, InterruptedException {
        for (int i : stage.members()) {
            for (Path log : raftLogs(i)) {
                awaitLogged(log, sizeBytes);
            }
        }
    }

    /// Waits until the open file of a Raft log holds so much.
    ///
    /// @throws IOException less is written for a long time
    public void awaitLogged(Path log, int sizeBytes) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + Stage.READY_PATIENCE.toNanos();
        while (usedSize(log) < sizeBytes) {
            if (System.nanoTime() > deadline) {
                throw new IOException(folder.relativize(log) + " holds less than " + sizeBytes + " bytes after "
                        + Stage.READY_PATIENCE.toSeconds() + " s");
            }
            TimeUnit.MILLISECONDS.sleep(Stage.POLL_MS);
        }
    }

    /// Segment files of a partition, drawn by chance, once it holds something. Of those that the node holds,
    /// where it holds some only.
    ///
    /// @throws IOException nothing is written for a long time
    public List<Path> awaitSegments(int index) throws IOException, InterruptedException {
        int partition = stage.random().nextInt(Stage.PARTITIONS);
        long deadline = System.nanoTime() + Stage.READY_PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            List<Path> segments = segments(index, partition);
            if (!segments.isEmpty()) {
                return segments;
            }
            if (stage.cluster().isPlaced()) {
                partition = (partition + 1) % Stage.PARTITIONS;
            }
            TimeUnit.MILLISECONDS.sleep(Stage.POLL_MS);
        }
        throw new IOException(stage.name(index) + " has no segment of partition " + partition + " after "
                + Stage.READY_PATIENCE.toSeconds() + " s");
    }

    /// Segment files of a partition that hold something, oldest first.
    public List<Path> segments(int index, int partition) throws IOException {
        return SegmentFiles.of(stage.dataFolder(index), Workload.TOPIC, partition).stream()
                .filter(file -> file.toFile().length() > 0)
                .toList();
    }

    static List<Path> find(Path below, String name) throws IOException {
        try (var files =
                Files.find(below, 6, (path, _) -> path.getFileName().toString().matches(name))) {
            List<Path> found = files.sorted().toList();
            if (found.isEmpty()) {
                throw new IOException("there is no " + name + " below " + below);
            }
            return found;
        }
    }

    /// Flips one bit at a place.
    public void flipBit(Path file, long position) throws IOException {
        stage.note("flip a bit of " + folder.relativize(file) + " at " + position);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(position);
            int old = bytes.read();
            bytes.seek(position);
            bytes.write(old ^ (1 << stage.random().nextInt(Byte.SIZE)));
        }
    }

    /// Where the zeros at the end of a file begin.
    public static long usedSize(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] == 0) {
            end--;
        }
        return end;
    }

    /// What a write leaves that was torn by a crash: some bytes of something behind the last whole entry.
    public void tearTail(Path file, long position) throws IOException {
        byte[] torn = new byte[1 + stage.random().nextInt(3_000)];
        stage.random().nextBytes(torn);
        stage.note("torn write of " + torn.length + " bytes in " + folder.relativize(file) + " at " + position);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(position);
            bytes.write(torn);
        }
    }

    /// Overwrites the end of the used part of a file, at most half of it, with zeros: acknowledged entries are
    /// gone without a trace.
    public void forgetTail(Path file, int sizeBytes) throws IOException {
        long used = usedSize(file);
        long start = used - Math.min(sizeBytes, used / 2);
        stage.note("forget bytes " + start + " to " + used + " of " + folder.relativize(file));
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(start);
            bytes.write(new byte[(int) (used - start)]);
        }
    }

    /// Changes a record of a node, which may run, in a way that no checksum finds.
    ///
    /// @return whether there was a record
    public boolean forgeRecord(int index, int partition) throws IOException {
        List<Path> files = segments(index, partition);
        if (files.isEmpty()) {
            return false;
        }
        List<SegmentFiles.Found> records = SegmentFiles.readWhatIsWhole(files.getFirst());
        if (records.isEmpty()) {
            return false;
        }
        SegmentFiles.Found record = records.get(stage.random().nextInt(records.size()));
        stage.note("forge offset " + record.offset() + " of partition " + partition + " of " + stage.name(index));
        SegmentFiles.forge(record);
        return true;
    }

    /// Adds what a node that has ended has on its disk to a history.
    void readInto(History history, int index) throws IOException {
        for (int partition = 0; partition < Stage.PARTITIONS; partition++) {
            for (Path file : segments(index, partition)) {
                for (SegmentFiles.Found record : SegmentFiles.read(file)) {
                    history.add(new Event.Stored(
                            history.nowNs(), stage.name(index), partition, record.offset(), record.checksum()));
                }
            }
        }
    }
}
