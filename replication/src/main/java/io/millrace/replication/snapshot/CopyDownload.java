package io.millrace.replication.snapshot;

import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicaCopy.FileFact;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Fetches the files of a copy into a folder, durably, and only what is not there yet.
///
/// | what is there                                 | what is done                                       |
/// |-----------------------------------------------|----------------------------------------------------|
/// | the file, with length and checksum            | kept: an earlier attempt had it                    |
/// | a sealed segment of the old state that fits   | gets a second name                                 |
/// | `<file>.part`                                 | its bytes are checksummed, the rest is fetched     |
/// | nothing, or something else                    | fetched                                            |
///
/// A file under its own name is whole. Parts have another name because a whole file may be shared with the old
/// state, and nobody may write into that.
///
/// Threading: one thread, for one copy.
public final class CopyDownload {
    /// Finds what need not travel.
    public interface Owned {
        /// A file with exactly this content that nobody will ever change; null when there is none.
        @Nullable
        Path sealedFile(FileFact fact) throws IOException;
    }

    /// Hears how far it is; called after every piece.
    public interface Progress {
        void at(long bytesDone, long bytesTotal);
    }

    private static final Pattern NAME = Pattern.compile("logs/[A-Za-z0-9._-]{1,249}/\\d{1,9}/\\d{20}\\.log");
    private static final String PART = ".part";
    private static final int PIECE_BYTES = 1 << 18;
    private static final int ATTEMPTS = 6;
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Disk disk;
    private final Path folder;
    private final ReplicaCopy copy;
    private final Owned owned;
    private final Throttle throttle;
    private final Progress progress;
    private long bytesDone;
    private long bytesTotal;
    private long bytesFetched;

    /// @param folder stands for `logs` in the names of the copy; need not exist
    public CopyDownload(Disk disk, Path folder, ReplicaCopy copy, Owned owned, Throttle throttle, Progress progress) {
        this.disk = disk;
        this.folder = folder;
        this.copy = copy;
        this.owned = owned;
        this.throttle = throttle;
        this.progress = progress;
    }

    /// Bytes that came from the peer.
    public long bytesFetched() {
        return bytesFetched;
    }

    /// Fetches everything. What was fetched when it fails is used by the next attempt.
    ///
    /// @throws IOException the peer, the network or the disk failed, or the peer's bytes are not what it says
    public void run() throws IOException {
        List<FileFact> files = checked(copy.files());
        files.forEach(file -> bytesTotal += file.sizeBytes());
        Set<Path> folders = new TreeSet<>();
        for (FileFact file : files) {
            folders.add(Objects.requireNonNull(target(file).getParent()));
        }
        disk.createFolders(folder);
        deleteOthers(files);
        for (Path partition : folders) {
            disk.createFolders(partition);
        }
        List<FileFact> missing = new ArrayList<>();
        for (FileFact file : files) {
            if (isThere(file)) {
                done(file.sizeBytes());
            } else {
                missing.add(file);
            }
        }
        List<FileFact> toFetch = new ArrayList<>();
        for (FileFact file : missing) {
            Path same = owned.sealedFile(file);
            if (same == null) {
                toFetch.add(file);
            } else {
                disk.link(same, target(file));
                sync(target(file));
                done(file.sizeBytes());
            }
        }
        requireSpace(toFetch);
        for (FileFact file : toFetch) {
            fetch(file);
        }
        for (Path partition : folders) {
            disk.syncFolder(partition);
            disk.syncFolder(Objects.requireNonNull(partition.getParent()));
        }
        disk.syncFolder(folder);
        disk.syncFolder(Objects.requireNonNull(folder.getParent()));
    }

    /// Names come from another machine and become paths here.
    private static List<FileFact> checked(List<FileFact> files) throws IOException {
        Set<String> names = new HashSet<>();
        for (FileFact file : files) {
            boolean ordinary = NAME.matcher(file.name()).matches()
                    && !file.name().contains("/../")
                    && !file.name().contains("/./");
            if (!ordinary || !names.add(file.name()) || file.sizeBytes() < 0) {
                throw new IOException("the copy names a file '%s' of %d bytes, which is no segment or is named twice"
                        .formatted(file.name(), file.sizeBytes()));
            }
        }
        return files;
    }

    private Path target(FileFact file) {
        return folder.resolve(file.name().substring("logs/".length()));
    }

    private static Path part(Path target) {
        return target.resolveSibling(target.getFileName() + PART);
    }

    private void requireSpace(List<FileFact> files) throws IOException {
        long needed = 0;
        for (FileFact file : files) {
            Path part = part(target(file));
            needed += file.sizeBytes() - (disk.exists(part) ? sizeBytes(part) : 0);
        }
        long usable = disk.usableBytes(folder);
        if (needed > usable) {
            throw new IOException(
                    "the copy needs %d more bytes in %s, and %d are free. Free space; the copy goes on by itself."
                            .formatted(needed, folder, usable));
        }
    }

    /// What an earlier attempt left of another copy. Indexes belong to their segment.
    private void deleteOthers(List<FileFact> files) throws IOException {
        Set<Path> wanted = new HashSet<>();
        for (FileFact file : files) {
            Path target = target(file);
            wanted.add(target);
            wanted.add(part(target));
        }
        for (String topic : disk.list(folder)) {
            for (String partition : disk.list(folder.resolve(topic))) {
                Path at = folder.resolve(topic).resolve(partition);
                for (String name : disk.list(at)) {
                    if (!wanted.contains(at.resolve(name))) {
                        disk.delete(at.resolve(name));
                    }
                }
                if (disk.list(at).isEmpty()) {
                    disk.deleteTree(at);
                }
            }
            if (disk.list(folder.resolve(topic)).isEmpty()) {
                disk.deleteTree(folder.resolve(topic));
            }
        }
    }

    private boolean isThere(FileFact file) throws IOException {
        Path target = target(file);
        if (!disk.exists(target)) {
            return false;
        }
        if (sizeBytes(target) == file.sizeBytes() && checksum(target).getValue() == (file.crc32c() & 0xffffffffL)) {
            sync(target);
            return true;
        }
        disk.delete(target);
        return false;
    }

    private long sizeBytes(Path path) throws IOException {
        try (DiskFile file = disk.openForReading(path)) {
            return file.sizeBytes();
        }
    }

    private CRC32C checksum(Path path) throws IOException {
        CRC32C crc = new CRC32C();
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        try (DiskFile file = disk.openForReading(path)) {
            long position = 0;
            while (file.read(piece.clear(), position) > 0) {
                crc.update(piece.flip());
                position += piece.limit();
            }
        }
        return crc;
    }

    private void sync(Path path) throws IOException {
        try (DiskFile file = disk.open(path)) {
            sync(file, path);
        }
    }

    /// After a failed fsync the pages count as clean although they were never written: the next fsync would lie. So
    /// nothing is left that a next attempt could take for whole.
    private void sync(DiskFile file, Path path) throws IOException {
        try {
            file.sync();
        } catch (IOException e) {
            try {
                disk.delete(path);
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    /// The peer's bytes did not come, or not as it had said; another attempt may help.
    private static final class PeerFailed extends IOException {
        private static final long serialVersionUID = 1;

        PeerFailed(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    private void fetch(FileFact file) throws IOException {
        Path part = part(target(file));
        for (int attempt = 1; ; attempt++) {
            long before = bytesDone;
            try {
                int found = fetchRest(file, part);
                if (found == file.crc32c()) {
                    disk.rename(part, target(file));
                    return;
                }
                disk.delete(part);
                throw new PeerFailed(
                        "%s came with checksum 0x%08x, the peer had said 0x%08x"
                                .formatted(file.name(), found, file.crc32c()),
                        null);
            } catch (PeerFailed e) {
                bytesDone = before;
                if (attempt == ATTEMPTS) {
                    throw e;
                }
                throttle.pass(0); // notices a stop
                LockSupport.parkNanos(FIRST_PAUSE_NANOS << attempt);
            }
        }
    }

    /// @return checksum of the whole file
    private int fetchRest(FileFact file, Path part) throws IOException {
        CRC32C crc = disk.exists(part) ? checksum(part) : new CRC32C();
        try (DiskFile out = disk.open(part)) {
            long from = out.sizeBytes();
            if (from > file.sizeBytes()) {
                out.truncate(0);
                from = 0;
                crc.reset();
            }
            done(from);
            if (from < file.sizeBytes()) {
                receive(file, from, new Target(out, from, file.sizeBytes(), crc));
            }
            sync(out, part);
        }
        return (int) crc.getValue();
    }

    private void receive(FileFact file, long from, Target target) throws IOException {
        try {
            copy.read(file.name(), from, file.sizeBytes() - from, target);
        } catch (IOException e) {
            IOException here = target.failure;
            if (here != null) {
                throw here; // this disk, or a stop: the peer is not to blame
            }
            throw new PeerFailed("%s could not be read from the peer: %s".formatted(file.name(), e.getMessage()), e);
        }
        if (target.position != file.sizeBytes()) {
            throw new PeerFailed(
                    "%s: the peer sent %d of %d bytes"
                            .formatted(file.name(), target.position - from, file.sizeBytes() - from),
                    null);
        }
    }

    private void done(long bytes) {
        bytesDone += bytes;
        progress.at(bytesDone, bytesTotal);
    }

    /// Writes what arrives, at the permitted rate.
    private final class Target extends OutputStream {
        private final DiskFile file;
        private final long end;
        private final CRC32C crc;
        private long position;
        private @Nullable IOException failure;

        Target(DiskFile file, long position, long end, CRC32C crc) {
            this.file = file;
            this.position = position;
            this.end = end;
            this.crc = crc;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            if (length > end - position) {
                throw new IOException("the peer sent more than the %d bytes it was asked for".formatted(end));
            }
            try {
                throttle.pass(length);
                file.write(ByteBuffer.wrap(bytes, offset, length), position);
            } catch (IOException e) {
                failure = e;
                throw e;
            }
            crc.update(bytes, offset, length);
            position += length;
            bytesFetched += length;
            done(length);
        }
    }
}
