package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.records;
import static io.millrace.replication.Nodes.values;

import io.millrace.log.disk.Disk;
import io.millrace.log.disk.LocalDisk;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.partition.GroupLogs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Nodes `n1`, `n2` … in one process, each with a folder of its own.
final class NodeCluster implements AutoCloseable {
    private final Path folder;
    private final Map<String, Member> members = new TreeMap<>();
    private final Map<String, ReplicatedLog> nodes = new ConcurrentSkipListMap<>();
    /// Where nodes get copies from: each other, unless a test thinks of something worse.
    ReplicaPeers peers = new ReplicaPeers() {
        @Override
        public ReplicaCopy open(Member member, int group) throws IOException {
            return openCopy(member, group);
        }

        @Override
        public CompletableFuture<byte[]> ask(Member leader, int group, byte[] command) {
            ReplicatedLog node = nodes.get(leader.nodeId());
            return node == null
                    ? CompletableFuture.failedFuture(new ReplicationException("connection refused: " + leader, null))
                    : node.answer(group, command);
        }
    };

    UnaryOperator<ReplicationSettings> adjust = settings -> settings;

    NodeCluster(Path folder) {
        this.folder = folder;
    }

    /// Starts a formed cluster.
    static NodeCluster of(Path folder, int count) throws IOException {
        return of(folder, count, null);
    }

    /// Starts a formed cluster whose nodes reach each other through `links`.
    static NodeCluster of(Path folder, int count, @Nullable Links links) throws IOException {
        NodeCluster cluster = new NodeCluster(folder);
        cluster.form(count, links, id -> new LocalDisk());
        return cluster;
    }

    NodeCluster form(int count) throws IOException {
        return form(count, null, id -> new LocalDisk());
    }

    NodeCluster form(int count, @Nullable Links links, Function<String, Disk> disks) throws IOException {
        for (int i = 1; i <= count; i++) {
            define("n" + i);
        }
        List<Member> all = List.copyOf(members.values());
        for (Member member : all) {
            open(
                    member.nodeId(),
                    links == null ? all : links.seenBy(member.nodeId(), all),
                    disks.apply(member.nodeId()));
        }
        return this;
    }

    ReplicationSettings settings(String id) {
        return adjust.apply(Nodes.settings(folder(id)));
    }

    ReplicaCopy openCopy(Member member, int group) throws IOException {
        ReplicatedLog node = nodes.get(member.nodeId());
        if (node == null) {
            throw new IOException("connection refused: " + member);
        }
        return node.copies().open(group);
    }

    Path folder(String id) {
        return folder.resolve(id);
    }

    /// Makes up a node's identity, in its folder and here.
    Member define(String id, int port) throws IOException {
        Member member = NodeIdentity.of(new LocalDisk(), folder(id), id)
                .member("127.0.0.1:" + port, "http://127.0.0.1:" + (port + 1));
        members.put(id, member);
        return member;
    }

    /// A node with a port of its own, which is not started.
    Member define(String id) throws IOException {
        return define(id, Ports.free());
    }

    Member member(String id) {
        return Objects.requireNonNull(members.get(id));
    }

    ReplicatedLog open(String id, List<Member> known) throws IOException {
        return open(id, known, new LocalDisk());
    }

    ReplicatedLog open(String id, List<Member> known, Disk disk) throws IOException {
        ReplicatedLog log =
                ReplicatedLogs.open(settings(id).with(member(id), known), disk, InstantSource.system(), peers);
        nodes.put(id, log);
        return log;
    }

    /// Starts a node again with what its folder knows.
    ReplicatedLog reopen(String id) throws IOException {
        return open(id, List.of());
    }

    void close(String id) {
        Objects.requireNonNull(nodes.remove(id)).close();
    }

    /// As a crash would.
    void kill(String id) {
        GroupLogs.abandon(Objects.requireNonNull(nodes.remove(id)));
    }

    Map<String, ReplicatedLog> nodes() {
        return nodes;
    }

    ReplicatedLog node(String id) {
        return Objects.requireNonNull(nodes.get(id), id);
    }

    Optional<String> leading() {
        return nodes.entrySet().stream()
                .filter(node -> node.getValue().leads("t", 0))
                .map(Map.Entry::getKey)
                .findAny();
    }

    /// Who leads, after waiting for somebody. The next moment it may be somebody else: a test that depends on one
    /// and the same leader uses [#whileOneLeads].
    String leader() {
        List<String> found = new ArrayList<>();
        Nodes.await("a leader", () -> {
            leading().ifPresent(found::add); // it may be gone again the next moment
            return !found.isEmpty();
        });
        return found.getFirst();
    }

    String follower() {
        String leader = leader();
        return nodes.keySet().stream()
                .filter(id -> !id.equals(leader))
                .findFirst()
                .orElseThrow();
    }

    ReplicatedLog lead() {
        return node(leader());
    }

    void createTopic(String name) throws Exception {
        Nodes.await(
                "topic " + name, () -> get(lead().createTopic(name, Nodes.partitions(1))) instanceof TopicOutcome.Done);
    }

    /// Appends through whoever leads; tries again until it is in.
    void append(String value) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Nodes.PATIENCE_S);
        while (System.nanoTime() < deadline) {
            AppendRequest request =
                    new AppendRequest("t", 0, records(value), Acknowledgement.QUORUM, value, 1, -1, null);
            try {
                AppendOutcome outcome = get(lead().append(request));
                if (outcome instanceof AppendOutcome.Appended || outcome instanceof AppendOutcome.Duplicate) {
                    return;
                }
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof OutcomeUnknownException)) {
                    throw e;
                }
            }
        }
        throw new AssertionError("could not append " + value);
    }

    void awaitEverywhere(List<String> expected) {
        nodes.forEach((id, node) -> Nodes.await(
                id + " has everything",
                () -> node.topic("t").isPresent()
                        && values(node.partition("t", 0)).equals(expected)));
    }

    /// Asks whoever leads, and whoever leads next when that one says so.
    MembershipOutcome change(Function<Cluster, java.util.concurrent.CompletableFuture<MembershipOutcome>> what)
            throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Nodes.PATIENCE_S);
        while (true) {
            MembershipOutcome outcome = what.apply(lead().cluster()).get(90, TimeUnit.SECONDS);
            if (!(outcome instanceof MembershipOutcome.NotLeader) || System.nanoTime() > deadline) {
                return outcome;
            }
            LockSupport.parkNanos(5_000_000);
        }
    }

    /// Asks whoever leads group 0, again until the outcome is `decided` or there is no more patience.
    MembershipOutcome changeByGroupZero(
            Function<Cluster, CompletableFuture<MembershipOutcome>> what, Predicate<MembershipOutcome> decided)
            throws Exception {
        MembershipOutcome outcome = new MembershipOutcome.NotLeader(null);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
        while (!decided.test(outcome) && System.nanoTime() < deadline) {
            for (ReplicatedLog node : List.copyOf(nodes.values())) {
                if (!decided.test(outcome) && node.leads("", 0)) {
                    outcome = what.apply(node.cluster()).get(150, TimeUnit.SECONDS);
                }
            }
            LockSupport.parkNanos(50_000_000);
        }
        return outcome;
    }

    /// What a test does with one leader.
    interface Scene {
        void play(String leader) throws Exception;
    }

    /// Plays a scene that is true only while one and the same node leads. On a busy machine an election may come
    /// between its lines; then it is played again, and what fails while nobody else was elected fails for good.
    void whileOneLeads(Scene scene) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Nodes.PATIENCE_S);
        while (true) {
            String leader = leader();
            long term = node(leader).health().term();
            try {
                scene.play(leader);
                return;
            } catch (Exception | AssertionError failure) {
                boolean sameLeader =
                        node(leader).leads("t", 0) && node(leader).health().term() == term;
                if (sameLeader || System.nanoTime() > deadline) {
                    throw failure;
                }
            }
        }
    }

    /// All at once, as a power cut would: stopped one after the other, each leader would look for a successor first,
    /// and each node waits a second for a thread of Ratis.
    @Override
    public void close() {
        List<Thread> closing = new ArrayList<>();
        nodes.values().forEach(node -> closing.add(Thread.ofPlatform().start(() -> GroupLogs.abandon(node))));
        for (Thread thread : closing) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while the nodes were closing", e);
            }
        }
    }
}
