package io.millrace.replication.partition;

import io.millrace.log.PartitionLog;
import io.millrace.log.disk.Disk;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.CommitOutcome;
import io.millrace.replication.Document;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.FenceOutcome;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.TopicSettings;
import io.millrace.replication.metadata.Fields;
import io.millrace.replication.metadata.IdempotencyWindow;
import io.millrace.replication.metadata.Metadata;
import io.millrace.replication.snapshot.Manifest;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The state machine of one group: metadata, and the partition logs that committed entries are appended to.
///
/// Records are appended without fsync: the consensus log holds them durably until a manifest does. Restart cuts
/// the partition logs to the manifest and applies the entries behind it again; because every decision is a
/// function of the state and the entry alone, it ends where it was.
///
/// Threading: [#apply], [#skip] and [#takeSnapshot] by one thread; [#flushDirty] by another one; reads by any.
public final class GroupState implements StateMachine {
    /// Told on the applying thread; must not block.
    public interface Listener {
        void appended(TopicPartition partition);

        void metadataChanged();

        void logFailed(String what, Throwable cause);
    }

    private record PartitionId(long topicId, int partition) {}

    private static final String LOGS = "logs";
    private static final int NAME_CHARACTERS_MAX = 200; // a folder's name ends with the topic's id
    private static final int SCRATCH_BYTES_MIN = 64 << 10;

    private final Disk disk;
    private final ReplicationSettings settings;
    private final Path logs;
    private final Path manifestFile;
    private final Listener listener;
    private final Metadata metadata;
    private final Map<Long, PartitionReplica[]> replicas = new ConcurrentHashMap<>();
    private final ConcurrentSkipListMap<Long, PartitionReplica[]> deleted = new ConcurrentSkipListMap<>();
    // a snapshot waits for the background flush and the other way round: both change what is known as durable
    private final ReentrantLock flushing = new ReentrantLock();

    private long timeMs;
    private long term;
    private volatile long index;
    private volatile long durableIndex;
    private volatile long durableTerm;
    private volatile long bytesSinceSnapshot;
    private volatile boolean manifestOutdated;
    private boolean metadataChanged;
    private final Set<PartitionReplica> touched = new LinkedHashSet<>();
    private ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES_MIN);

    private GroupState(
            Disk disk, ReplicationSettings settings, Path manifestFile, Listener listener, Metadata metadata) {
        this.disk = disk;
        this.settings = settings;
        this.logs = settings.dataFolder().resolve(LOGS);
        this.manifestFile = manifestFile;
        this.listener = listener;
        this.metadata = metadata;
    }

    /// Opens the state that the manifest describes, or an empty one. What a crash left of later topics and
    /// partitions is deleted: it comes again with the entries.
    ///
    /// @throws IOException the disk failed or holds something else than was written
    public static GroupState open(Disk disk, ReplicationSettings settings, int group, Listener listener)
            throws IOException {
        Path manifestFile = settings.dataFolder().resolve("manifest-" + group);
        disk.createFolders(settings.dataFolder().resolve(LOGS));
        Optional<Manifest> found = Manifest.read(disk, manifestFile, settings.idempotencyKeysMax());
        Manifest manifest = found.orElseGet(() -> new Manifest(0, -1, 0, new Metadata(), List.of()));
        GroupState state = new GroupState(disk, settings, manifestFile, listener, manifest.metadata());
        state.term = manifest.term();
        state.index = manifest.index();
        state.durableTerm = manifest.term();
        state.durableIndex = manifest.index();
        state.timeMs = manifest.timeMs();
        Map<PartitionId, Manifest.PartitionFact> facts = new HashMap<>();
        manifest.partitions().forEach(fact -> facts.put(new PartitionId(fact.topicId(), fact.partition()), fact));
        for (Topic topic : manifest.metadata().topics()) {
            state.replicas.put(topic.id(), state.newReplicas(topic, facts));
        }
        state.deleteLeftovers();
        return state;
    }

    private PartitionReplica[] newReplicas(Topic topic, Map<PartitionId, Manifest.PartitionFact> facts) {
        PartitionReplica[] made = new PartitionReplica[topic.partitions()];
        for (int partition = 0; partition < made.length; partition++) {
            Manifest.PartitionFact fact = facts.get(new PartitionId(topic.id(), partition));
            made[partition] = new PartitionReplica(
                    new TopicPartition(topic.name(), partition),
                    topic.id(),
                    disk,
                    folder(topic).resolve(Integer.toString(partition)),
                    settings.log(),
                    fact == null ? null : fact.end(),
                    fact == null ? 0 : fact.earliestOffset(),
                    fact == null ? null : fact.window());
        }
        return made;
    }

    private Path folder(Topic topic) {
        String name = topic.name().substring(0, Math.min(topic.name().length(), NAME_CHARACTERS_MAX));
        return logs.resolve(name + "-" + topic.id());
    }

    private void deleteLeftovers() throws IOException {
        Set<Path> kept = new HashSet<>();
        for (PartitionReplica[] topic : replicas.values()) {
            for (PartitionReplica replica : topic) {
                if (replica.isWritten()) {
                    kept.add(replica.folder());
                }
            }
        }
        for (String topic : disk.list(logs)) {
            for (String partition : disk.list(logs.resolve(topic))) {
                Path folder = logs.resolve(topic).resolve(partition);
                if (!kept.contains(folder)) {
                    deleteTree(folder);
                }
            }
            if (disk.list(logs.resolve(topic)).isEmpty()) {
                disk.delete(logs.resolve(topic));
            }
        }
    }

    private void deleteTree(Path folder) throws IOException {
        for (String name : disk.list(folder)) {
            disk.delete(folder.resolve(name));
        }
        disk.delete(folder);
    }

    /// Opens the logs that have content, several at a time; the others open when they are first used.
    public void openLogs() throws IOException {
        List<PartitionReplica> written = new ArrayList<>();
        replicas.values().forEach(topic -> {
            for (PartitionReplica replica : topic) {
                if (replica.isWritten()) {
                    written.add(replica);
                }
            }
        });
        List<IOException> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        written.parallelStream().forEach(replica -> {
            try {
                replica.log();
            } catch (IOException e) {
                failures.add(e);
            }
        });
        if (!failures.isEmpty()) {
            IOException first = failures.removeFirst();
            failures.forEach(first::addSuppressed);
            throw first;
        }
    }

    // ---- applying
    // ----------------------------------------------------------------------------------------------

    @Override
    public List<CommandOutcome> apply(long index, long term, ByteBuffer entry) throws IOException {
        EntryLayout.verify(entry);
        ByteBuffer in = entry.slice();
        timeMs = Math.max(timeMs, in.getLong(8)); // a new leader's clock may be behind; time does not go back
        int commandCount = in.getInt(16);
        in.position(EntryLayout.HEADER_BYTES);
        List<CommandOutcome> outcomes = new ArrayList<>(commandCount);
        for (int i = 0; i < commandCount; i++) {
            byte type = in.get();
            int length = in.getInt();
            ByteBuffer body = in.slice(in.position(), length);
            in.position(in.position() + length);
            outcomes.add(applyCommand(type, body, (int) term, index));
        }
        for (PartitionReplica replica : touched) {
            PartitionLog log = replica.log();
            log.advanceHighWatermark(log.nextOffset());
        }
        skip(index, term);
        bytesSinceSnapshot += entry.remaining();
        manifestOutdated = true;
        for (PartitionReplica replica : touched) {
            listener.appended(replica.name);
        }
        touched.clear();
        if (metadataChanged) {
            metadataChanged = false;
            listener.metadataChanged();
        }
        return outcomes;
    }

    @Override
    public void skip(long index, long term) {
        this.term = term;
        this.index = index;
    }

    private CommandOutcome applyCommand(byte type, ByteBuffer body, int term, long index) throws IOException {
        if (type == EntryLayout.APPEND) {
            return append(body, term);
        }
        byte[] bytes = new byte[body.remaining()];
        body.get(bytes);
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        return switch (type) {
            case EntryLayout.CREATE_TOPIC -> create(Fields.readText(in), Metadata.readSettings(in));
            case EntryLayout.DELETE_TOPIC -> delete(Fields.readText(in));
            case EntryLayout.SET_RETENTION -> setRetention(Fields.readText(in), Metadata.readRetention(in));
            case EntryLayout.RAISE_EARLIEST ->
                raiseEarliest(in.readLong(), in.readInt(), in.readLong(), in.readBoolean());
            case EntryLayout.COMMIT -> commit(in.readLong(), in.readInt(), in.readLong(), Fields.readText(in), index);
            case EntryLayout.PUT_DOCUMENT -> put(in.readLong(), Fields.readText(in), Fields.readBytes(in));
            case EntryLayout.FENCE -> fence(in.readLong(), Fields.readText(in));
            default ->
                throw new InvalidEntryException("entry %d holds a command of type %d; this program knows 1 to %d"
                        .formatted(index, type, EntryLayout.FENCE));
        };
    }

    private CommandOutcome append(ByteBuffer body, int term) throws IOException {
        long topicId = body.getLong();
        int partition = body.getInt();
        int recordCount = body.getInt();
        int flags = body.get();
        boolean keyed = (flags & EntryLayout.KEYED) != 0;
        long keyHigh = keyed ? body.getLong() : 0;
        long keyLow = keyed ? body.getLong() : 0;
        long bodyHash = keyed ? body.getLong() : 0;
        long expectOffset = (flags & EntryLayout.EXPECTED) != 0 ? body.getLong() : -1;
        OutputStamp stamp = (flags & EntryLayout.STAMPED) != 0 ? readStamp(body) : null;

        PartitionReplica[] topic = replicas.get(topicId);
        if (topic == null) {
            return new CommandOutcome.AppendRejected(new AppendOutcome.UnknownTopic());
        }
        if (partition < 0 || partition >= topic.length) {
            return new CommandOutcome.AppendRejected(new AppendOutcome.UnknownPartition(topic.length));
        }
        PartitionReplica replica = topic[partition];
        AppendOutcome rejection = null;
        if (stamp != null && stamp.generation() != metadata.generation(stamp.query())) {
            rejection = new AppendOutcome.Fenced(metadata.generation(stamp.query()));
        }
        if (rejection == null && keyed) {
            rejection = knownKey(replica, keyHigh, keyLow, bodyHash);
        }
        long next = replica.nextOffset();
        if (rejection == null && expectOffset >= 0 && expectOffset != next) {
            rejection = new AppendOutcome.OffsetMismatch(expectOffset, next);
        }
        if (rejection != null) {
            return new CommandOutcome.AppendRejected(rejection);
        }
        if (body.hasRemaining()) {
            long firstOffset = replica.log().append(copy(body), term);
            if (firstOffset != next) {
                throw new IllegalStateException("partition %s gave offset %d to a batch that must begin at %d"
                        .formatted(replica.name, firstOffset, next));
            }
            touched.add(replica);
        }
        if (keyed) {
            replica.window(settings.idempotencyKeysMax()).add(keyHigh, keyLow, next, recordCount, bodyHash, timeMs);
        }
        if (stamp != null) {
            metadata.stamp(topicId, partition, stamp);
        }
        return new CommandOutcome.Appended(next, recordCount);
    }

    private @Nullable AppendOutcome knownKey(PartitionReplica replica, long high, long low, long bodyHash) {
        IdempotencyWindow window = replica.window(settings.idempotencyKeysMax());
        window.forgetBefore(timeMs - settings.idempotencyWindow().toMillis());
        int place = window.find(high, low);
        if (place < 0) {
            return null;
        }
        return window.bodyHash(place) == bodyHash
                ? new AppendOutcome.Duplicate(window.firstOffset(place), window.count(place))
                : new AppendOutcome.IdempotencyConflict();
    }

    /// The log writes offset and epoch into the batch, and the entry's bytes belong to the consensus library.
    private ByteBuffer copy(ByteBuffer batch) {
        if (scratch.capacity() < batch.remaining()) {
            scratch = ByteBuffer.allocateDirect(Math.max(batch.remaining(), 2 * scratch.capacity()));
        }
        return scratch.clear().put(batch).flip();
    }

    private static OutputStamp readStamp(ByteBuffer body) {
        String query = new String(readBytes(body), java.nio.charset.StandardCharsets.UTF_8);
        long generation = body.getLong();
        long step = body.getLong();
        long watermarkMs = body.getLong();
        return new OutputStamp(query, generation, step, readBytes(body), watermarkMs);
    }

    private static byte[] readBytes(ByteBuffer body) {
        byte[] bytes = new byte[body.getInt()];
        body.get(bytes);
        return bytes;
    }

    private CommandOutcome create(String name, TopicSettings asked) {
        Metadata.TopicFact existing = metadata.topic(name);
        if (existing != null) {
            boolean same = existing.asked().equals(asked)
                    || existing.topic().settings().equals(asked);
            return new CommandOutcome.TopicDecided(
                    same
                            ? new TopicOutcome.Done(existing.topic(), false)
                            : new TopicOutcome.AlreadyExists(existing.topic()));
        }
        Topic topic = metadata.create(name, asked);
        replicas.put(topic.id(), newReplicas(topic, Map.of()));
        metadataChanged = true;
        return new CommandOutcome.TopicDecided(new TopicOutcome.Done(topic, true));
    }

    private CommandOutcome delete(String name) {
        Metadata.TopicFact fact = metadata.topic(name);
        if (fact == null) {
            return new CommandOutcome.TopicDecided(new TopicOutcome.Unknown());
        }
        metadata.delete(fact);
        // the files stay until a manifest without the topic is durable: until then a restart still needs them
        deleted.put(
                fact.topic().id(),
                Objects.requireNonNull(replicas.remove(fact.topic().id())));
        metadataChanged = true;
        return new CommandOutcome.TopicDecided(new TopicOutcome.Done(fact.topic(), true));
    }

    private CommandOutcome setRetention(String name, Retention retention) {
        if (name.equals("*")) {
            boolean changed = metadata.setRetentionOfAll(retention);
            metadataChanged = true;
            Topic all = new Topic("*", 0, new TopicSettings(1, 0, retention, TopicSettings.Cleanup.DELETE, Map.of()));
            return new CommandOutcome.TopicDecided(new TopicOutcome.Done(all, changed));
        }
        Metadata.TopicFact fact = metadata.topic(name);
        if (fact == null) {
            return new CommandOutcome.TopicDecided(new TopicOutcome.Unknown());
        }
        boolean changed = !fact.topic().settings().retention().equals(retention);
        metadataChanged = true;
        return new CommandOutcome.TopicDecided(new TopicOutcome.Done(metadata.setRetention(fact, retention), changed));
    }

    private CommandOutcome raiseEarliest(long topicId, int partition, long offset, boolean tick) {
        Metadata.TopicFact fact = metadata.topic(topicId);
        PartitionReplica[] topic = replicas.get(topicId);
        if (fact == null || topic == null || partition < 0 || partition >= topic.length) {
            return new CommandOutcome.TopicDecided(new TopicOutcome.Unknown());
        }
        PartitionReplica replica = topic[partition];
        long earliest = replica.earliest();
        long next = replica.nextOffset();
        if (offset < 0 || offset > next) {
            return new CommandOutcome.TopicDecided(
                    tick ? new TopicOutcome.Done(fact.topic(), false) : new TopicOutcome.OutOfRange(earliest, next));
        }
        replica.raiseEarliest(offset);
        return new CommandOutcome.TopicDecided(new TopicOutcome.Done(fact.topic(), offset > earliest));
    }

    private CommandOutcome commit(long topicId, int partition, long offset, String group, long index) {
        PartitionReplica[] topic = replicas.get(topicId);
        if (topic == null || partition < 0 || partition >= topic.length) {
            return new CommandOutcome.CommitDecided(new CommitOutcome.UnknownPartition());
        }
        long next = topic[partition].nextOffset();
        if (offset >= next) {
            return new CommandOutcome.CommitDecided(new CommitOutcome.OutOfRange(next));
        }
        long committed = metadata.commit(group, topicId, partition, offset);
        return new CommandOutcome.CommitDecided(new CommitOutcome.Committed(committed, index));
    }

    private CommandOutcome put(long expectedVersion, String key, byte[] value) {
        Document before = metadata.document(key);
        long current = before == null ? 0 : before.version();
        if (expectedVersion >= 0 && expectedVersion != current) {
            return new CommandOutcome.DocumentDecided(new DocumentOutcome.VersionMismatch(current));
        }
        metadataChanged = true;
        return new CommandOutcome.DocumentDecided(new DocumentOutcome.Stored(metadata.put(key, value)));
    }

    private CommandOutcome fence(long generation, String query) {
        long current = metadata.generation(query);
        if (generation <= current) { // the same again might be another node's: a generation has one owner
            return new CommandOutcome.FenceDecided(new FenceOutcome.Stale(current));
        }
        metadata.fence(query, generation);
        return new CommandOutcome.FenceDecided(new FenceOutcome.Raised());
    }

    // ---- snapshots
    // -----------------------------------------------------------------------------------------------

    /// Makes most of what was appended durable without holding up [#apply], so that the snapshot that follows
    /// is short.
    public void flushDirty() throws IOException {
        flushing.lock();
        try {
            for (PartitionReplica[] topic : replicas.values()) {
                for (PartitionReplica replica : topic) {
                    replica.flush();
                }
            }
        } finally {
            flushing.unlock();
        }
    }

    @Override
    public long takeSnapshot() throws IOException {
        flushing.lock();
        try {
            List<Manifest.PartitionFact> facts = new ArrayList<>();
            List<Long> topicIds = new ArrayList<>(replicas.keySet());
            topicIds.sort(null);
            for (Long topicId : topicIds) {
                PartitionReplica[] topic = Objects.requireNonNull(replicas.get(topicId));
                for (int partition = 0; partition < topic.length; partition++) {
                    PartitionReplica replica = topic[partition];
                    IdempotencyWindow window = replica.window();
                    if (window != null) {
                        window.forgetBefore(
                                timeMs - settings.idempotencyWindow().toMillis());
                    }
                    if (replica.isWritten() || window != null || replica.earliest() > 0) {
                        facts.add(new Manifest.PartitionFact(
                                topicId, partition, replica.earliest(), replica.flush(), window));
                    }
                }
            }
            new Manifest(term, index, timeMs, metadata, facts).write(disk, manifestFile);
            durableTerm = term;
            durableIndex = index;
            bytesSinceSnapshot = 0;
            manifestOutdated = false;
            deleteWhatNobodyNeeds();
            return index;
        } finally {
            flushing.unlock();
        }
    }

    private void deleteWhatNobodyNeeds() throws IOException {
        for (PartitionReplica[] topic : replicas.values()) {
            for (PartitionReplica replica : topic) {
                replica.deleteBelowEarliest();
            }
        }
        for (Map.Entry<Long, PartitionReplica[]> topic = deleted.pollFirstEntry();
                topic != null;
                topic = deleted.pollFirstEntry()) {
            for (PartitionReplica replica : topic.getValue()) {
                replica.close();
                if (replica.isWritten()) {
                    deleteTree(replica.folder());
                }
            }
            Path folder = Objects.requireNonNull(topic.getValue()[0].folder().getParent());
            if (disk.exists(folder)) {
                disk.delete(folder);
            }
        }
    }

    @Override
    public long durableIndex() {
        return durableIndex;
    }

    @Override
    public long durableTerm() {
        return durableTerm;
    }

    @Override
    public void logFailed(String what, Throwable cause) {
        listener.logFailed(what, cause);
    }

    /// Entry bytes that were applied and are not in a manifest.
    public long bytesSinceSnapshot() {
        return bytesSinceSnapshot;
    }

    /// Whether anything was applied that is not in a manifest.
    public boolean manifestOutdated() {
        return manifestOutdated;
    }

    // ---- reading
    // -------------------------------------------------------------------------------------------------

    public long index() {
        return index;
    }

    public Metadata metadata() {
        return metadata;
    }

    /// Null when there is no such topic or partition.
    public @Nullable PartitionLog partition(long topicId, int partition) {
        PartitionReplica replica = replica(topicId, partition);
        return replica == null ? null : new ReadablePartition(replica);
    }

    @Nullable
    PartitionReplica replica(long topicId, int partition) {
        PartitionReplica[] topic = replicas.get(topicId);
        return topic == null || partition < 0 || partition >= topic.length ? null : topic[partition];
    }

    /// Bytes of all partition logs that are open.
    public long sizeBytes() {
        long bytes = 0;
        for (PartitionReplica[] topic : replicas.values()) {
            for (PartitionReplica replica : topic) {
                bytes += replica.sizeBytes();
            }
        }
        return bytes;
    }

    /// Closes the partition logs without making them durable: the consensus log still holds what they miss.
    public void close() throws IOException {
        flushing.lock();
        try {
            for (PartitionReplica[] topic : replicas.values()) {
                for (PartitionReplica replica : topic) {
                    replica.close();
                }
            }
            for (PartitionReplica[] topic : deleted.values()) {
                for (PartitionReplica replica : topic) {
                    replica.close();
                }
            }
        } finally {
            flushing.unlock();
        }
    }
}
