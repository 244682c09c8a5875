package io.millrace.replication.partition;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogEnd;
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
import io.millrace.replication.snapshot.ServedCopies;
import io.millrace.replication.snapshot.StateFolders;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

        /// Stored bytes are not what was written; on the thread that read them.
        default void damaged(CorruptLogException found) {}
    }

    /// Gets copies of peers.
    interface CopyFetcher {
        CompletableFuture<Optional<LogPoint>> fetch(GroupPeers.Peer leader, long firstIndex);

        /// The copy to bring into force now, if one is ready. The fetcher touches no files until [#adopted].
        @Nullable
        CopiedState takeReady();

        /// @param inForce whether the copy that was taken is the state now
        void adopted(boolean inForce);

        void leaderChanged();

        /// The state is being deleted; nothing that is ready may come into force.
        default void forget() throws IOException {}
    }

    /// A state that was copied and is whole on disk, its logs open.
    record CopiedState(Manifest manifest, Map<Long, PartitionReplica[]> replicas) {
        void close() throws IOException {
            closeAll(replicas.values());
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(GroupState.class);

    private record PartitionId(long topicId, int partition) {}

    private static final int NAME_CHARACTERS_MAX = 200; // a folder's name ends with the topic's id
    private static final int KEY_STEPS_MIN = 10; // entries between which a key's time can pass
    private static final int SCRATCH_BYTES_MIN = 64 << 10;

    private final Disk disk;
    private final ReplicationSettings settings;
    private final StateFolders folders;
    private final Listener listener;
    // replaced with the whole state by a copy
    private volatile Metadata metadata;
    private volatile String folder;
    private volatile @Nullable CopyFetcher fetcher;
    private final Map<Long, PartitionReplica[]> replicas = new ConcurrentHashMap<>();
    private final ConcurrentSkipListMap<Long, PartitionReplica[]> deleted = new ConcurrentSkipListMap<>();
    // a snapshot waits for the background flush and the other way round: both change what is known as durable
    private final ReentrantLock flushing = new ReentrantLock();

    private long timeMs;
    private volatile long term;
    private volatile long index;
    private volatile long durableIndex;
    private volatile long durableTerm;
    private volatile long bytesSinceSnapshot;
    private volatile boolean manifestOutdated;
    private volatile int snapshotsPostponed; // by the thread that applies
    private boolean metadataChanged;
    private final Set<PartitionReplica> touched = new LinkedHashSet<>();
    private ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES_MIN);

    private volatile boolean inOrder;
    private volatile boolean failed;
    private int pins; // guarded by flushing; files stay while there are any
    private boolean deletionsWait; // guarded by flushing

    private GroupState(
            Disk disk, ReplicationSettings settings, StateFolders folders, Listener listener, Manifest manifest) {
        this.disk = disk;
        this.settings = settings;
        this.folders = folders;
        this.listener = listener;
        this.metadata = manifest.metadata();
        this.folder = manifest.folder();
        this.term = manifest.term();
        this.index = manifest.index();
        this.durableTerm = manifest.term();
        this.durableIndex = manifest.index();
        this.timeMs = manifest.timeMs();
    }

    /// Opens the state that the manifest describes, or an empty one. What a crash left of later topics and
    /// partitions is deleted: it comes again with the entries.
    ///
    /// @throws IOException the disk failed or holds something else than was written
    public static GroupState open(Disk disk, ReplicationSettings settings, int group, Listener listener)
            throws IOException {
        disk.createFolders(settings.dataFolder());
        StateFolders folders = new StateFolders(disk, settings.dataFolder(), group, settings.idempotencyKeysMax());
        Manifest manifest = folders.open().orElseGet(() -> new Manifest(0, -1, 0, new Metadata(), List.of()));
        disk.createFolders(settings.dataFolder().resolve(manifest.folder()));
        GroupState state = new GroupState(disk, settings, folders, listener, manifest);
        state.replicas.putAll(state.replicasOf(manifest));
        state.deleteLeftovers();
        return state;
    }

    private Map<Long, PartitionReplica[]> replicasOf(Manifest manifest) {
        Path logs = settings.dataFolder().resolve(manifest.folder());
        Map<PartitionId, Manifest.PartitionFact> facts = new HashMap<>();
        manifest.partitions().forEach(fact -> facts.put(new PartitionId(fact.topicId(), fact.partition()), fact));
        Map<Long, PartitionReplica[]> made = new HashMap<>();
        for (Topic topic : manifest.metadata().topics()) {
            made.put(topic.id(), newReplicas(topic, logs, facts));
        }
        return made;
    }

    private PartitionReplica[] newReplicas(Topic topic, Path logs, Map<PartitionId, Manifest.PartitionFact> facts) {
        PartitionReplica[] made = new PartitionReplica[topic.partitions()];
        for (int partition = 0; partition < made.length; partition++) {
            Manifest.PartitionFact fact = facts.get(new PartitionId(topic.id(), partition));
            made[partition] = new PartitionReplica(
                    new TopicPartition(topic.name(), partition),
                    topic.id(),
                    disk,
                    logs.resolve(folderName(topic)).resolve(Integer.toString(partition)),
                    settings.log(),
                    fact == null ? null : fact.end(),
                    fact == null ? 0 : fact.earliestOffset(),
                    fact == null ? null : fact.window());
            made[partition].onDamage(listener::damaged);
        }
        return made;
    }

    private static String folderName(Topic topic) {
        String name = topic.name().substring(0, Math.min(topic.name().length(), NAME_CHARACTERS_MAX));
        return name + "-" + topic.id();
    }

    private Path logs() {
        return settings.dataFolder().resolve(folder);
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
        Path logs = logs();
        for (String topic : disk.list(logs)) {
            for (String partition : disk.list(logs.resolve(topic))) {
                Path folder = logs.resolve(topic).resolve(partition);
                if (!kept.contains(folder)) {
                    disk.deleteTree(folder);
                }
            }
            if (disk.list(logs.resolve(topic)).isEmpty()) {
                disk.delete(logs.resolve(topic));
            }
        }
    }

    /// Opens the logs that have content, several at a time; the others open when they are first used.
    public void openLogs() throws IOException {
        openLogs(replicas);
    }

    /// From now on one after the other, on the caller's thread, so that a simulation does the same again.
    void openLogsInOrder() {
        inOrder = true;
    }

    private void openLogs(Map<Long, PartitionReplica[]> replicas) throws IOException {
        List<PartitionReplica> written = new ArrayList<>();
        replicas.values().forEach(topic -> {
            for (PartitionReplica replica : topic) {
                if (replica.isWritten()) {
                    written.add(replica);
                }
            }
        });
        List<IOException> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        (inOrder ? written.stream() : written.parallelStream()).forEach(replica -> {
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

    /// Moves time on to that of an entry. A new leader's clock may be behind: time does not go back. It may
    /// also be ahead, or have been set, and a retry after a failover must find its key all the same: of a step
    /// between two entries, keys grow older by a tenth of the window at most.
    private void advance(long entryMs) {
        if (entryMs <= timeMs) {
            return;
        }
        long excessMs = entryMs - timeMs - settings.idempotencyWindow().toMillis() / KEY_STEPS_MIN;
        if (excessMs > 0) {
            for (PartitionReplica replica : allReplicas()) {
                IdempotencyWindow window = replica.window();
                if (window != null) {
                    window.shift(excessMs);
                }
            }
        }
        timeMs = entryMs;
    }

    @Override
    public List<CommandOutcome> apply(long index, long term, ByteBuffer entry) throws IOException {
        EntryLayout.verify(entry);
        ByteBuffer in = entry.slice();
        advance(in.getLong(8));
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
            case EntryLayout.ADOPT_TOPIC ->
                adopt(in.readLong(), Fields.readText(in), Metadata.readSettings(in), Metadata.readRetention(in));
            case EntryLayout.FORGET_TOPIC -> forget(metadata.topic(in.readLong()));
            default ->
                throw new InvalidEntryException("entry %d holds a command of type %d; this program knows 1 to %d"
                        .formatted(index, type, EntryLayout.FORGET_TOPIC));
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
        return add(metadata.draft(name, asked));
    }

    private CommandOutcome add(Metadata.TopicFact fact) {
        Topic topic = fact.topic();
        replicas.put(topic.id(), newReplicas(topic, logs(), Map.of())); // first: they are looked for once it is seen
        metadataChanged = true;
        return new CommandOutcome.TopicDecided(new TopicOutcome.Done(metadata.add(fact), true));
    }

    /// A topic of group 0 with partitions in this group, or its new retention. Ids only go up: one that was
    /// passed and is not there has been deleted.
    private CommandOutcome adopt(long id, String name, TopicSettings asked, Retention retention) {
        Metadata.TopicFact known = metadata.topic(id);
        if (known != null) {
            boolean changed = !known.topic().settings().retention().equals(retention);
            metadataChanged |= changed;
            return new CommandOutcome.TopicDecided(
                    new TopicOutcome.Done(metadata.setRetention(known, retention), changed));
        }
        if (id < metadata.nextTopicId()) {
            return new CommandOutcome.TopicDecided(new TopicOutcome.Unknown());
        }
        Metadata.TopicFact before = metadata.topic(name);
        if (before != null) {
            forget(before); // deleted and made again under the same name
        }
        return add(Metadata.draft(id, name, asked, retention));
    }

    private CommandOutcome delete(String name) {
        return forget(metadata.topic(name));
    }

    private CommandOutcome forget(Metadata.@Nullable TopicFact fact) {
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
            try {
                new Manifest(term, index, timeMs, metadata, facts, folder).write(disk, folders.manifestFile());
            } catch (IOException e) {
                snapshotsPostponed++;
                throw new SnapshotPostponedException(e); // the file is written anew each time, so a retry is honest
            }
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
        deletionsWait = pins > 0;
        if (deletionsWait) {
            return; // the next snapshot does it
        }
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
                    disk.deleteTree(replica.folder());
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
    public boolean isSound() {
        return !failed;
    }

    @Override
    public void logFailed(String what, Throwable cause) {
        failed = true;
        listener.logFailed(what, cause);
    }

    /// Entry bytes that were applied and are not in a manifest.
    public long bytesSinceSnapshot() {
        return bytesSinceSnapshot;
    }

    /// How often a manifest could not be written.
    int snapshotsPostponed() {
        return snapshotsPostponed;
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

    /// The last entry that was applied.
    LogPoint applied() {
        long applied = index; // first: the term may be that of the entry behind it, never an older one
        return new LogPoint(term, applied);
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

    /// All of them, by topic and partition.
    List<PartitionReplica> allReplicas() {
        List<PartitionReplica> all = new ArrayList<>();
        new TreeMap<>(replicas).values().forEach(topic -> all.addAll(java.util.Arrays.asList(topic)));
        return all;
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

    // ---- copies for peers
    // ----------------------------------------------------------------------------------------

    /// The manifest that is durable and the files that it speaks of; none of them is deleted until [#unpin].
    ServedCopies.Pinned pin() throws IOException {
        flushing.lock();
        try {
            Manifest manifest = Manifest.read(disk, folders.manifestFile(), settings.idempotencyKeysMax())
                    .orElseThrow(() -> new IOException("nothing has been applied on this node yet"));
            List<ServedCopies.Segment> segments = new ArrayList<>();
            List<Manifest.PartitionFact> facts = new ArrayList<>();
            for (Manifest.PartitionFact fact : manifest.partitions()) {
                LogEnd end = fact.end();
                PartitionReplica replica = held(fact);
                if (end == null || replica == null || addSegments(replica, end, segments)) {
                    facts.add(fact);
                } else {
                    facts.add(emptied(fact, end));
                }
            }
            pins++;
            byte[] content = new Manifest(
                            manifest.term(),
                            manifest.index(),
                            manifest.timeMs(),
                            manifest.metadata(),
                            facts,
                            manifest.folder())
                    .encode();
            return new ServedCopies.Pinned(manifest.term(), manifest.index(), content, segments);
        } finally {
            flushing.unlock();
        }
    }

    /// All records are deleted, and with them the segment in which the manifest says that the log ends. Here
    /// the next segment shows that; a copy has none.
    private static Manifest.PartitionFact emptied(Manifest.PartitionFact fact, LogEnd end) {
        return new Manifest.PartitionFact(
                fact.topicId(),
                fact.partition(),
                fact.earliestOffset(),
                new LogEnd(end.nextOffset(), 0, end.nextOffset(), end.earliestOffset()),
                fact.window());
    }

    /// Topics that were deleted since the manifest still have their files.
    private @Nullable PartitionReplica held(Manifest.PartitionFact fact) {
        PartitionReplica[] topic = replicas.get(fact.topicId());
        PartitionReplica[] found = topic != null ? topic : deleted.get(fact.topicId());
        return found == null ? null : found[fact.partition()];
    }

    /// @return whether the segment is there in which the log ends
    private static boolean addSegments(PartitionReplica replica, LogEnd end, List<ServedCopies.Segment> segments)
            throws IOException {
        boolean found = false;
        PartitionLog log = replica.log();
        Path folder = replica.folder();
        String name = "logs/%s/%s/"
                .formatted(Objects.requireNonNull(folder.getParent()).getFileName(), folder.getFileName());
        for (PartitionLog.Segment segment : log.segments()) {
            if (segment.firstOffset() <= end.segmentFirstOffset()) {
                boolean last = segment.firstOffset() == end.segmentFirstOffset();
                found |= last;
                String file = "%020d.log".formatted(segment.firstOffset());
                segments.add(new ServedCopies.Segment(
                        name + file,
                        folder.resolve(file),
                        log,
                        segment.firstOffset(),
                        last ? end.positionBytes() : segment.sizeBytes(),
                        !last));
            }
        }
        return found;
    }

    void unpin() {
        flushing.lock();
        try {
            pins--;
            manifestOutdated |= pins == 0 && deletionsWait;
        } finally {
            flushing.unlock();
        }
    }

    // ---- becoming a copy of a peer
    // ---------------------------------------------------------------------------------

    void fetchFrom(CopyFetcher source) {
        fetcher = source;
    }

    StateFolders folders() {
        return folders;
    }

    /// Name of the folder of the partition logs in force.
    String folder() {
        return folder;
    }

    /// A sealed segment of this replica with exactly these bytes; null when there is none. Any thread.
    ///
    /// @param topicFolder the folder's name
    @Nullable
    Path sealedSegment(String topicFolder, int partition, long firstOffset, long sizeBytes, int crc32c)
            throws IOException {
        int dash = topicFolder.lastIndexOf('-');
        long topicId = Long.parseLong(topicFolder.substring(dash + 1));
        PartitionReplica replica = replica(topicId, partition);
        if (replica == null
                || !replica.isWritten()
                || !String.valueOf(Objects.requireNonNull(replica.folder().getParent())
                                .getFileName())
                        .equals(topicFolder)) {
            return null;
        }
        PartitionLog log = replica.log();
        for (PartitionLog.Segment segment : log.segments()) {
            if (segment.firstOffset() == firstOffset) {
                return segment.sealed()
                                && segment.sizeBytes() == sizeBytes
                                && log.checksum(firstOffset, sizeBytes) == crc32c
                        ? replica.folder().resolve("%020d.log".formatted(firstOffset))
                        : null;
            }
        }
        return null;
    }

    /// Opens and checks a state that was copied. Any thread; nothing in force changes.
    CopiedState openCopy(Manifest manifest) throws IOException {
        CopiedState copy = new CopiedState(manifest, replicasOf(manifest));
        try {
            openLogs(copy.replicas());
            return copy;
        } catch (IOException | RuntimeException e) {
            copy.close();
            throw e;
        }
    }

    @Override
    public CompletableFuture<Optional<LogPoint>> fetchCopy(GroupPeers.Peer leader, long firstIndex) {
        CopyFetcher source = fetcher;
        if (firstIndex <= 0) {
            return CompletableFuture.completedFuture(Optional.empty()); // asked for form's sake: nothing was purged
        }
        return source == null
                ? CompletableFuture.failedFuture(new IOException("the node is starting"))
                : source.fetch(leader, firstIndex);
    }

    @Override
    public void leaderChanged() {
        CopyFetcher source = fetcher;
        if (source != null) {
            source.leaderChanged();
        }
    }

    @Override
    public void adoptCopy() throws IOException {
        CopyFetcher source = fetcher;
        CopiedState copy = source == null ? null : source.takeReady();
        boolean newer = copy != null && copy.manifest().index() > index;
        try {
            if (copy != null && newer) {
                become(copy);
            } else {
                if (copy != null) {
                    copy.close();
                    folders.discardReadyCopy();
                }
                takeSnapshot();
            }
        } finally {
            if (source != null) {
                source.adopted(newer);
            }
        }
    }

    private void become(CopiedState copy) throws IOException {
        Manifest manifest = copy.manifest();
        Metadata before = metadata;
        flushing.lock();
        try {
            folders.bringIntoForce();
            Map<Long, PartitionReplica[]> old = new HashMap<>(replicas);
            for (Map.Entry<Long, PartitionReplica[]> topic : copy.replicas().entrySet()) {
                PartitionReplica[] known = old.remove(topic.getKey());
                if (known == null) {
                    replicas.put(topic.getKey(), topic.getValue());
                    continue;
                }
                for (int partition = 0; partition < known.length; partition++) {
                    known[partition].become(topic.getValue()[partition]);
                }
            }
            folder = manifest.folder();
            metadata = manifest.metadata();
            for (Long gone : old.keySet()) {
                closeAll(java.util.Collections.singletonList(replicas.remove(gone)));
            }
            closeAll(deleted.values());
            deleted.clear();
            touched.clear();
            timeMs = manifest.timeMs();
            durableTerm = manifest.term();
            durableIndex = manifest.index();
            bytesSinceSnapshot = 0;
            manifestOutdated = false;
            metadataChanged = false;
            skip(manifest.index(), manifest.term());
        } finally {
            flushing.unlock();
        }
        LOG.atInfo()
                .addKeyValue("index", manifest.index())
                .addKeyValue("topicsBefore", before.topics().size())
                .addKeyValue("topics", metadata.topics().size())
                .log("this replica was rebuilt from a copy");
        for (PartitionReplica[] topic : replicas.values()) {
            for (PartitionReplica replica : topic) {
                listener.appended(replica.name);
            }
        }
        listener.metadataChanged();
    }

    @Override
    public void reset() throws IOException {
        flushing.lock();
        try {
            CopyFetcher source = fetcher;
            if (source != null) {
                source.forget();
            }
            closeAll(replicas.values());
            closeAll(deleted.values());
            replicas.clear();
            deleted.clear();
            touched.clear();
            folders.deleteAll();
            metadata = new Metadata();
            folder = Manifest.FIRST_FOLDER;
            disk.createFolders(logs());
            timeMs = 0;
            durableTerm = 0;
            durableIndex = -1;
            bytesSinceSnapshot = 0;
            manifestOutdated = false;
            metadataChanged = false;
            skip(-1, 0);
        } finally {
            flushing.unlock();
        }
        listener.metadataChanged();
    }

    private static void closeAll(Collection<PartitionReplica[]> topics) throws IOException {
        for (PartitionReplica[] topic : topics) {
            for (PartitionReplica replica : topic) {
                replica.close();
            }
        }
    }

    /// Closes the partition logs without making them durable: the consensus log still holds what they miss.
    public void close() throws IOException {
        flushing.lock();
        try {
            closeAll(replicas.values());
            closeAll(deleted.values());
        } finally {
            flushing.unlock();
        }
    }
}
