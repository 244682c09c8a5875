package io.millrace.faults.stage;

import io.millrace.faults.history.Event;
import io.millrace.faults.history.History;
import io.millrace.faults.load.Answer;
import io.millrace.faults.load.HttpTransport;
import io.millrace.faults.load.Json;
import io.millrace.faults.load.Lie;
import io.millrace.faults.load.LyingTransport;
import io.millrace.faults.load.Nodes;
import io.millrace.faults.load.Request;
import io.millrace.faults.load.Transport;
import io.millrace.faults.load.Workload;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The nodes of one run and who uses them: nodes start, die and stop for a while; what else can be done to them
/// is in [#cluster], [#hardware] and [#files].
///
/// Nodes are numbered from 0. Every fault and repair is noted in the history.
///
/// Threading: one thread breaks things; clients ask for addresses from theirs.
public final class Stage implements Nodes, AutoCloseable {
    static final Duration READY_PATIENCE = Duration.ofSeconds(180);
    static final long POLL_MS = 50;
    static final int PARTITIONS = 4;
    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(2);
    private static final int PRODUCERS = 8;
    private static final String TOKEN = "fault-harness";

    private final Path launcher;
    private final History history;
    private final SplittableRandom random;
    private final NodeMaker maker;
    private final List<RealNode> nodes;
    private final Set<Integer> removed = ConcurrentHashMap.newKeySet();
    private final HttpTransport honest;
    private final Workload workload;
    private final Groups groups;
    private final Cluster cluster;
    private final Hardware hardware;
    private final NodeFiles files;
    private final Progress progress;
    private int restarts;

    /// Prepares nodes; none is started.
    ///
    /// @param root the project's folder, where the launcher is
    /// @param folder of this run; must be empty
    /// @param setup of the nodes
    /// @param uses what of the machine the run uses, beyond what it has anyway
    /// @param lie planted between clients and nodes; null for none
    public Stage(
            Path root,
            Path folder,
            int count,
            Setup setup,
            Set<Need> uses,
            History history,
            long seed,
            @Nullable Lie lie)
            throws IOException, InterruptedException {
        this.launcher = root.resolve("millrace");
        this.history = history;
        this.random = new SplittableRandom(seed);
        Certificates certificates = setup.tls() ? new Certificates(launcher, folder.resolve("certs")) : null;
        Network network = Sandbox.isInside() ? new Network() : null;
        String token = network == null ? "" : TOKEN;
        this.hardware = new Hardware(this, folder, network);
        this.maker = new NodeMaker(folder, uses, setup, token, hardware, network, certificates);
        this.nodes = new CopyOnWriteArrayList<>(maker.make(count));
        this.honest = new HttpTransport(this::addresses, token, certificates == null ? null : certificates.context());
        Transport transport = lie == null ? honest : new LyingTransport(honest, lie);
        this.groups = new Groups(this, setup.groups(), setup.replicationFactor(), PARTITIONS);
        this.cluster = new Cluster(this, setup, groups);
        this.files = new NodeFiles(this, folder, groups);
        this.progress = new Progress(this, setup.groups() > 1);
        this.workload = new Workload(this, transport, history, PARTITIONS, PRODUCERS, seed);
    }

    /// Who leads, where groups are, and what people ask of a cluster in operation.
    public Cluster cluster() {
        return cluster;
    }

    /// Networks, disks and clocks.
    public Hardware hardware() {
        return hardware;
    }

    /// What nodes have on their disks.
    public NodeFiles files() {
        return files;
    }

    /// Whether the cluster goes on.
    public Progress progress() {
        return progress;
    }

    // ---- who they are

    @Override
    public List<URI> addresses() {
        return nodes.stream().map(RealNode::address).toList();
    }

    @Override
    public String name(int index) {
        return nodes.get(index).name();
    }

    @Override
    public int count() {
        return nodes.size();
    }

    @Override
    public boolean isMember(int index) {
        return !removed.contains(index);
    }

    /// Indexes of all nodes of the cluster.
    public int[] members() {
        return IntStream.range(0, count()).filter(this::isMember).toArray();
    }

    /// All members but one.
    public int[] others(int index) {
        return Arrays.stream(members()).filter(other -> other != index).toArray();
    }

    /// A member, by chance.
    public int any() {
        return oneOf(members());
    }

    public int oneOf(int... indexes) {
        return indexes[random.nextInt(indexes.length)];
    }

    public SplittableRandom random() {
        return random;
    }

    public Workload workload() {
        return workload;
    }

    RealNode node(int index) {
        return nodes.get(index);
    }

    Path dataFolder(int index) {
        return nodes.get(index).dataFolder();
    }

    /// One more node, which will join.
    int addNode() throws IOException, InterruptedException {
        nodes.add(maker.makeJoining(nodes.get(any()).address()));
        return count() - 1;
    }

    /// From now on a node is no member.
    void forget(int index) {
        removed.add(index);
    }

    public static int partitions() {
        return PARTITIONS;
    }

    // ---- what they say

    Answer send(Request request) throws IOException, InterruptedException {
        return honest.send(request);
    }

    /// The objects of one array in an answer; none when there is no answer.
    List<Map<String, @Nullable Object>> ask(int index, String path, String array) throws InterruptedException {
        try {
            Answer answer = honest.send(Request.get(index, path, ASK_TIMEOUT));
            return answer.isOk() ? Json.objects(answer.json(), array) : List.of();
        } catch (IOException down) {
            return List.of(); // then it does not lead
        }
    }

    void note(String text) {
        history.add(new Event.Note(history.nowNs(), text));
    }

    // ---- life

    public void startAll() throws IOException, InterruptedException {
        for (int i = 0; i < count(); i++) {
            if (!nodes.get(i).isAlive()) {
                start(i);
            }
        }
        for (int i = 0; i < count(); i++) {
            awaitReady(i);
        }
    }

    public void start(int index) throws IOException {
        note("start " + name(index));
        nodes.get(index).start(launcher);
    }

    /// Waits until a node says that it is ready.
    ///
    /// @throws IOException it ends, or does not say so in time
    public void awaitReady(int index) throws IOException, InterruptedException {
        RealNode node = nodes.get(index);
        long deadline = System.nanoTime() + READY_PATIENCE.toNanos();
        String last = "nothing";
        while (System.nanoTime() < deadline) {
            if (!node.isAlive()) {
                throw new IOException(
                        node.name() + " ended instead of becoming ready; its log ends with\n" + node.logTail());
            }
            last = readiness(index);
            if (last.isEmpty()) {
                note(node.name() + " is ready");
                return;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        throw new IOException(node.name() + " is not ready after " + READY_PATIENCE.toSeconds() + " s and says " + last
                + "; its log ends with\n" + node.logTail());
    }

    /// Whether a node becomes ready; if it does not, it has ended.
    public boolean becomesReady(int index) throws IOException, InterruptedException {
        try {
            awaitReady(index);
            return true;
        } catch (IOException refused) {
            String log = nodes.get(index).logTail();
            note(name(index) + " refuses: " + log.substring(log.lastIndexOf('\n', log.length() - 2) + 1));
            nodes.get(index).kill();
            return false;
        }
    }

    /// Empty when ready.
    private String readiness(int index) throws InterruptedException {
        try {
            Answer answer = honest.send(Request.get(index, "/ready", ASK_TIMEOUT));
            return answer.isOk() ? "" : answer.status() + " " + answer.body();
        } catch (IOException notYet) {
            return notYet.toString();
        }
    }

    public boolean isAlive(int index) {
        return nodes.get(index).isAlive();
    }

    public void kill(int index) throws IOException, InterruptedException {
        note("kill -9 " + name(index));
        nodes.get(index).kill();
    }

    public void freeze(int index) throws IOException, InterruptedException {
        nodes.get(index).freeze();
        note("froze " + name(index));
    }

    public void thaw(int index) throws IOException, InterruptedException {
        note("thaw " + name(index));
        nodes.get(index).thaw();
    }

    /// From now on this node must acknowledge nothing.
    public void cutOff(int index) {
        history.add(new Event.CutOff(history.nowNs(), name(index)));
    }

    void cutOff(int index, List<Integer> partitions) {
        history.add(new Event.CutOff(history.nowNs(), name(index), partitions));
    }

    /// It may acknowledge again.
    public void restored(int index) {
        history.add(new Event.Restored(history.nowNs(), name(index)));
    }

    /// Waits until a node is ready again by itself; when it is not in time, it is restarted, which is counted.
    public void recoverOrRestart(int index, Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (isAlive(index) && System.nanoTime() < deadline) {
            if (readiness(index).isEmpty()) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        note(name(index) + " did not recover by itself");
        restarts++;
        nodes.get(index).kill();
        start(index);
        awaitReady(index);
    }

    /// How often a node had to be started again although nobody had killed it.
    public int restarts() {
        return restarts;
    }

    // ---- the end

    public void hold(long ms) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(ms);
    }

    /// Reads what is there at the end from every node, then ends them all and reads their files.
    public void readEverything() throws IOException, InterruptedException {
        workload.readFinally();
        if (cluster.isPlaced()) {
            groups.note(history);
        }
        for (int i : members()) {
            workload.readAll(i);
        }
        for (int i : members()) {
            if (!nodes.get(i).terminate()) {
                throw new IOException(name(i) + " did not end well at SIGTERM; its log ends with\n"
                        + nodes.get(i).logTail());
            }
        }
        for (int i : members()) {
            files.readInto(history, i);
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        hardware.letGo();
        for (RealNode node : nodes) {
            node.kill();
        }
        hardware.takeAway();
        honest.close();
    }
}
