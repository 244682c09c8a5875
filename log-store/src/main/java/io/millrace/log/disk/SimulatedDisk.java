package io.millrace.log.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A disk in memory that behaves as badly as POSIX allows, from one seed.
///
/// What programs see is the page cache: every write at once. What survives a crash is less:
///
/// - of bytes written since a file's last fsync, any subset of 512-byte sectors, each in any version it had
///   since;
/// - of a length that changed since, the old one, the new one, or one between;
/// - of names created, renamed or deleted since the folder's last sync, any subset; a rename is atomic.
///
/// Folders themselves are durable at once. Further it can stop at an operation ([#crashAtOperation]), fill up
/// ([#limitBytes]), fail an fsync as Linux does ([#failNextSync]: the pages count as clean and are lost), and
/// rot ([#flipBit]).
///
/// Threading: any thread; one lock.
public final class SimulatedDisk implements Disk {
    public static final int SECTOR_BYTES = 512;

    /// Older unsynced versions of a sector that are remembered.
    private static final int VERSIONS_MAX = 4;

    private final SplittableRandom random;
    private final Map<Path, Folder> folders = new TreeMap<>();
    private long limitBytes = Long.MAX_VALUE;
    private int syncsToFail;
    private long operations;
    private long crashAt = Long.MAX_VALUE;
    private boolean crashed;
    private @Nullable Runnable afterEachOperation;

    public SimulatedDisk(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /// A disk that holds `image`, all of it durable.
    public SimulatedDisk(long seed, DiskImage image) {
        this(seed);
        for (Map.Entry<Path, Map<String, byte[]>> folder : image.folders().entrySet()) {
            Folder copy = new Folder();
            for (Map.Entry<String, byte[]> file : folder.getValue().entrySet()) {
                copy.names.put(file.getKey(), new Node(file.getValue()));
            }
            copy.durableNames.putAll(copy.names);
            folders.put(folder.getKey(), copy);
        }
    }

    // ---- what can be made to happen

    /// The operation with this number (the first is 1; only those that change something count) happens partly
    /// or not at all, and everything after it fails: the machine has lost power. [#crash] then says what is
    /// left.
    public synchronized void crashAtOperation(long number) {
        crashAt = number;
    }

    /// Changing operations so far.
    public synchronized long operations() {
        return operations;
    }

    /// Called after every changing operation, under the disk's lock; may take images.
    public synchronized void afterEachOperation(@Nullable Runnable listener) {
        afterEachOperation = listener;
    }

    /// Writes that would make all files together larger fail with "No space left on device", after what still
    /// fits was written.
    public synchronized void limitBytes(long bytes) {
        limitBytes = bytes;
    }

    /// The next fsync of a file fails. What it should have made durable stays readable and never becomes
    /// durable.
    public synchronized void failNextSync() {
        syncsToFail++;
    }

    /// Whether a stop or a failing fsync that was asked for is still to come, or has just come.
    public synchronized boolean hasPendingFault() {
        return crashAt != Long.MAX_VALUE || syncsToFail > 0;
    }

    /// Changes one bit of a file, in the cache and on the platter.
    public synchronized void flipBit(Path file, long bit) throws IOException {
        Node node = node(file);
        int at = (int) (bit >>> 3);
        if (at >= node.size) {
            throw new IllegalArgumentException("%s has %d bytes, so no bit %d".formatted(file, node.size, bit));
        }
        node.bytes[at] ^= (byte) (1 << (bit & 7));
        if (at < node.durable.length) {
            node.durable[at] ^= (byte) (1 << (bit & 7));
        }
    }

    /// Turns the machine off: every later operation fails. Returns one of the many things that may be left.
    public synchronized DiskImage crash() {
        crashed = true;
        return imageOfCrash(random.nextLong());
    }

    /// What would be left if the machine lost power now; equal seeds give equal images. The disk goes on.
    public synchronized DiskImage imageOfCrash(long seed) {
        SplittableRandom fate = new SplittableRandom(seed);
        // now and then all or nothing, mostly a mixture
        double survival = switch (fate.nextInt(6)) {
            case 0 -> 0;
            case 1 -> 1;
            case 2 -> 0.9;
            default -> fate.nextDouble();
        };
        Map<Path, Map<String, byte[]>> image = new TreeMap<>();
        for (Map.Entry<Path, Folder> entry : folders.entrySet()) {
            Map<String, byte[]> files = new TreeMap<>();
            for (Map.Entry<String, Node> file :
                    entry.getValue().survivors(fate, survival).entrySet()) {
                files.put(file.getKey(), file.getValue().survivor(fate, survival));
            }
            image.put(entry.getKey(), files);
        }
        return new DiskImage(image);
    }

    /// What programs see now: the image after a crash of the process alone.
    public synchronized DiskImage imageOfCache() {
        Map<Path, Map<String, byte[]>> image = new TreeMap<>();
        folders.forEach((path, folder) -> {
            Map<String, byte[]> files = new TreeMap<>();
            folder.names.forEach((name, node) -> files.put(name, Arrays.copyOf(node.bytes, node.size)));
            image.put(path, files);
        });
        return new DiskImage(image);
    }

    /// Only what is certainly durable.
    public synchronized DiskImage imageOfDurable() {
        Map<Path, Map<String, byte[]>> image = new TreeMap<>();
        folders.forEach((path, folder) -> {
            Map<String, byte[]> files = new TreeMap<>();
            folder.durableNames.forEach((name, node) -> files.put(name, node.durable.clone()));
            image.put(path, files);
        });
        return new DiskImage(image);
    }

    // ---- the disk

    @Override
    public synchronized DiskFile open(Path file) throws IOException {
        requireAlive();
        Folder folder = folder(file);
        String name = name(file);
        Node node = folder.names.get(name);
        if (node == null) {
            if (beginOperation()) {
                throw powerLost();
            }
            node = new Node(new byte[0]);
            folder.names.put(name, node);
            folder.pending.add(new NameChange(null, name, node));
            endOperation();
        }
        return new SimulatedFile(file, node, true);
    }

    @Override
    public synchronized DiskFile openForReading(Path file) throws IOException {
        requireAlive();
        return new SimulatedFile(file, node(file), false);
    }

    @Override
    public synchronized boolean exists(Path path) {
        Path absolute = path.toAbsolutePath();
        Path parent = absolute.getParent();
        Folder folder = parent == null ? null : folders.get(parent);
        return folders.containsKey(absolute) || (folder != null && folder.names.containsKey(name(path)));
    }

    @Override
    public synchronized List<String> list(Path path) throws IOException {
        requireAlive();
        Path absolute = path.toAbsolutePath();
        Folder folder = folders.get(absolute);
        if (folder == null) {
            return List.of();
        }
        List<String> names = new ArrayList<>(folder.names.keySet());
        for (Path other : folders.keySet()) {
            if (absolute.equals(other.getParent())) {
                names.add(name(other));
            }
        }
        names.sort(null);
        return names;
    }

    @Override
    public synchronized void createFolders(Path path) throws IOException {
        requireAlive();
        for (Path at = path.toAbsolutePath(); at != null; at = at.getParent()) {
            Path parent = at.getParent();
            Folder above = parent == null ? null : folders.get(parent);
            if (above != null && above.names.containsKey(name(at))) {
                throw new FileAlreadyExistsException(at.toString());
            }
            folders.putIfAbsent(at, new Folder());
        }
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        requireAlive();
        if (folders.containsKey(from.toAbsolutePath())) {
            renameFolder(from.toAbsolutePath(), to.toAbsolutePath());
            return;
        }
        Folder folder = folder(from);
        Node node = node(from);
        if (folder(to) != folder) {
            throw new IOException("rename of %s to %s failed: only within a folder".formatted(from, to));
        }
        if (beginOperation()) {
            throw powerLost();
        }
        folder.names.remove(name(from));
        folder.names.put(name(to), node);
        folder.pending.add(new NameChange(name(from), name(to), node));
        endOperation();
    }

    /// Folders are durable at once, so their moves are too.
    private void renameFolder(Path from, Path to) throws IOException {
        if (folders.containsKey(to) || !folders.containsKey(to.getParent())) {
            throw new IOException(
                    "rename of %s to %s failed: the target exists, or its folder does not".formatted(from, to));
        }
        if (beginOperation()) {
            throw powerLost();
        }
        Map<Path, Folder> moved = new TreeMap<>();
        folders.forEach((path, folder) -> {
            if (path.startsWith(from)) {
                moved.put(to.resolve(from.relativize(path)), folder);
            }
        });
        folders.keySet().removeIf(path -> path.startsWith(from));
        folders.putAll(moved);
        endOperation();
    }

    @Override
    public synchronized void link(Path existing, Path name) throws IOException {
        requireAlive();
        Node node = node(existing);
        Folder folder = folder(name);
        if (folder.names.containsKey(name(name))) {
            throw new FileAlreadyExistsException(name.toString());
        }
        if (beginOperation()) {
            throw powerLost();
        }
        folder.names.put(name(name), node);
        folder.pending.add(new NameChange(null, name(name), node));
        endOperation();
    }

    @Override
    public synchronized void delete(Path file) throws IOException {
        requireAlive();
        Path absolute = file.toAbsolutePath();
        if (folders.containsKey(absolute)) {
            if (!list(file).isEmpty()) {
                throw new DirectoryNotEmptyException(file.toString());
            }
            folders.remove(absolute); // folders are durable at once, their end too
            return;
        }
        Folder folder = folder(file);
        node(file);
        if (beginOperation()) {
            throw powerLost();
        }
        folder.names.remove(name(file));
        folder.pending.add(new NameChange(name(file), null, null));
        endOperation();
    }

    @Override
    public synchronized void syncFolder(Path path) throws IOException {
        requireAlive();
        Folder folder = folders.get(path.toAbsolutePath());
        if (folder == null) {
            throw new NoSuchFileException(path.toString());
        }
        if (beginOperation()) {
            throw powerLost();
        }
        folder.durableNames.clear();
        folder.durableNames.putAll(folder.names);
        folder.pending.clear();
        endOperation();
    }

    @Override
    public synchronized long usableBytes(Path folder) {
        return limitBytes == Long.MAX_VALUE ? limitBytes : Math.max(0, limitBytes - usedBytes());
    }

    private long usedBytes() {
        long used = 0;
        for (Folder folder : folders.values()) {
            for (Node node : folder.names.values()) {
                used += node.size;
            }
        }
        return used;
    }

    /// Counts the operation; true when it is the one that the power fails in.
    private boolean beginOperation() {
        operations++;
        if (operations >= crashAt) {
            crashed = true;
        }
        return crashed;
    }

    private void endOperation() {
        Runnable listener = afterEachOperation;
        if (listener != null) {
            listener.run();
        }
    }

    private void requireAlive() throws IOException {
        if (crashed) {
            throw powerLost();
        }
    }

    private static IOException powerLost() {
        return new IOException("the simulated machine has lost power");
    }

    private Folder folder(Path file) throws NoSuchFileException {
        Folder folder = folders.get(file.toAbsolutePath().getParent());
        if (folder == null) {
            throw new NoSuchFileException(file.toString());
        }
        return folder;
    }

    private Node node(Path file) throws NoSuchFileException {
        Node node = folder(file).names.get(name(file));
        if (node == null) {
            throw new NoSuchFileException(file.toString());
        }
        return node;
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }

    /// One change of names: created when `from` is null, deleted when `to` is, renamed otherwise.
    private record NameChange(
            @Nullable String from,
            @Nullable String to,
            @Nullable Node node) {
        void apply(Map<String, Node> names) {
            if (from != null) {
                names.remove(from);
            }
            if (to != null && node != null) {
                names.put(to, node);
            }
        }
    }

    private static final class Folder {
        final Map<String, Node> names = new TreeMap<>();
        final Map<String, Node> durableNames = new TreeMap<>();
        /// What leads from the durable names to the names.
        final List<NameChange> pending = new ArrayList<>();

        Map<String, Node> survivors(SplittableRandom fate, double survival) {
            Map<String, Node> left = new TreeMap<>(durableNames);
            for (NameChange change : pending) {
                if (fate.nextDouble() < survival) {
                    change.apply(left);
                }
            }
            return left;
        }
    }

    private static final class Node {
        byte[] bytes;
        int size;
        /// What the last fsync left; its length is the durable length.
        byte[] durable;
        /// Sectors written since, each with the contents it had before its unsynced writes, newest last.
        final Map<Integer, List<byte[]>> dirty = new TreeMap<>();

        boolean lengthIsDirty;

        Node(byte[] content) {
            bytes = content.clone();
            size = content.length;
            durable = content.clone();
        }

        void write(byte[] source, int length, int position) {
            int end = position + length;
            for (int sector = position / SECTOR_BYTES; sector * SECTOR_BYTES < end; sector++) {
                List<byte[]> versions = dirty.computeIfAbsent(sector, key -> new ArrayList<>());
                if (versions.size() == VERSIONS_MAX) {
                    versions.remove(1);
                }
                versions.add(
                        versions.isEmpty() ? sectorOf(durable, durable.length, sector) : sectorOf(bytes, size, sector));
            }
            if (end > bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
            }
            System.arraycopy(source, 0, bytes, position, length);
            if (end > size) {
                size = end;
                lengthIsDirty = true;
            }
        }

        void truncate(int newSize) {
            if (newSize < size) {
                for (int sector = newSize / SECTOR_BYTES; sector * SECTOR_BYTES < size; sector++) {
                    int touched = sector;
                    dirty.computeIfAbsent(touched, key -> new ArrayList<>())
                            .add(sectorOf(durable, durable.length, touched));
                }
                Arrays.fill(bytes, newSize, size, (byte) 0);
            } else if (newSize > bytes.length) {
                bytes = Arrays.copyOf(bytes, newSize);
            }
            lengthIsDirty |= newSize != size;
            size = newSize;
        }

        /// Writes the dirty sectors, not the others: what a failed fsync dropped does not come back.
        void sync() {
            durable = Arrays.copyOf(durable, size);
            for (int sector : dirty.keySet()) {
                int start = sector * SECTOR_BYTES;
                if (start < size) {
                    System.arraycopy(bytes, start, durable, start, Math.min(SECTOR_BYTES, size - start));
                }
            }
            dirty.clear();
            lengthIsDirty = false;
        }

        /// The pages count as clean, so no later fsync writes them; a later write to them may.
        void failSync() {
            dirty.clear();
            lengthIsDirty = false;
        }

        private static byte[] sectorOf(byte[] from, int size, int sector) {
            byte[] copy = new byte[SECTOR_BYTES];
            int start = sector * SECTOR_BYTES;
            if (start < size) {
                System.arraycopy(from, start, copy, 0, Math.min(SECTOR_BYTES, size - start));
            }
            return copy;
        }

        byte[] survivor(SplittableRandom fate, double survival) {
            int length = durable.length;
            if (lengthIsDirty) {
                double kind = fate.nextDouble();
                if (kind < survival) {
                    length = size;
                } else if (kind < survival + 0.3) {
                    length = fate.nextInt(Math.min(size, durable.length), Math.max(size, durable.length) + 1);
                }
            }
            byte[] left = Arrays.copyOf(durable, length);
            for (Map.Entry<Integer, List<byte[]>> entry : dirty.entrySet()) {
                int start = entry.getKey() * SECTOR_BYTES;
                if (start >= length) {
                    continue;
                }
                List<byte[]> versions = entry.getValue();
                byte[] chosen = fate.nextDouble() < survival
                        ? sectorOf(bytes, size, entry.getKey())
                        : versions.get(fate.nextInt(versions.size()));
                System.arraycopy(chosen, 0, left, start, Math.min(SECTOR_BYTES, length - start));
            }
            return left;
        }
    }

    private final class SimulatedFile implements DiskFile {
        private final Path path;
        private final Node node;
        private final boolean writable;
        private boolean closed;

        SimulatedFile(Path path, Node node, boolean writable) {
            this.path = path;
            this.node = node;
            this.writable = writable;
        }

        @Override
        public long sizeBytes() throws IOException {
            synchronized (SimulatedDisk.this) {
                requireOpen(false);
                return node.size;
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            synchronized (SimulatedDisk.this) {
                requireOpen(false);
                int count = (int) Math.max(0, Math.min(target.remaining(), node.size - position));
                if (count > 0) {
                    target.put(node.bytes, (int) position, count);
                }
                return count;
            }
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            synchronized (SimulatedDisk.this) {
                requireOpen(true);
                byte[] bytes = new byte[source.remaining()];
                source.get(bytes);
                if (beginOperation()) {
                    node.write(bytes, random.nextInt(bytes.length + 1), Math.toIntExact(position));
                    throw powerLost();
                }
                long growth = Math.max(0, position + bytes.length - node.size);
                long room = limitBytes == Long.MAX_VALUE ? limitBytes : limitBytes - usedBytes();
                if (growth > room) {
                    int fitting = (int) Math.max(0, bytes.length - (growth - Math.max(0, room)));
                    node.write(bytes, fitting, Math.toIntExact(position));
                    endOperation();
                    throw new IOException("write of %s at byte %d failed: No space left on device"
                            .formatted(path, position + fitting));
                }
                node.write(bytes, bytes.length, Math.toIntExact(position));
                endOperation();
            }
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            synchronized (SimulatedDisk.this) {
                requireOpen(true);
                if (sizeBytes >= node.size) {
                    return; // as FileChannel does
                }
                if (beginOperation()) {
                    throw powerLost();
                }
                node.truncate(Math.toIntExact(sizeBytes));
                endOperation();
            }
        }

        @Override
        public void sync() throws IOException {
            synchronized (SimulatedDisk.this) {
                requireOpen(true);
                if (beginOperation()) {
                    throw powerLost();
                }
                if (syncsToFail > 0) {
                    syncsToFail--;
                    node.failSync();
                    endOperation();
                    throw new IOException("fsync of %s failed: Input/output error".formatted(path));
                }
                node.sync();
                endOperation();
            }
        }

        private void requireOpen(boolean forWriting) throws IOException {
            requireAlive();
            if (closed) {
                throw new IOException("%s is closed".formatted(path));
            }
            if (forWriting && !writable) {
                throw new IOException("%s is open for reading only".formatted(path));
            }
        }

        @Override
        public void close() {
            synchronized (SimulatedDisk.this) {
                closed = true;
            }
        }
    }
}
