package io.millrace.replication.partition;

import io.millrace.log.PartitionLog;
import io.millrace.log.disk.Disk;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.Cluster;
import io.millrace.replication.CommitOutcome;
import io.millrace.replication.Document;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.FenceOutcome;
import io.millrace.replication.GroupLayout;
import io.millrace.replication.Health;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.ReplicaCopies;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.ReplicationException;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.TopicSettings;
import io.millrace.replication.metadata.Metadata;
import io.millrace.replication.metadata.Metadata.TopicFact;
import io.millrace.replication.partition.GroupLog.Other;
import io.millrace.replication.partition.GroupLog.Siblings;
import io.millrace.replication.partition.GroupLog.Surroundings;
import io.millrace.replication.placement.LeaderWish;
import io.millrace.replication.placement.Placement;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The replicated log of a node with several groups: one [GroupLog] for each, and the rules by which they are
/// one.
///
/// ```
/// topics, documents, members ─▶ group 0 ─▶ (its applied state) ─▶ GroupFollower ─▶ group 1, 2 …
/// records, commits           ─▶ the partition's group, here or, by CommandRelay, on the node that leads it
/// ```
///
/// A topic is visible on this node once all groups that hold a part of it know it here.
///
/// Threading: any thread.
public final class ManyGroups implements ReplicatedLog {
    /// Opens the consensus of each group; returns when all groups have been opened.
    public interface GroupOpener {
        Consensus open(int group, StateMachine stateMachine) throws IOException;

        /// One of the groups will not come.
        void cancel(Throwable why);
    }

    /// Number of groups, as group 0 knows it.
    static final String COUNT = "_groups/count";

    private static final Logger LOG = LoggerFactory.getLogger(ManyGroups.class);
    private static final Metadata NOTHING = new Metadata();
    /// A topic that group 0 knows is known by the others a moment later.
    private static final long VISIBLE_TIMEOUT_MS = 5_000;
    private final ReplicationSettings settings;
    private final Closeable lock;
    private final List<GroupLog> groups;
    private final GroupLog first;
    private final CommandRelay relay;
    private final ManyGroupsCluster cluster;
    /// By number; empty when every node holds every group.
    private final Map<Integer, DistantGroup> distants;
    private final @Nullable Placer placer;
    private final List<Consumer<TopicPartition>> appendListeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> metadataListeners = new CopyOnWriteArrayList<>();
    private final List<GroupFollower> followers = new ArrayList<>();
    private final Thread counter;
    private final Queue<Visible> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean closing = new AtomicBoolean();

    /// Somebody waits for a topic to become visible.
    private record Visible(String topic, CompletableFuture<@Nullable TopicFact> found) {}

    private ManyGroups(
            ReplicationSettings settings,
            Closeable lock,
            List<GroupLog> groups,
            CommandRelay relay,
            Map<Integer, DistantGroup> distants) {
        this.settings = settings;
        this.lock = lock;
        this.groups = List.copyOf(groups);
        this.first = groups.getFirst();
        this.relay = relay;
        this.distants = Map.copyOf(distants);
        this.placer = distants.isEmpty()
                ? null
                : new Placer(
                        groups,
                        distants,
                        settings.replicationFactor(),
                        settings.rates().transfersMax());
        this.cluster = new ManyGroupsCluster(this.groups, this.distants, placer);
        long fitNanos =
                TimeUnit.MILLISECONDS.toNanos(Long.getLong("millrace.groups.fitMs", LeaderWish.FIT_NANOS / 1_000_000));
        for (GroupLog group : groups) {
            followers.add(new GroupFollower(first, group, settings.layout(), fitNanos));
            group.onMetadataChange(this::metadataChanged);
        }
        this.counter = new Thread(this::count, "replication-groups");
        this.counter.setDaemon(true);
    }

    /// Opens all groups.
    ///
    /// @param settings of the node, with at least two groups
    /// @param lock closed last; when this fails it is left to the caller
    /// @throws IOException the disk failed or holds something else than was written
    public static ManyGroups open(
            ReplicationSettings settings,
            Disk disk,
            InstantSource clock,
            GroupOpener opener,
            Closeable lock,
            Surroundings surroundings)
            throws IOException {
        int count = settings.groups();
        @Nullable GroupLog[] opened = new @Nullable GroupLog[count];
        Function<Integer, @Nullable GroupLog> known = group -> {
            synchronized (opened) {
                return opened[group];
            }
        };
        Supplier<Metadata> metadata = () -> {
            GroupLog zero = known.apply(0);
            return zero == null ? NOTHING : zero.state.metadata();
        };
        Map<Integer, DistantGroup> distants = new HashMap<>();
        Supplier<List<Other>> others = () -> {
            List<Other> following = new ArrayList<>();
            for (int group = 1; group < count; group++) {
                GroupLog log = known.apply(group);
                DistantGroup distant = distants.get(group);
                following.add(new Other(
                        () -> log == null
                                ? List.of()
                                : distant == null ? log.consensus.group().current() : Placer.members(log, distant),
                        node -> distant == null
                                || distant.placement().isEmpty()
                                || distant.placement().contains(node)));
            }
            return following;
        };
        CommandRelay relay = new CommandRelay(surroundings.peers(), nodeId -> {
            GroupLog zero = known.apply(0);
            return zero == null
                    ? Optional.empty()
                    : zero.cluster.members().stream()
                            .filter(member -> member.nodeId().equals(nodeId))
                            .findFirst();
        });
        AtomicReference<@Nullable ManyGroups> opening = new AtomicReference<>();
        for (int group = 1; settings.layout().metadataApart() && group < count; group++) {
            int number = group;
            distants.put(
                    group,
                    new DistantGroup(
                            group,
                            settings.nodeId(),
                            metadata,
                            () -> {
                                GroupLog zero = known.apply(0);
                                return zero == null ? List.of() : zero.cluster.members();
                            },
                            () -> known.apply(number),
                            surroundings.peers(),
                            partition -> Objects.requireNonNull(opening.get()).appended(partition),
                            () -> Objects.requireNonNull(opening.get()).distantMetadataChanged()));
        }
        List<CompletableFuture<Void>> openings = new ArrayList<>();
        AtomicReference<@Nullable Throwable> firstFailure = new AtomicReference<>();
        for (int group = 0; group < count; group++) {
            int number = group;
            CompletableFuture<Void> done = new CompletableFuture<>();
            openings.add(done);
            Thread.ofPlatform().daemon().name("replication-open-" + group).start(() -> {
                try {
                    GroupLog log = GroupLog.open(
                            settings.ofGroup(number),
                            disk,
                            clock,
                            machine -> opener.open(number, machine),
                            () -> {},
                            number == 0
                                    ? surroundings
                                    : new Surroundings(surroundings.peers(), surroundings.configured(), members -> {}),
                            new Siblings(
                                    number,
                                    number == 0 ? null : metadata,
                                    number == 0 ? others : List::of,
                                    relay,
                                    distants.get(number)));
                    synchronized (opened) {
                        opened[number] = log;
                    }
                    done.complete(null);
                } catch (IOException | RuntimeException | Error e) {
                    firstFailure.compareAndSet(null, e); // the others only fail because of it
                    opener.cancel(e);
                    done.complete(null);
                }
            });
        }
        openings.forEach(CompletableFuture::join);
        Throwable failed = firstFailure.get();
        List<GroupLog> groups = new ArrayList<>();
        for (GroupLog log : opened) {
            if (log != null) {
                groups.add(log);
            }
        }
        if (failed != null) {
            groups.forEach(GroupLog::abandon);
            throw failed instanceof IOException damage
                    ? damage
                    : new IOException("a group could not be opened", failed);
        }
        ManyGroups all = new ManyGroups(settings, lock, groups, relay, distants);
        opening.set(all);
        distants.values().forEach(DistantGroup::start);
        all.followers.forEach(GroupFollower::start);
        all.counter.start();
        if (all.placer != null) {
            all.placer.start();
        }
        return all;
    }

    // ---- topics

    /// The topic, once all groups that hold a part of it know it here.
    private @Nullable TopicFact visible(String name) {
        TopicFact fact = first.state.metadata().topic(name);
        return fact != null && isVisible(fact.topic()) ? fact : null;
    }

    private boolean isVisible(Topic topic) {
        for (int group = 1; group < groups.size(); group++) {
            if (Placement.holds(group, topic.id(), topic.partitions(), settings.layout())
                    && metadataOf(group).topic(topic.id()) == null) {
                return false;
            }
        }
        return true;
    }

    private GroupLog groupOf(TopicFact fact, int partition) {
        return groups.get(Placement.groupOf(fact.topic().id(), partition, settings.layout()));
    }

    /// Of a group, wherever it is.
    private Metadata metadataOf(int group) {
        DistantGroup distant = distants.get(group);
        return distant == null || distant.isHere() ? groups.get(group).state.metadata() : distant.metadata();
    }

    private List<Metadata> metadataOfAll() {
        return groups.stream().map(group -> metadataOf(group.number)).toList();
    }

    private void appended(TopicPartition partition) {
        appendListeners.forEach(listener -> listener.accept(partition));
    }

    private void distantMetadataChanged() {
        metadataChanged();
        metadataListeners.forEach(Runnable::run);
    }

    private void metadataChanged() {
        followers.forEach(GroupFollower::wake);
        for (Visible one : waiting) {
            TopicFact fact = visible(one.topic());
            if (fact != null) {
                one.found().complete(fact);
            }
        }
    }

    /// Completes with null when nobody has created it.
    private CompletableFuture<@Nullable TopicFact> awaitVisible(String name) {
        TopicFact now = visible(name);
        if (now != null) {
            return CompletableFuture.completedFuture(now);
        }
        return first.cluster.barrier(0).thenCompose(done -> {
            TopicFact created = first.state.metadata().topic(name);
            if (created == null) {
                return CompletableFuture.completedFuture(null);
            }
            Visible one = new Visible(name, new CompletableFuture<>());
            waiting.add(one);
            metadataChanged(); // it may have happened before anybody waited
            return one.found()
                    .orTimeout(VISIBLE_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                    .whenComplete((found, failure) -> waiting.remove(one));
        });
    }

    /// @param unknown when there is no such topic
    private <T> CompletableFuture<T> withTopic(
            String name, Function<TopicFact, CompletableFuture<T>> found, Supplier<T> unknown) {
        TopicFact now = visible(name);
        if (now != null) {
            return found.apply(now);
        }
        return awaitVisible(name)
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(new ReplicationException(
                        "the write has not happened: it could not be found out in time whether all groups know topic '%s'; try again"
                                .formatted(name),
                        failure)))
                .thenCompose(
                        fact -> fact == null ? CompletableFuture.completedFuture(unknown.get()) : found.apply(fact));
    }

    private static boolean has(TopicFact fact, int partition) {
        return partition >= 0 && partition < fact.topic().partitions();
    }

    // ---- writes

    @Override
    public CompletableFuture<AppendOutcome> append(AppendRequest request) {
        return withTopic(
                request.topic(),
                fact -> has(fact, request.partition())
                        ? groupOf(fact, request.partition()).append(request)
                        : CompletableFuture.completedFuture(
                                new AppendOutcome.UnknownPartition(fact.topic().partitions())),
                AppendOutcome.UnknownTopic::new);
    }

    @Override
    public CompletableFuture<AppendOutcome> gather(AppendRequest request) {
        TopicFact fact = visible(request.topic());
        return fact != null && has(fact, request.partition())
                ? groupOf(fact, request.partition()).gather(request)
                : append(request);
    }

    @Override
    public void sendGathered() {
        groups.forEach(GroupLog::sendGathered);
    }

    /// Waits until the topic is visible here, but no longer than a write to it would.
    @Override
    public CompletableFuture<TopicOutcome> createTopic(String name, TopicSettings wanted) {
        return first.createTopic(name, wanted).thenCompose(outcome -> switch (outcome) {
            case TopicOutcome.Done done -> awaitVisible(name).handle((found, failure) -> (TopicOutcome) done);
            case TopicOutcome.AlreadyExists exists -> CompletableFuture.completedFuture(exists);
            case TopicOutcome.Unknown unknown -> CompletableFuture.completedFuture(unknown);
            case TopicOutcome.OutOfRange range -> CompletableFuture.completedFuture(range);
            case TopicOutcome.Refused refused -> CompletableFuture.completedFuture(refused);
        });
    }

    @Override
    public CompletableFuture<TopicOutcome> deleteTopic(String name) {
        return first.deleteTopic(name);
    }

    @Override
    public CompletableFuture<TopicOutcome> setRetention(String topic, Retention retention) {
        return first.setRetention(topic, retention);
    }

    @Override
    public CompletableFuture<TopicOutcome> deleteBefore(String topic, int partition, long offset) {
        return withTopic(
                topic,
                fact -> has(fact, partition)
                        ? groupOf(fact, partition).deleteBefore(topic, partition, offset)
                        : CompletableFuture.completedFuture(new TopicOutcome.Unknown()),
                TopicOutcome.Unknown::new);
    }

    @Override
    public CompletableFuture<CommitOutcome> commit(String topic, String group, int partition, long offset) {
        return withTopic(
                topic,
                fact -> has(fact, partition)
                        ? groupOf(fact, partition).commit(topic, group, partition, offset)
                        : CompletableFuture.completedFuture(new CommitOutcome.UnknownPartition()),
                CommitOutcome.UnknownPartition::new);
    }

    @Override
    public CompletableFuture<DocumentOutcome> putDocument(String key, byte[] value, long expectedVersion) {
        return first.putDocument(key, value, expectedVersion);
    }

    /// Group 0 says who owns the generation; the others are told. It is raised when all of them have it and
    /// this node has applied everything that was written before.
    @Override
    public CompletableFuture<FenceOutcome> fence(String query, long generation) {
        return first.fence(query, generation).thenCompose(outcome -> switch (outcome) {
            case FenceOutcome.Stale stale -> CompletableFuture.completedFuture(stale);
            case FenceOutcome.Raised raised -> fenceOthers(query, generation);
        });
    }

    private CompletableFuture<FenceOutcome> fenceOthers(String query, long generation) {
        CompletableFuture<FenceOutcome> all = CompletableFuture.completedFuture(new FenceOutcome.Raised());
        for (GroupLog group : groups.subList(1, groups.size())) {
            CompletableFuture<FenceOutcome> one = group.fence(query, generation);
            all = all.thenCombine(one, (before, outcome) -> before instanceof FenceOutcome.Stale ? before : outcome);
        }
        return all.thenCompose(outcome -> switch (outcome) {
            case FenceOutcome.Stale stale -> CompletableFuture.completedFuture(stale);
            case FenceOutcome.Raised raised -> cluster.barriers().thenApply(applied -> raised);
        });
    }

    // ---- commands of other nodes

    @Override
    public CompletableFuture<byte[]> answer(int group, byte[] command) {
        if (group < 0 || group >= groups.size()) {
            return CompletableFuture.failedFuture(new ReplicationException(
                    "there is no group %d on this node, there are 0 to %d".formatted(group, groups.size() - 1), null));
        }
        GroupLog asked = groups.get(group);
        return Questions.isQuestion(command)
                ? Questions.answer(asked, asked.isHere(), command)
                : CommandRelay.answer(asked, command);
    }

    @Override
    public GroupLayout layout() {
        return settings.layout();
    }

    // ---- reads

    @Override
    public Optional<Topic> topic(String name) {
        return Optional.ofNullable(visible(name)).map(TopicFact::topic);
    }

    @Override
    public boolean exists(String topic) {
        return first.state.metadata().topic(topic) != null;
    }

    @Override
    public List<Topic> topics() {
        return first.state.metadata().topics().stream().filter(this::isVisible).toList();
    }

    /// A topic is seen once all its groups have told of it, so one that is not needs all of them.
    @Override
    public CompletableFuture<Void> barrier(String topic, int partition) {
        TopicFact before = visible(topic);
        if (before == null || !has(before, partition)) {
            return cluster.barriers();
        }
        return CompletableFuture.allOf(cluster.barrier(0), cluster.barrier(groupOf(before, partition).number))
                .thenCompose(done -> {
                    TopicFact now = first.state.metadata().topic(topic);
                    boolean same =
                            now != null && now.topic().id() == before.topic().id();
                    return same ? CompletableFuture.completedFuture(done) : cluster.barriers();
                });
    }

    @Override
    public PartitionLog partition(String topic, int partition) {
        TopicFact fact = visible(topic);
        if (fact == null) {
            throw new IllegalArgumentException("there is no topic '%s'".formatted(topic));
        }
        if (!has(fact, partition)) {
            return first.partition(topic, partition); // which says what there is
        }
        GroupLog group = groupOf(fact, partition);
        DistantGroup distant = distants.get(group.number);
        if (distant == null) {
            return group.partition(topic, partition);
        }
        long id = fact.topic().id();
        String name = topic + "/" + partition;
        return new PlacedPartition(
                name,
                distant::isHere,
                () -> group.partition(topic, partition),
                new DistantPartition(distant, name, id, partition));
    }

    @Override
    public OptionalLong committed(String topic, String group, int partition) {
        TopicFact fact = visible(topic);
        if (fact == null || !has(fact, partition)) {
            return OptionalLong.empty();
        }
        Long offset = metadataOf(groupOf(fact, partition).number)
                .committed(group, fact.topic().id(), partition);
        return offset == null ? OptionalLong.empty() : OptionalLong.of(offset);
    }

    @Override
    public Map<String, Map<TopicPartition, Long>> groups() {
        Map<String, Map<TopicPartition, Long>> all = new TreeMap<>();
        for (Metadata metadata : metadataOfAll()) {
            metadata.groups()
                    .forEach((name, offsets) -> all.computeIfAbsent(name, ignored -> new HashMap<>())
                            .putAll(offsets));
        }
        return all;
    }

    @Override
    public Optional<Document> document(String key) {
        return first.document(key);
    }

    @Override
    public Map<String, Document> documents(String prefix) {
        return first.documents(prefix);
    }

    @Override
    public Map<Integer, OutputStamp> stamps(String query, String topic) {
        Map<Integer, OutputStamp> all = new TreeMap<>();
        for (Metadata metadata : metadataOfAll()) {
            TopicFact fact = metadata.topic(topic);
            if (fact != null) {
                all.putAll(metadata.stamps(query, fact.topic().id()));
            }
        }
        return all;
    }

    /// Group 0 decides about what does not exist yet.
    private GroupLog deciding(String topic, int partition) {
        TopicFact fact = first.state.metadata().topic(topic);
        return fact == null || !has(fact, partition) ? first : groupOf(fact, partition);
    }

    @Override
    public Optional<String> leader(String topic, int partition) {
        return deciding(topic, partition).leaderNow();
    }

    @Override
    public boolean leads(String topic, int partition) {
        return deciding(topic, partition).consensus.leads();
    }

    @Override
    public List<String> replicas(String topic, int partition) {
        return cluster.nodesOf(deciding(topic, partition).number);
    }

    /// Ready when all groups are; role and indexes are those of group 0.
    @Override
    public Health health() {
        Health zero = first.health();
        List<String> problems = new ArrayList<>();
        for (GroupLog group : groups) {
            for (String problem : group.health().problems()) {
                problems.add("group " + group.number + ": " + problem);
            }
        }
        String mismatch = mismatch();
        if (mismatch != null) {
            problems.add(mismatch);
        }
        return new Health(
                problems.isEmpty(), zero.role(), zero.term(), zero.committedIndex(), zero.appliedIndex(), problems);
    }

    @Override
    public Cluster cluster() {
        return cluster;
    }

    @Override
    public ReplicaCopies copies() {
        return new ReplicaCopies() {
            @Override
            public ReplicaCopy open(int group, String nodeId) throws IOException {
                if (group < 0 || group >= groups.size()) {
                    throw new IOException(
                            "there is no group %d on this node, there are 0 to %d".formatted(group, groups.size() - 1));
                }
                return groups.get(group).copies().open(group, nodeId);
            }

            @Override
            public ReplicaCopy find(String copyId) throws IOException {
                for (GroupLog group : groups.subList(1, groups.size())) {
                    try {
                        return group.copies().find(copyId);
                    } catch (IOException elsewhere) {
                        LOG.trace("copy {} is none of group {}", copyId, group.number);
                    }
                }
                return first.copies().find(copyId);
            }
        };
    }

    private AutoCloseable each(Function<GroupLog, AutoCloseable> listen) {
        List<AutoCloseable> listening = groups.stream().map(listen).toList();
        return () -> {
            for (AutoCloseable one : listening) {
                one.close();
            }
        };
    }

    /// The same listener for what comes from other nodes.
    private static <T> AutoCloseable also(List<T> listeners, T listener, AutoCloseable others) {
        listeners.add(listener);
        return () -> {
            listeners.remove(listener);
            others.close();
        };
    }

    /// The first of the groups that has something to say.
    private static Consumer<String> once(Consumer<String> listener) {
        AtomicBoolean told = new AtomicBoolean();
        return what -> {
            if (told.compareAndSet(false, true)) {
                listener.accept(what);
            }
        };
    }

    @Override
    public AutoCloseable onAppend(Consumer<TopicPartition> listener) {
        return also(appendListeners, listener, each(group -> group.onAppend(listener)));
    }

    @Override
    public AutoCloseable onMetadataChange(Runnable listener) {
        return also(metadataListeners, listener, each(group -> group.onMetadataChange(listener)));
    }

    @Override
    public AutoCloseable onDamage(Consumer<String> listener) {
        Consumer<String> first = once(listener);
        return each(group -> group.onDamage(first));
    }

    @Override
    public AutoCloseable onFailure(Consumer<String> listener) {
        Consumer<String> first = once(listener);
        return each(group -> group.onFailure(first));
    }

    /// Sums; of group 0 what cannot be added up, and the worst of all where that is what matters.
    @Override
    public Map<String, Double> metrics() {
        Map<String, Double> all = new TreeMap<>(first.metrics());
        for (GroupLog group : groups.subList(1, groups.size())) {
            group.metrics().forEach((name, value) -> {
                switch (name) {
                    case "replication_term",
                            "replication_committed_index",
                            "replication_applied_index",
                            "replication_durable_index",
                            "replication_topics" -> {}
                    case "replication_disk_free_bytes" -> all.merge(name, value, Math::min);
                    case "replication_disk_full",
                            "replication_damaged",
                            "replication_snapshot_seconds_last",
                            "replication_rebuild_seconds_last",
                            "replication_scrub_seconds_last" -> all.merge(name, value, Math::max);
                    default -> all.merge(name, value, Double::sum);
                }
            });
        }
        all.put("replication_groups", (double) groups.size());
        all.put("replication_relayed_total", (double) relay.sent());
        return all;
    }

    // ---- number of groups

    /// A node that joined with another number than the cluster's would look for partitions where they are not.
    private @Nullable String mismatch() {
        Document count = first.state.metadata().document(COUNT);
        String here = settings.layout().toString();
        if (count == null || new String(count.value(), StandardCharsets.UTF_8).equals(here)) {
            return null;
        }
        return "raft.groups is %s on this node, but %s in the cluster's metadata, where it was fixed when the cluster was created (apart: with raft.replication-factor); start this node like that, with an empty data folder"
                .formatted(here, new String(count.value(), StandardCharsets.UTF_8));
    }

    /// Writes the number down, until it is.
    private void count() {
        while (!closing.get() && first.state.metadata().document(COUNT) == null) {
            if (first.consensus.leads()) {
                byte[] here = settings.layout().toString().getBytes(StandardCharsets.UTF_8);
                first.putDocument(COUNT, here, 0).exceptionally(failure -> {
                    LOG.atInfo()
                            .addKeyValue("reason", String.valueOf(failure))
                            .log("the number of groups was not kept");
                    return new DocumentOutcome.VersionMismatch(0);
                });
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
        }
    }

    // ---- the end

    @Override
    public void close() {
        end(GroupLog::close);
    }

    /// Stops at once, as a crash would, but for what the operating system has already been given.
    void abandon() {
        end(GroupLog::abandon);
    }

    List<GroupLog> all() {
        return groups;
    }

    private void end(Consumer<GroupLog> how) {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        LockSupport.unpark(counter);
        if (placer != null) {
            placer.close();
        }
        followers.forEach(GroupFollower::close);
        distants.values().forEach(DistantGroup::close);
        List<Thread> closers = groups.stream()
                .map(group -> Thread.ofPlatform()
                        .daemon()
                        .name("replication-close-" + group.number)
                        .start(() -> how.accept(group)))
                .toList();
        Threads.awaitEnd(closers);
        try {
            lock.close();
        } catch (IOException e) {
            LOG.atWarn().setCause(e).log("the lock of {} could not be released", settings.dataFolder());
        }
    }
}
