package io.millrace.replication.snapshot;

import io.millrace.log.PartitionLog;
import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import io.millrace.replication.ReplicaCopies;
import io.millrace.replication.ReplicaCopy;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Copies of this node's replica that peers are fetching.
///
/// Making one: a snapshot, so that the manifest is as new as can be; then manifest and segments are pinned in
/// one moment; then every segment's checksum, batch by batch verified, so that damage never travels. Checksums
/// of sealed segments are remembered: the second copy costs little.
///
/// Threading: any thread.
public final class ServedCopies implements ReplicaCopies {
    /// The replica.
    public interface Source {
        /// Makes what was applied durable, as far as that is possible now.
        void refresh() throws IOException;

        /// The manifest in force and the files it speaks of. They stay until [#unpin].
        Pinned pin() throws IOException;

        void unpin();
    }

    /// @param manifest as it lies on disk
    public record Pinned(long term, long index, byte[] manifest, List<Segment> segments) {
        public Pinned {
            segments = List.copyOf(segments);
        }
    }

    /// @param name in the copy
    /// @param sizeBytes that belong to it
    public record Segment(String name, Path file, PartitionLog log, long firstOffset, long sizeBytes, boolean sealed) {}

    /// What was given away of the newest copy for a node.
    ///
    /// @param bytesDone given away so far; what the other node has already it does not ask for
    /// @param isOpen whether more may be read
    public record Given(String nodeId, long openedAtNanos, long bytesDone, long bytesTotal, boolean isOpen) {}

    private record Known(long sizeBytes, int crc32c) {}

    /// Open at the same time.
    public static final int COPIES_MAX = 4;

    /// Nodes whose progress is remembered.
    private static final int NODES_MAX = 64;

    public static final long IDLE_NANOS_MAX = TimeUnit.SECONDS.toNanos(60);

    private static final Logger LOG = LoggerFactory.getLogger(ServedCopies.class);
    private static final int PIECE_BYTES = 1 << 18;

    private final int group;
    private final Disk disk;
    private final Source source;
    private final LongSupplier nanoClock;
    private final Map<String, Served> open = new TreeMap<>(); // guarded by itself
    private int opening; // guarded by open
    // guarded by open; by node id, those who asked longest ago are forgotten
    private final Map<String, Progress> newest = new LinkedHashMap<>();
    private final Map<Path, Known> checksums = new ConcurrentHashMap<>();

    public ServedCopies(int group, Disk disk, Source source, LongSupplier nanoClock) {
        this.group = group;
        this.disk = disk;
        this.source = source;
        this.nanoClock = nanoClock;
    }

    @Override
    public ReplicaCopy open(int wanted, String nodeId) throws IOException {
        if (wanted != group) {
            throw new IOException("there is no group %d on this node".formatted(wanted));
        }
        closeIdle();
        synchronized (open) {
            if (open.size() + opening >= COPIES_MAX) {
                throw new IOException("%d copies are open already, no more than %d may be; try again later"
                        .formatted(open.size() + opening, COPIES_MAX));
            }
            opening++;
        }
        boolean pinned = false;
        try {
            source.refresh();
            Pinned replica = source.pin();
            pinned = true;
            Served served = new Served(replica, describe(replica.segments()));
            synchronized (open) {
                open.put(served.id, served);
                if (!nodeId.isEmpty()) {
                    remember(nodeId, served.progress);
                }
            }
            pinned = false; // the copy does it now
            LOG.atInfo()
                    .addKeyValue("copy", served.id)
                    .addKeyValue("index", replica.index())
                    .addKeyValue("files", served.files.size())
                    .log("copy of this replica opened");
            return served;
        } finally {
            synchronized (open) {
                opening--;
            }
            if (pinned) {
                source.unpin();
            }
        }
    }

    /// Called with `open` held.
    private void remember(String nodeId, Progress progress) {
        newest.remove(nodeId); // to the end
        newest.put(nodeId, progress);
        if (newest.size() > NODES_MAX) {
            newest.remove(newest.keySet().iterator().next());
        }
    }

    /// What was given to each node that has asked, of the newest copy for it.
    public List<Given> given() {
        synchronized (open) {
            return newest.entrySet().stream()
                    .map(entry -> entry.getValue().given(entry.getKey()))
                    .toList();
        }
    }

    private List<ReplicaCopy.FileFact> describe(List<Segment> segments) throws IOException {
        List<ReplicaCopy.FileFact> facts = new ArrayList<>();
        Map<Path, Known> stillThere = new ConcurrentHashMap<>();
        for (Segment segment : segments) {
            Known known = segment.sealed() ? checksums.get(segment.file()) : null;
            if (known == null || known.sizeBytes != segment.sizeBytes()) {
                known = new Known(
                        segment.sizeBytes(), segment.log().checksum(segment.firstOffset(), segment.sizeBytes()));
            }
            if (segment.sealed()) {
                stillThere.put(segment.file(), known);
            }
            facts.add(new ReplicaCopy.FileFact(segment.name(), segment.sizeBytes(), known.crc32c));
        }
        checksums.keySet().retainAll(stillThere.keySet());
        checksums.putAll(stillThere);
        return facts;
    }

    @Override
    public ReplicaCopy find(String copyId) throws IOException {
        closeIdle();
        synchronized (open) {
            Served served = open.get(copyId);
            if (served == null) {
                throw new IOException("there is no copy %s, or no longer: it was closed, or not read from for %d s"
                        .formatted(copyId, TimeUnit.NANOSECONDS.toSeconds(IDLE_NANOS_MAX)));
            }
            return served;
        }
    }

    /// Number of open copies.
    public int count() {
        synchronized (open) {
            return open.size() + opening;
        }
    }

    /// Closes those that nobody has read from for too long.
    public void closeIdle() {
        long now = nanoClock.getAsLong();
        for (Served served : all()) {
            if (now - served.usedAtNanos > IDLE_NANOS_MAX) {
                LOG.atWarn().addKeyValue("copy", served.id).log("copy was not read from for too long; closed");
                served.close();
            }
        }
    }

    /// The files are about to go, for whatever reason.
    public void closeAll() {
        all().forEach(Served::close);
    }

    private List<Served> all() {
        synchronized (open) {
            return List.copyOf(open.values());
        }
    }

    /// How much of one copy was given away. It outlives the copy and holds nothing of it but names.
    private static final class Progress {
        private final long openedAtNanos;
        private final long bytesTotal;
        private final Map<String, Long> furthest = new TreeMap<>(); // guarded by this; end of what was read, by file
        private long bytesDone; // guarded by this
        private volatile boolean isOpen = true;

        private Progress(long openedAtNanos, long bytesTotal) {
            this.openedAtNanos = openedAtNanos;
            this.bytesTotal = bytesTotal;
        }

        /// What is read a second time, after a broken connection, counts once.
        private synchronized void advance(String name, long from, long end) {
            long before = Math.max(from, furthest.getOrDefault(name, 0L));
            if (end > before) {
                bytesDone += end - before;
                furthest.put(name, end);
            }
        }

        private synchronized Given given(String nodeId) {
            return new Given(nodeId, openedAtNanos, bytesDone, bytesTotal, isOpen);
        }
    }

    private final class Served implements ReplicaCopy {
        private final String id = UUID.randomUUID().toString().replace("-", "");
        private final Pinned replica;
        private final List<FileFact> files;
        private final Map<String, Segment> segments = new TreeMap<>();
        private final Progress progress;
        private volatile long usedAtNanos = nanoClock.getAsLong();
        private volatile boolean closed;

        Served(Pinned replica, List<FileFact> files) {
            this.replica = replica;
            this.files = List.copyOf(files);
            this.progress = new Progress(
                    nanoClock.getAsLong(),
                    files.stream().mapToLong(FileFact::sizeBytes).sum());
            replica.segments().forEach(segment -> segments.put(segment.name(), segment));
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public long term() {
            return replica.term();
        }

        @Override
        public long index() {
            return replica.index();
        }

        @Override
        public byte[] manifest() {
            return replica.manifest().clone();
        }

        @Override
        public List<FileFact> files() {
            return files;
        }

        @Override
        public void read(String name, long from, long length, OutputStream to) throws IOException {
            Segment segment = segments.get(name);
            if (segment == null) {
                throw new IOException("copy %s has no file '%s'".formatted(id, name));
            }
            if (from < 0 || length < 0 || from > segment.sizeBytes() - length) {
                throw new IOException("copy %s has bytes 0 to %d of %s, not %d bytes from %d on"
                        .formatted(id, segment.sizeBytes(), name, length, from));
            }
            use();
            try (DiskFile file = disk.openForReading(segment.file())) {
                ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE_BYTES, Math.max(1, length)));
                long position = from;
                long end = from + length;
                while (position < end) {
                    piece.clear().limit((int) Math.min(piece.capacity(), end - position));
                    int count = file.read(piece, position);
                    if (count < piece.limit()) {
                        throw new IOException("%s ends at byte %d, expected at least %d"
                                .formatted(segment.file(), position + count, segment.sizeBytes()));
                    }
                    use();
                    to.write(piece.array(), 0, count);
                    progress.advance(name, position, position + count);
                    position += count;
                }
            }
            use();
        }

        private void use() throws IOException {
            if (closed) {
                throw new IOException("copy %s was closed".formatted(id));
            }
            usedAtNanos = nanoClock.getAsLong();
        }

        @Override
        public void close() {
            synchronized (open) {
                if (closed) {
                    return;
                }
                closed = true;
                progress.isOpen = false;
                open.remove(id);
            }
            source.unpin();
        }
    }
}
