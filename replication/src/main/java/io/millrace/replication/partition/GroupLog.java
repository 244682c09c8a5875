package io.millrace.replication.partition;

import io.millrace.log.BatchWriter;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordBuffer;
import io.millrace.log.disk.Disk;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.Cluster;
import io.millrace.replication.CommitOutcome;
import io.millrace.replication.Document;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.FenceOutcome;
import io.millrace.replication.Health;
import io.millrace.replication.Member;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.ReplicaCopies;
import io.millrace.replication.ReplicaPeers;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.ReplicationException;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.TopicSettings;
import io.millrace.replication.UnknownPartitionException;
import io.millrace.replication.metadata.Fields;
import io.millrace.replication.metadata.Metadata;
import io.millrace.replication.snapshot.ServedCopies;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The replicated log of a node with one group: admission and routing of requests, reads of applied state, and
/// the housekeeping around them (snapshots, retention, free disk, watchdogs).
///
/// ```
/// request → Batcher → Consensus → GroupState → PartitionLog
///    ↑________________ outcome ________|
/// ```
///
/// Threading: any thread. Futures complete on the thread that applies entries.
public final class GroupLog implements ReplicatedLog {
    /// Opens the consensus that drives a state machine.
    public interface ConsensusOpener {
        Consensus open(StateMachine stateMachine) throws IOException;
    }

    /// Keeps the list of members in the data folder.
    public interface MembersFile {
        void save(List<Member> members) throws IOException;
    }

    /// What a log among peers needs.
    ///
    /// @param configured members as the node's own configuration says; see [MemberBook]
    public record Surroundings(ReplicaPeers peers, List<Member> configured, MembersFile file) {
        public static final Surroundings NONE = new Surroundings(ReplicaPeers.NONE, List.of(), members -> {});
    }

    /// What a group among other groups needs.
    ///
    /// @param number of this group
    /// @param metadata of group 0, which says who the members are; null for this group's own
    /// @param others the groups that follow this one
    /// @param relay hands commands to the leader where it is another node; null for answering so
    /// @param distant knows whether this node holds the group, and what others say of it when not; null when
    ///     every node holds it
    record Siblings(
            int number,
            @Nullable Supplier<Metadata> metadata,
            Supplier<List<Other>> others,
            @Nullable CommandRelay relay,
            @Nullable DistantGroup distant) {
        static final Siblings NONE = new Siblings(0, null, List::of, null, null);
    }

    /// A group that follows group 0.
    ///
    /// @param peers its members as known here
    /// @param concerns whether a node holds it, or shall
    record Other(Supplier<List<GroupPeers.Peer>> peers, Predicate<String> concerns) {}

    private static final Logger LOG = LoggerFactory.getLogger(GroupLog.class);
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,249}");
    /// Entries on their way at the same time. Measured: one leaves the log idle while replies travel, more than
    /// a few only make entries smaller.
    static final int IN_FLIGHT_MAX = Integer.getInteger("millrace.replication.inFlightMax", 2);
    private static final long TICK_NANOS = 100_000_000;
    private static final long RETENTION_INTERVAL_NANOS = 30_000_000_000L;
    private static final long DISK_CHECK_INTERVAL_NANOS = 500_000_000;
    private static final long RESTART_PAUSE_NANOS_MIN = 1_000_000_000;
    private static final long RESTART_PAUSE_NANOS_MAX = 60_000_000_000L;
    private static final long HAND_OVER_MS_MAX = 3_000;
    private static final long LEAD_INTERVAL_NANOS = 1_000_000_000;
    private static final long NO_PROGRESS_NANOS = 10_000_000_000L;

    final int number;
    final ReplicationSettings settings;
    private final @Nullable CommandRelay relay;
    private final @Nullable Supplier<Metadata> shared;
    final @Nullable DistantGroup distant;
    private final Closeable lock;
    private final InstantSource clock;
    final GroupState state;
    final Consensus consensus;
    final Batcher batcher;
    final GroupCluster cluster;
    private final Hearing hearing;
    final ReportedEnds reportedEnds = new ReportedEnds();
    final MemberBook book;
    final Rebuild rebuild;
    final Scrubber scrubber;
    private final ServedCopies copies;
    private final GroupEvents events;
    private final Snapshots snapshots;
    private final DiskSpace space;
    private final Thread housekeeper;
    private final Thread watch;

    private volatile boolean closing;
    private boolean movedAwayWhileFull; // the watch's
    private volatile @Nullable String stuck;
    private volatile long restarts;
    private volatile long givenUp; // the watch's

    private GroupLog(
            ReplicationSettings settings,
            Disk disk,
            InstantSource clock,
            ConsensusOpener opener,
            Closeable lock,
            Surroundings surroundings,
            Siblings siblings,
            boolean stepped)
            throws IOException {
        int group = siblings.number();
        this.number = group;
        this.relay = siblings.relay();
        this.shared = siblings.metadata();
        this.distant = siblings.distant();
        this.lock = lock;
        this.settings = settings;
        this.clock = clock;
        this.events = new GroupEvents(settings.nodeId());
        this.state = GroupState.open(disk, settings, group, events);
        this.space = new DiskSpace(disk, settings, state.folders());
        MemberBook book = new MemberBook(
                siblings.metadata() == null ? state::metadata : siblings.metadata(),
                settings.self(),
                surroundings.configured(),
                settings.members());
        this.copies = new ServedCopies(group, disk, new CopiesSource(), System::nanoTime);
        this.rebuild = new Rebuild(
                group,
                state,
                disk,
                surroundings.peers(),
                book::member,
                settings.nodeId(),
                settings.rates(),
                settings.idempotencyKeysMax(),
                copies::closeAll);
        this.scrubber = new Scrubber(group, state::allReplicas, settings.rates().scrubBytesPerSecond());
        state.fetchFrom(rebuild);
        Consensus opened = null;
        try {
            // when stepped, each log opens when it is first used: no thread but the caller's
            CompletableFuture<Void> logs =
                    stepped ? CompletableFuture.completedFuture(null) : CompletableFuture.runAsync(this::openLogs);
            opened = opener.open(state);
            join(logs);
        } catch (IOException | RuntimeException | Error e) {
            if (opened != null) {
                opened.close();
            }
            state.close();
            throw e;
        }
        this.consensus = opened;
        this.snapshots = new Snapshots(settings, state, consensus, events, copies::count);
        this.batcher = new Batcher(
                consensus,
                clock,
                settings.entryBytesMax(),
                settings.pendingBytesMax(),
                IN_FLIGHT_MAX,
                "replication-batcher-" + group);
        this.housekeeper = new Thread(this::keepHouse, "replication-housekeeping-" + group);
        this.housekeeper.setDaemon(true);
        this.book = book;
        this.cluster = new GroupCluster(
                group,
                consensus,
                book,
                (key, value) -> putDocument(key, value, -1),
                surroundings.file(),
                settings.members(),
                rebuild::transfer,
                copies::given,
                siblings.others());
        this.hearing = new Hearing(group, () -> cluster.barrier(group));
        this.watch = new Thread(this::watch, "replication-watch-" + group);
        this.watch.setDaemon(true);
        consensus.group().onChange(() -> LockSupport.unpark(watch));
    }

    private void openLogs() {
        try {
            state.openLogs();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Opens the log of a node without peers.
    ///
    /// @throws IOException the disk failed or holds something else than was written
    public static GroupLog open(
            ReplicationSettings settings, Disk disk, InstantSource clock, ConsensusOpener opener, Closeable lock)
            throws IOException {
        return open(settings, disk, clock, opener, lock, Surroundings.NONE);
    }

    /// Opens the log in the settings' data folder. With one member, everything that was ever acknowledged is
    /// readable when this returns.
    ///
    /// @param lock closed last
    /// @throws IOException the disk failed or holds something else than was written
    public static GroupLog open(
            ReplicationSettings settings,
            Disk disk,
            InstantSource clock,
            ConsensusOpener opener,
            Closeable lock,
            Surroundings surroundings)
            throws IOException {
        return open(settings, disk, clock, opener, lock, surroundings, Siblings.NONE);
    }

    /// Opens one group among others.
    static GroupLog open(
            ReplicationSettings settings,
            Disk disk,
            InstantSource clock,
            ConsensusOpener opener,
            Closeable lock,
            Surroundings surroundings,
            Siblings siblings)
            throws IOException {
        GroupLog log = new GroupLog(settings, disk, clock, opener, lock, surroundings, siblings, false);
        log.space.look();
        log.batcher.start();
        log.housekeeper.start();
        log.watch.start();
        log.rebuild.start();
        log.scrubber.start();
        if (settings.members().equals(List.of(settings.self()))) {
            log.awaitLead();
        }
        return log;
    }

    /// Opens the log without any thread of its own: nothing happens but in [Batcher#doWork] and
    /// [Housekeeping#round], which the caller calls. So a simulation decides what happens when.
    static GroupLog openStepped(
            ReplicationSettings settings, Disk disk, InstantSource clock, ConsensusOpener opener, Closeable lock)
            throws IOException {
        GroupLog log = new GroupLog(settings, disk, clock, opener, lock, Surroundings.NONE, Siblings.NONE, true);
        log.space.look();
        return log;
    }

    private static void join(CompletableFuture<Void> logs) throws IOException {
        try {
            logs.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UncheckedIOException wrapped) {
                throw Objects.requireNonNull(wrapped.getCause());
            }
            throw new IOException("the partition logs could not be opened", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the partition logs were opened", e);
        }
    }

    private void awaitLead() throws IOException {
        long applied = state.index();
        long progressNanos = System.nanoTime();
        while (!consensus.leads()) {
            if (state.index() != applied) {
                applied = state.index();
                progressNanos = System.nanoTime();
            }
            String failed = events.failure();
            if (failed != null
                    || System.nanoTime() - progressNanos
                            > settings.requestTimeout().toNanos()) {
                abandon();
                throw new IOException("the log in %s did not become ready: %s"
                        .formatted(settings.dataFolder(), failed != null ? failed : consensus.status()));
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    // ---- writes
    // --------------------------------------------------------------------------------------------------

    @Override
    public CompletableFuture<AppendOutcome> append(AppendRequest request) {
        CompletableFuture<AppendOutcome> outcome = gather(request);
        batcher.wakeWhenDue();
        return outcome;
    }

    @Override
    public void sendGathered() {
        batcher.wakeWhenDue();
    }

    @Override
    public CompletableFuture<AppendOutcome> gather(AppendRequest request) {
        int count = request.records().count();
        OutputStamp stamp = request.stamp();
        if (count == 0 && stamp == null) {
            throw new IllegalArgumentException("an append needs at least one record");
        }
        ReplicationException unavailable = unavailable();
        if (unavailable != null) {
            return CompletableFuture.failedFuture(unavailable);
        }
        if (!consensus.leads()) {
            return relay == null
                    ? done(new AppendOutcome.NotLeader(leaderNow().orElse(null)))
                    : relay.append(this, request);
        }
        Metadata.TopicFact fact = state.metadata().topic(request.topic());
        if (fact == null) {
            return done(new AppendOutcome.UnknownTopic());
        }
        PartitionReplica replica = state.replica(fact.topic().id(), request.partition());
        if (replica == null) {
            return done(new AppendOutcome.UnknownPartition(fact.topic().partitions()));
        }
        if (space.isFull()) {
            return done(new AppendOutcome.DiskFull());
        }
        long bytesMax = bytesMax(request);
        if (bytesMax > settings.entryBytesMax() - EntryLayout.HEADER_BYTES) {
            return done(new AppendOutcome.TooLarge(settings.entryBytesMax()));
        }
        AppendRequest owned = request.acknowledgement() == Acknowledgement.NONE ? copyOf(request) : request;
        String key = request.idempotencyKey();
        ByteBuffer hash = key == null ? null : ByteBuffer.wrap(sha256(key));
        Waiting.Append waiting = new Waiting.Append(
                owned, replica, (int) bytesMax, hash == null ? 0 : hash.getLong(0), hash == null ? 0 : hash.getLong(8));
        if (!batcher.gather(waiting)) {
            return done(new AppendOutcome.Overloaded());
        }
        return request.acknowledgement() == Acknowledgement.NONE ? done(new AppendOutcome.Accepted()) : waiting.future;
    }

    /// Whether this node holds the group.
    boolean isHere() {
        return distant == null || distant.isHere();
    }

    /// Node id of who leads, as this node knows or has been told.
    Optional<String> leaderNow() {
        return distant == null || distant.isHere() ? consensus.leader() : distant.leader();
    }

    /// A topic with partitions in this group, also when the group is on other nodes.
    Metadata.@Nullable TopicFact known(String topic) {
        return isHere() || shared == null
                ? state.metadata().topic(topic)
                : shared.get().topic(topic);
    }

    private static boolean hasPartition(Metadata.TopicFact fact, int partition) {
        return partition >= 0 && partition < fact.topic().partitions();
    }

    /// Most bytes that an append can need in an entry.
    long bytesMax(AppendRequest request) {
        if (request.records().sizeBytes() > settings.entryBytesMax()) {
            return Long.MAX_VALUE;
        }
        OutputStamp stamp = request.stamp();
        return (request.records().count() == 0 ? 0L : BatchWriter.sizeBytesMax(request.records()))
                + EntryLayout.APPEND_BYTES_MAX
                + (stamp == null ? 0 : Batcher.encode(stamp).length);
    }

    private static CompletableFuture<AppendOutcome> done(AppendOutcome outcome) {
        return CompletableFuture.completedFuture(outcome);
    }

    /// The caller has its buffer back when it is answered, which is at once here.
    private static AppendRequest copyOf(AppendRequest request) {
        RecordBuffer records = new RecordBuffer();
        records.addAll(request.records());
        return new AppendRequest(
                request.topic(),
                request.partition(),
                records,
                request.acknowledgement(),
                request.idempotencyKey(),
                request.bodyHash(),
                request.expectOffset(),
                request.stamp());
    }

    static byte[] sha256(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    boolean isDiskFull() {
        return space.isFull();
    }

    private @Nullable ReplicationException unavailable() {
        String failed = events.failure();
        if (failed != null) {
            return new ReplicationException(failed, null);
        }
        return closing ? new ReplicationException("the log is closing; the write has not happened", null) : null;
    }

    /// Writes the body of a command.
    interface Body {
        void writeTo(DataOutput out) throws IOException;
    }

    /// Sends a command. `freesSpace` ones go through on a full disk, as long as a little is left.
    CompletableFuture<CommandOutcome> send(byte type, boolean freesSpace, Body body) {
        byte[] bytes = bytes(body);
        CommandRelay elsewhere = consensus.leads() || unavailable() != null ? null : relay;
        return (elsewhere == null ? decide(type, freesSpace, bytes) : elsewhere.send(this, type, freesSpace, bytes))
                .thenApply(Decided::outcome);
    }

    private static byte[] bytes(Body body) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            body.writeTo(new DataOutputStream(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return bytes.toByteArray();
    }

    /// @param index of the entry that it was decided in
    record Decided(CommandOutcome outcome, long index) {}

    /// Decides a command here, or fails because another node leads.
    CompletableFuture<Decided> decide(byte type, boolean freesSpace, byte[] body) {
        ReplicationException unavailable = unavailable();
        if (unavailable != null) {
            return CompletableFuture.failedFuture(unavailable);
        }
        if (!consensus.leads()) {
            return CompletableFuture.failedFuture(
                    PendingEntry.notLeading(leaderNow().orElse(null)));
        }
        if (freesSpace ? space.isSpent() : space.isFull()) {
            return CompletableFuture.failedFuture(new ReplicationException(space.message(), null));
        }
        Waiting.Command command = new Waiting.Command(type, body);
        if (command.bytesMax > settings.entryBytesMax() - EntryLayout.HEADER_BYTES) {
            return CompletableFuture.failedFuture(new ReplicationException(
                    "the request needs %d bytes, an entry may have %d"
                            .formatted(command.bytesMax, settings.entryBytesMax()),
                    null));
        }
        if (!batcher.offer(command)) {
            return CompletableFuture.failedFuture(new ReplicationException(
                    "too much is waiting already (%d bytes); try again".formatted(batcher.pendingBytes()), null));
        }
        return command.future.thenApply(outcome -> new Decided(outcome, command.index));
    }

    private CompletableFuture<TopicOutcome> sendTopic(byte type, boolean freesSpace, Body body) {
        return send(type, freesSpace, body).thenApply(outcome -> ((CommandOutcome.TopicDecided) outcome).outcome());
    }

    static boolean isTopicName(String name) {
        return NAME.matcher(name).matches() && !name.equals(".") && !name.equals("..");
    }

    @Override
    public CompletableFuture<TopicOutcome> createTopic(String name, TopicSettings wanted) {
        if (!isTopicName(name)) {
            return CompletableFuture.completedFuture(new TopicOutcome.Refused(
                    "a topic's name has 1 to 249 of A-Z a-z 0-9 . _ - and is not . or ..; this one is '%s'"
                            .formatted(name)));
        }
        return sendTopic(EntryLayout.CREATE_TOPIC, false, out -> {
            Fields.writeText(out, name);
            Metadata.writeSettings(out, wanted);
        });
    }

    @Override
    public CompletableFuture<TopicOutcome> deleteTopic(String name) {
        return sendTopic(EntryLayout.DELETE_TOPIC, true, out -> Fields.writeText(out, name));
    }

    @Override
    public CompletableFuture<TopicOutcome> setRetention(String topic, Retention retention) {
        return sendTopic(EntryLayout.SET_RETENTION, true, out -> {
            Fields.writeText(out, topic);
            Metadata.writeRetention(out, retention);
        });
    }

    @Override
    public CompletableFuture<TopicOutcome> deleteBefore(String topic, int partition, long offset) {
        Metadata.TopicFact fact = known(topic);
        if (fact == null || !hasPartition(fact, partition)) {
            return CompletableFuture.completedFuture(new TopicOutcome.Unknown());
        }
        return raiseEarliest(fact.topic().id(), partition, offset, false);
    }

    private CompletableFuture<TopicOutcome> raiseEarliest(long topicId, int partition, long offset, boolean tick) {
        return sendTopic(EntryLayout.RAISE_EARLIEST, true, out -> {
            out.writeLong(topicId);
            out.writeInt(partition);
            out.writeLong(offset);
            out.writeBoolean(tick);
        });
    }

    @Override
    public CompletableFuture<CommitOutcome> commit(String topic, String group, int partition, long offset) {
        if (offset < 0) {
            throw new IllegalArgumentException("a committed offset is at least 0, not " + offset);
        }
        Metadata.TopicFact fact = known(topic);
        if (fact == null || !hasPartition(fact, partition)) {
            return CompletableFuture.completedFuture(new CommitOutcome.UnknownPartition());
        }
        return send(EntryLayout.COMMIT, true, out -> {
                    out.writeLong(fact.topic().id());
                    out.writeInt(partition);
                    out.writeLong(offset);
                    Fields.writeText(out, group);
                })
                .thenApply(outcome -> ((CommandOutcome.CommitDecided) outcome).outcome());
    }

    @Override
    public CompletableFuture<DocumentOutcome> putDocument(String key, byte[] value, long expectedVersion) {
        return send(EntryLayout.PUT_DOCUMENT, value.length == 0, out -> {
                    out.writeLong(expectedVersion);
                    Fields.writeText(out, key);
                    Fields.writeBytes(out, value);
                })
                .thenApply(outcome -> ((CommandOutcome.DocumentDecided) outcome).outcome());
    }

    @Override
    public CompletableFuture<FenceOutcome> fence(String query, long generation) {
        if (generation < 1) {
            throw new IllegalArgumentException("a generation is at least 1, not " + generation);
        }
        return send(EntryLayout.FENCE, false, out -> {
                    out.writeLong(generation);
                    Fields.writeText(out, query);
                })
                .thenApply(outcome -> ((CommandOutcome.FenceDecided) outcome).outcome());
    }

    // ---- reads
    // ---------------------------------------------------------------------------------------------------

    @Override
    public Optional<Topic> topic(String name) {
        return Optional.ofNullable(state.metadata().topic(name)).map(Metadata.TopicFact::topic);
    }

    @Override
    public List<Topic> topics() {
        return state.metadata().topics();
    }

    @Override
    public CompletableFuture<Optional<Topic>> sureTopic(String name) {
        Optional<Topic> now = topic(name);
        return now.isPresent()
                ? CompletableFuture.completedFuture(now)
                : hearing.heard().thenApply(heard -> topic(name));
    }

    @Override
    public CompletableFuture<List<Topic>> sureTopics() {
        return hearing.heard().thenApply(heard -> topics());
    }

    @Override
    public CompletableFuture<Map<String, Map<TopicPartition, Long>>> sureGroups() {
        return hearing.heard().thenApply(heard -> groups());
    }

    @Override
    public PartitionLog partition(String topic, int partition) {
        Metadata.TopicFact fact = state.metadata().topic(topic);
        PartitionLog log = fact == null ? null : state.partition(fact.topic().id(), partition);
        if (log == null) {
            throw fact == null || (partition >= 0 && partition < fact.topic().partitions()) // deleted just now
                    ? new UnknownPartitionException("there is no topic '%s'".formatted(topic))
                    : new UnknownPartitionException("topic '%s' has partitions 0 to %d, not %d"
                            .formatted(topic, fact.topic().partitions() - 1, partition));
        }
        return log;
    }

    @Override
    public OptionalLong committed(String topic, String group, int partition) {
        Metadata.TopicFact fact = state.metadata().topic(topic);
        Long offset = fact == null
                ? null
                : state.metadata().committed(group, fact.topic().id(), partition);
        return offset == null ? OptionalLong.empty() : OptionalLong.of(offset);
    }

    @Override
    public Map<String, Map<TopicPartition, Long>> groups() {
        return state.metadata().groups();
    }

    @Override
    public Optional<Document> document(String key) {
        return Optional.ofNullable(state.metadata().document(key));
    }

    @Override
    public Map<String, Document> documents(String prefix) {
        return state.metadata().documents(prefix);
    }

    @Override
    public Map<Integer, OutputStamp> stamps(String query, String topic) {
        Metadata.TopicFact fact = state.metadata().topic(topic);
        return fact == null
                ? Map.of()
                : state.metadata().stamps(query, fact.topic().id());
    }

    @Override
    public Optional<String> leader(String topic, int partition) {
        return consensus.leader();
    }

    @Override
    public boolean leads(String topic, int partition) {
        return consensus.leads();
    }

    @Override
    public Health health() {
        Consensus.Status status = consensus.status();
        List<String> problems = new ArrayList<>(status.problems());
        for (String problem :
                new @Nullable String[] {events.failure(), stuck, snapshots.problem(), events.damage(), rebuild.problem()
                }) {
            if (problem != null) {
                problems.add(problem);
            }
        }
        if (space.isFull()) {
            problems.add(space.message());
        }
        if (distant != null && !distant.isHere()) {
            problems.removeAll(status.problems()); // it has no peers, and needs none
            boolean ready = problems.isEmpty() && !distant.isStarting();
            String unknown = distant.problem();
            if (unknown != null) {
                problems.add(unknown);
            }
            return new Health(
                    ready, "elsewhere", status.term(), status.committedIndex(), status.appliedIndex(), problems);
        }
        if (closing) {
            problems.add("the log is closing");
        }
        if (consensus.group() != GroupPeers.ALONE && !cluster.isMember()) {
            problems.add("this node is no member of the cluster; a member must add it");
        } else if (consensus.leader().isEmpty()) {
            problems.add("no node leads; writes wait for an election");
        } else if (!consensus.leads() && consensus.leader().get().equals(settings.nodeId())) {
            problems.add("this node has been elected and is applying what was committed before");
        }
        return new Health(
                problems.isEmpty(),
                status.role(),
                status.term(),
                status.committedIndex(),
                status.appliedIndex(),
                problems);
    }

    @Override
    public Cluster cluster() {
        return cluster;
    }

    @Override
    public ReplicaCopies copies() {
        return copies;
    }

    /// This replica, as those who copy it see it.
    private final class CopiesSource implements ServedCopies.Source {
        @Override
        public void refresh() throws IOException {
            String broken = events.failure() != null ? events.failure() : events.damage();
            if (broken != null) {
                throw new IOException("this replica is not fit to be copied: " + broken);
            }
            if (!takeSnapshot()) {
                throw new IOException(Objects.requireNonNullElse(snapshots.problem(), "the node is closing"));
            }
        }

        @Override
        public ServedCopies.Pinned pin() throws IOException {
            return state.pin();
        }

        @Override
        public void unpin() {
            state.unpin();
        }
    }

    @Override
    public AutoCloseable onFailure(Consumer<String> listener) {
        return events.onFailure(listener);
    }

    @Override
    public AutoCloseable onDamage(Consumer<String> listener) {
        return events.onDamage(listener);
    }

    @Override
    public AutoCloseable onAppend(Consumer<TopicPartition> listener) {
        return events.onAppend(listener);
    }

    @Override
    public AutoCloseable onMetadataChange(Runnable listener) {
        return events.onMetadataChange(listener);
    }

    @Override
    public Map<String, Double> metrics() {
        Consensus.Status status = consensus.status();
        Map<String, Double> metrics = new TreeMap<>();
        metrics.put("replication_entries_total", (double) batcher.entries());
        metrics.put("replication_requests_total", (double) batcher.requests());
        metrics.put("replication_pending_bytes", (double) batcher.pendingBytes());
        metrics.put("replication_entries_in_flight", (double) batcher.inFlight());
        metrics.put("replication_term", (double) status.term());
        metrics.put("replication_committed_index", (double) status.committedIndex());
        metrics.put("replication_applied_index", (double) status.appliedIndex());
        metrics.put("replication_durable_index", (double) state.durableIndex());
        metrics.put("replication_bytes_since_snapshot", (double) state.bytesSinceSnapshot());
        metrics.put("replication_snapshots_total", (double) snapshots.count());
        metrics.put("replication_snapshot_seconds_last", snapshots.lastSeconds());
        metrics.put("replication_leader", consensus.leads() ? 1.0 : 0.0);
        metrics.put("replication_restarts_total", (double) restarts);
        metrics.put("replication_leads_given_up_total", (double) givenUp);
        metrics.put("replication_elections_total", (double) cluster.elections());
        metrics.put("replication_topics", (double) state.metadata().topics().size());
        metrics.put("replication_log_bytes", (double) state.sizeBytes());
        metrics.put("replication_disk_free_bytes", (double) space.freeBytes());
        metrics.put("replication_rebuilds_total", (double) rebuild.copies());
        metrics.put("replication_rebuild_failures_total", (double) rebuild.failures());
        metrics.put("replication_rebuild_fetched_bytes_total", (double) rebuild.bytesFetched());
        metrics.put("replication_rebuild_seconds_last", rebuild.secondsLast());
        metrics.put("replication_copies_open", (double) copies.count());
        metrics.put("replication_scrub_bytes_total", (double) scrubber.bytes());
        metrics.put("replication_scrub_passes_total", (double) scrubber.passes());
        metrics.put("replication_scrub_seconds_last", scrubber.lastPassSeconds());
        metrics.put("replication_damaged", events.damage() == null ? 0.0 : 1.0);
        metrics.put("replication_disk_full", space.isFull() ? 1.0 : 0.0);
        return metrics;
    }

    /// Empties this replica, which is no member of its group any more: it is as if it had never been one.
    ///
    /// @param lastLook asked when the replica does not run any more; false leaves everything as it is
    /// @throws IOException the disk failed, or a copy is being made; to be tried again
    void leave(Consensus.LastLook lastLook) throws IOException {
        if (rebuild.isBusy()) {
            throw new IOException("a copy of the group is being fetched");
        }
        copies.closeAll();
        snapshots.hold(() -> consensus.reset(lastLook));
        batcher.failOlderThan(Long.MIN_VALUE, "the group left this node meanwhile");
    }

    // ---- housekeeping
    // --------------------------------------------------------------------------------------------

    private void keepHouse() {
        Housekeeping housekeeping = new Housekeeping(System.nanoTime());
        while (!closing) {
            LockSupport.parkNanos(this, TICK_NANOS);
            housekeeping.round(System.nanoTime());
        }
    }

    /// What is done every now and then, and when it was done last. One thread.
    final class Housekeeping {
        private long diskNanos;
        private long retentionNanos;
        private long snapshotAtNanos;
        private long progressNanos;
        private long progressIndex = -1;
        private long restartNanos;
        private long restartPauseNanos = RESTART_PAUSE_NANOS_MIN;

        Housekeeping(long nowNanos) {
            diskNanos = nowNanos;
            retentionNanos = nowNanos;
            snapshotAtNanos = nowNanos;
            progressNanos = nowNanos;
            restartNanos = nowNanos - RESTART_PAUSE_NANOS_MIN;
        }

        /// Does what is due.
        void round(long now) {
            if (now - diskNanos >= DISK_CHECK_INTERVAL_NANOS) {
                diskNanos = now;
                space.look();
            }
            failOverdue();
            copies.closeIdle();
            if (batcher.hasDied()) {
                state.logFailed("the thread that sends entries has died", new IllegalStateException("see the log"));
            }
            Consensus.Status status = consensus.status();
            if (status.appliedIndex() >= status.committedIndex() || status.appliedIndex() != progressIndex) {
                progressIndex = status.appliedIndex();
                progressNanos = now;
                stuck = null;
            } else if (now - progressNanos > NO_PROGRESS_NANOS) {
                stuck = "entries up to %d are committed, but only up to %d applied, without progress for %d s"
                        .formatted(
                                status.committedIndex(),
                                status.appliedIndex(),
                                TimeUnit.NANOSECONDS.toSeconds(now - progressNanos));
            }
            if (events.failure() == null && consensus.stopped() != null) {
                if (distant == null || distant.shallBeHere()) { // else the group is about to leave this node
                    restart(now);
                }
            } else if (events.failure() == null && diskIsNearlyGone()) {
                haltUntilThereIsSpace();
            } else if (events.failure() == null && snapshots.isDue(now - snapshotAtNanos, space.isFull())) {
                snapshotAtNanos = now;
                takeSnapshot();
            }
            if (now - retentionNanos >= RETENTION_INTERVAL_NANOS && consensus.leads()) {
                retentionNanos = now;
                applyRetention();
            }
        }

        /// A leader refuses writes in time. A follower is sent what others may still write, and would go on
        /// until a write fails in the middle.
        private boolean diskIsNearlyGone() {
            return space.isNearlyGone() && consensus.peers() > 1 && !consensus.leads();
        }

        private void haltUntilThereIsSpace() {
            LOG.atWarn()
                    .addKeyValue("node", settings.nodeId())
                    .addKeyValue("freeBytes", space.freeBytes())
                    .log("this replica stops until its disk has space again");
            try {
                consensus.halt();
            } catch (IOException e) {
                LOG.atWarn().setCause(e).log("this replica could not be stopped");
            }
        }

        /// Consensus does not recover by itself from a failed disk or a group that was closed. With space left,
        /// and not too often, it is started again; what was applied is not touched.
        private void restart(long now) {
            if (space.isFull() || now - restartNanos < restartPauseNanos) {
                return;
            }
            String stopped = consensus.stopped();
            restartPauseNanos =
                    now - restartNanos > RESTART_PAUSE_NANOS_MAX ? RESTART_PAUSE_NANOS_MIN : restartPauseNanos * 2;
            restartPauseNanos = Math.min(restartPauseNanos, RESTART_PAUSE_NANOS_MAX);
            restartNanos = now;
            LOG.atWarn()
                    .addKeyValue("node", settings.nodeId())
                    .addKeyValue("reason", stopped)
                    .log("consensus has stopped; it is started again");
            try {
                consensus.restart(cluster.members());
                restarts++;
                LOG.atInfo().addKeyValue("node", settings.nodeId()).log("consensus was started again");
            } catch (IOException | RuntimeException e) {
                LOG.atWarn().setCause(e).log("consensus could not be started again; it is tried once more");
            }
        }
    }

    private void failOverdue() {
        batcher.failOlderThan(
                settings.requestTimeout().toNanos(),
                "no decision within " + settings.requestTimeout().toSeconds() + " s");
    }

    /// What must not wait for a snapshot or a slow disk.
    private void watch() {
        long leadNanos = System.nanoTime();
        SlowDisk slowDisk = new SlowDisk();
        StalledLead lead = StalledLead.usual();
        while (!closing) {
            LockSupport.parkNanos(this, TICK_NANOS);
            long now = System.nanoTime();
            failOverdue();
            failUnanswered();
            cluster.watch();
            if (now - leadNanos >= LEAD_INTERVAL_NANOS) {
                leadNanos = now;
                cluster.lead();
            }
            moveAwayFromBadDisk(now, slowDisk);
            giveUpStalledLead(now, lead);
        }
    }

    /// A leader that a majority follows and that decides nothing would keep all others from it.
    private void giveUpStalledLead(long now, StalledLead lead) {
        Consensus.Status status = consensus.status();
        boolean followed = status.role().equals("leader")
                && consensus.stopped() == null
                && consensus.peers() > 1
                && consensus.group().majorityAnswers();
        boolean ready = followed && consensus.leads();
        boolean refuses = followed && consensus.refuses();
        boolean behind = status.appliedIndex() < status.committedIndex();
        if (lead.isStalled(now, followed && (!ready || refuses || behind), status.appliedIndex())) {
            String why = "it has been elected and decides nothing (applied %d, committed %d%s%s)"
                    .formatted(
                            status.appliedIndex(),
                            status.committedIndex(),
                            ready ? "" : ", not ready",
                            refuses ? ", refuses writes" : "");
            if (cluster.giveUp(why, ready && !refuses)) {
                givenUp++;
            }
        }
    }

    /// A leader that nobody answers, or whose log has failed, cannot decide anything: those who wait are told
    /// soon.
    private void failUnanswered() {
        if (batcher.inFlight() == 0) {
            return;
        }
        String stopped = consensus.stopped();
        if (stopped != null) {
            batcher.failOlderThan(0, stopped);
        } else if (consensus.status().role().equals("leader")
                && !consensus.group().majorityAnswers()) {
            batcher.failOlderThan(0, "this node led and has lost contact with the majority");
        }
    }

    private void moveAwayFromBadDisk(long now, SlowDisk slowDisk) {
        if (!consensus.leads() || consensus.peers() < 2) {
            slowDisk.forget();
            return;
        }
        if (space.isFull() && !movedAwayWhileFull) {
            // once: when all disks are full, nobody gains by passing it round
            movedAwayWhileFull = cluster.moveAway("its disk is full");
        } else if (!space.isFull()) {
            movedAwayWhileFull = false;
        }
        GroupPeers group = consensus.group();
        long[] others = group.followers().stream()
                .mapToLong(GroupPeers.Follower::matchIndex)
                .sorted()
                .toArray();
        long flushed = group.flushedIndex();
        if (others.length > 0
                && slowDisk.isSlow(now, group.lastIndex(), flushed, others[others.length / 2])
                && cluster.moveAway("its disk is slow")) {
            slowDisk.forget();
        }
    }

    /// Makes what was applied durable and lets the consensus log shrink. Waits for it.
    ///
    /// @return whether it worked
    boolean takeSnapshot() {
        return snapshots.take();
    }

    /// Why this log cannot go on; null while it can.
    @Nullable
    String failure() {
        return events.failure();
    }

    void checkDisk() {
        space.look();
    }

    /// Decides on the leader what retention deletes; all nodes do it when they apply the decision.
    void applyRetention() {
        long now = clock.millis();
        for (Topic topic : state.metadata().topics()) {
            Retention retention = topic.settings().retention();
            if (retention.ageMsMax() < 0 && retention.bytesMax() < 0) {
                continue;
            }
            for (int partition = 0; partition < topic.partitions(); partition++) {
                PartitionReplica replica = state.replica(topic.id(), partition);
                if (replica == null || !replica.isWritten()) {
                    continue;
                }
                try {
                    long floor = replica.log()
                            .retentionFloor(
                                    retention.ageMsMax() < 0 ? Long.MIN_VALUE : now - retention.ageMsMax(),
                                    retention.bytesMax() < 0 ? Long.MAX_VALUE : retention.bytesMax());
                    if (floor > replica.earliest()) {
                        raiseEarliest(topic.id(), partition, floor, true).exceptionally(failed -> {
                            LOG.atWarn().setCause(failed).log("retention could not be decided; it is tried again");
                            return new TopicOutcome.Unknown();
                        });
                    }
                } catch (IOException e) {
                    LOG.atWarn()
                            .setCause(e)
                            .addKeyValue("partition", replica.name)
                            .log("retention could not read the log");
                }
            }
        }
    }

    @Override
    public void close() {
        if (closing) {
            return;
        }
        cluster.handOver(HAND_OVER_MS_MAX);
        closing = true;
        long deadline = System.nanoTime() + settings.requestTimeout().toNanos();
        while (batcher.pendingBytes() > 0 && events.failure() == null && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
        stopThreads();
        if (events.failure() == null && consensus.stopped() == null && state.manifestOutdated()) {
            takeSnapshot(); // the next start has nothing to replay
        }
        closeParts();
    }

    /// Stops at once, as a crash would, but for what the operating system has already been given.
    void abandon() {
        closing = true;
        stopThreads();
        closeParts();
    }

    private void stopThreads() {
        rebuild.close();
        scrubber.close();
        copies.closeAll();
        batcher.stop(new ReplicationException("the log is closed; the write has not happened", null));
        cluster.close();
        List<Thread> threads = List.of(housekeeper, watch);
        threads.forEach(LockSupport::unpark);
        Threads.awaitEnd(threads);
    }

    private void closeParts() {
        consensus.close();
        batcher.failOlderThan(Long.MIN_VALUE, "the log was closed meanwhile");
        try {
            state.close();
            lock.close();
        } catch (IOException e) {
            LOG.atWarn().setCause(e).log("partition logs could not be closed");
        }
    }
}
