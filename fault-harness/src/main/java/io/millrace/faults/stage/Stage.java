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
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The nodes of one run, who uses them, and everything that can be done to them.
///
/// Nodes are numbered from 0. Every fault and repair is noted in the history.
///
/// Threading: one thread breaks things; clients ask for addresses from theirs.
public final class Stage implements Nodes, AutoCloseable {
    private static final Duration READY_PATIENCE = Duration.ofSeconds(180);
    private static final Duration WRITE_PATIENCE = Duration.ofSeconds(180);
    private static final Duration CHANGE_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(2);
    private static final long POLL_MS = 50;
    private static final long WRITES_PAUSE_MS = 300;
    private static final int PARTITIONS = 4;
    private static final int PRODUCERS = 8;
    private static final int HTTP_PORT = 1109;
    private static final int RAFT_PORT = 1108;
    private static final String TOKEN = "fault-harness";

    private final Path launcher;
    private final Path folder;
    private final Set<Need> uses;
    private final Setup setup;
    private final @Nullable Certificates certificates;
    private final History history;
    private final SplittableRandom random;
    private final @Nullable Network network;
    private final List<RealNode> nodes = new CopyOnWriteArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private final Set<Integer> removed = ConcurrentHashMap.newKeySet();
    private final Map<Integer, LoopDisk> disks = new HashMap<>();
    private final Map<Integer, WallClock> clocks = new HashMap<>();
    private final HttpTransport honest;
    private final Transport transport;
    private final Workload workload;
    private final List<Long> resumedAfterMs = new CopyOnWriteArrayList<>();
    private final List<Tracer> tracers = new ArrayList<>();
    private int[] led = IntStream.range(0, PARTITIONS).toArray(); // by the leader that was asked for last
    private final Groups groups;
    private int drawnGroup; // of the partition that was drawn last; only where groups are on some of the nodes
    private int restarts;
    private long clockMax;

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
        this.folder = folder;
        this.setup = setup;
        this.certificates = setup.tls() ? new Certificates(launcher, folder.resolve("certs")) : null;
        this.uses = Set.copyOf(uses);
        this.history = history;
        this.random = new SplittableRandom(seed);
        this.network = Sandbox.isInside() ? new Network() : null;
        prepare(count);
        this.honest = new HttpTransport(
                this::addresses, network == null ? "" : TOKEN, certificates == null ? null : certificates.context());
        this.transport = lie == null ? honest : new LyingTransport(honest, lie);
        this.groups = new Groups(this, setup.groups(), setup.replicationFactor(), PARTITIONS);
        this.workload = new Workload(this, transport, history, PARTITIONS, PRODUCERS, seed);
    }

    private record Place(String scheme, String host, int httpPort, int raftPort) {
        URI address() {
            return URI.create(scheme + "://" + host + ":" + httpPort);
        }
    }

    private void prepare(int count) throws IOException, InterruptedException {
        for (int i = 0; i < count; i++) {
            places.add(makePlace(i));
        }
        makeCertificates(0, count);
        for (int i = 0; i < count; i++) {
            nodes.add(makeNode(i, count == 1 ? alone(places.get(i)) : formedWith(i)));
        }
    }

    /// For nodes from one index on, to another one exclusive, whose places are known.
    private void makeCertificates(int from, int to) throws IOException, InterruptedException {
        if (certificates != null) {
            certificates.make(
                    IntStream.range(from, to).mapToObj(Stage::nameOf).toList(),
                    places.subList(from, to).stream()
                            .map(Place::host)
                            .distinct()
                            .toList());
        }
    }

    private Place makePlace(int index) throws IOException, InterruptedException {
        String scheme = setup.tls() ? "https" : "http";
        if (network == null) {
            return new Place(scheme, "127.0.0.1", freePort(), freePort());
        }
        network.add();
        return new Place(scheme, Network.host(index + 1), HTTP_PORT, RAFT_PORT);
    }

    private static List<String> alone(Place place) {
        return List.of("--cluster.node-id", nameOf(0), "--raft.port", String.valueOf(place.raftPort()));
    }

    /// Settings of a node that makes a cluster together with all others.
    private List<String> formedWith(int index) {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            all.add("%s=%s:%d/%d".formatted(nameOf(i), place.host(), place.raftPort(), place.httpPort()));
        }
        return List.of("--cluster.node-id", nameOf(index), "--cluster.nodes", String.join(",", all));
    }

    /// Settings of a node that joins.
    private List<String> joining(int index, int member) {
        return List.of(
                "--cluster.node-id",
                nameOf(index),
                "--cluster.join",
                nodes.get(member).address().toString(),
                "--raft.port",
                String.valueOf(places.get(index).raftPort()));
    }

    private static String nameOf(int index) {
        return "n" + (index + 1);
    }

    private RealNode makeNode(int index, List<String> own) throws IOException, InterruptedException {
        String name = nameOf(index);
        Place place = places.get(index);
        Path parent = folder;
        if (uses.contains(Need.DISK)) {
            LoopDisk disk = LoopDisk.make(folder, name);
            disks.put(index, disk);
            parent = disk.folder();
        }
        Path dataFolder = parent.resolve(name);
        List<String> settings = new ArrayList<>(List.of(
                "--host",
                place.host(),
                "--port",
                String.valueOf(place.httpPort()),
                "--data-dir",
                dataFolder.toString(),
                // small, so that files are sealed and logs are cut short within a run
                "--raft.snapshot-bytes",
                "4194304",
                "--log.segment-bytes-max",
                "1048576",
                "--log.free-bytes-min",
                "67108864"));
        settings.addAll(own);
        if (setup.groups() > 1) {
            settings.addAll(List.of("--raft.groups", String.valueOf(setup.groups())));
        }
        if (setup.isPlaced()) {
            settings.addAll(List.of("--raft.replication-factor", String.valueOf(setup.replicationFactor())));
        }
        if (certificates != null) {
            settings.addAll(certificates.settings(name));
        }
        Map<String, String> environment = new HashMap<>();
        if (network != null) {
            settings.addAll(List.of("--tokens", TOKEN));
        }
        if (uses.contains(Need.CLOCK)) {
            WallClock clock = WallClock.make(folder, name);
            clocks.put(index, clock);
            environment.putAll(clock.environment());
        }
        return new RealNode(
                name,
                place.address(),
                dataFolder,
                folder.resolve(name + ".log"),
                network == null ? List.of() : network.enter(index + 1),
                settings,
                environment);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
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

    /// The node that leads the records, once one does: with several groups, those of a partition that is drawn
    /// by chance.
    public int leader() throws IOException, InterruptedException {
        if (setup.groups() == 1) {
            return count() == 1 ? 0 : await("it leads", this::leadsMetadata);
        }
        int partition = random.nextInt(PARTITIONS);
        int leader = await(
                "it leads partition " + partition,
                node -> IntStream.of(ledBy(node)).anyMatch(it -> it == partition));
        led = ledBy(leader);
        if (setup.isPlaced()) { // what it leads beside that may have a majority without the same nodes
            drawnGroup = groups.of(partition);
            List<Integer> own = new ArrayList<>();
            for (int one : led) {
                if (groups.of(one) == drawnGroup) {
                    own.add(one);
                }
            }
            led = own.stream().mapToInt(Integer::intValue).toArray();
        }
        note(name(leader) + " leads partition " + partition + " of " + Arrays.toString(led));
        return leader;
    }

    private interface Question {
        boolean holdsFor(int node) throws InterruptedException;
    }

    /// The first member for which something holds.
    private int await(String what, Question question) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + READY_PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            for (int i : members()) {
                if (question.holdsFor(i)) {
                    return i;
                }
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        throw new IOException("no node said that " + what + " within " + READY_PATIENCE.toSeconds() + " s");
    }

    /// Whether a node says that it leads the first group, which carries topics and members.
    private boolean leadsMetadata(int index) throws InterruptedException {
        return ask(index, "/v1/cluster", "groups").stream()
                .anyMatch(group -> Json.number(group, "group", 0) == 0
                        && Json.text(group, "role", "").equals("leader"));
    }

    /// The partitions that a node says it leads.
    private int[] ledBy(int index) throws InterruptedException {
        return ask(index, "/broker/topics/" + Workload.TOPIC, "partitions").stream()
                .filter(partition -> Json.text(partition, "leader", "").equals(name(index)))
                .mapToInt(partition -> (int) Json.number(partition, "partition", -1))
                .toArray();
    }

    /// A node that holds a partition drawn by chance: any member where all hold everything.
    public int anyReplica() throws IOException, InterruptedException {
        return setup.isPlaced() ? oneOf(groups.holders(drawGroup())) : any();
    }

    /// All that hold what was drawn when the leader was asked for last, but the leader.
    public int[] otherReplicas(int leader) throws IOException, InterruptedException {
        if (!setup.isPlaced()) {
            return others(leader);
        }
        return Arrays.stream(groups.holders(drawnGroup))
                .filter(node -> node != leader)
                .toArray();
    }

    // ---- groups on some of the nodes

    /// Whether groups are on some of the nodes only.
    public boolean isPlaced() {
        return setup.isPlaced();
    }

    /// The group of a partition drawn by chance.
    public int drawGroup() throws IOException, InterruptedException {
        drawnGroup = groups.of(random.nextInt(PARTITIONS));
        return drawnGroup;
    }

    /// A group with records beside this one; the same when there is no other.
    public int otherGroup(int group) {
        return group % (setup.groups() - 1) + 1;
    }

    public int[] holders(int group) throws IOException, InterruptedException {
        return groups.holders(group);
    }

    /// Where a group could be instead: on as many other nodes as there are.
    public int[] elsewhere(int group) throws IOException, InterruptedException {
        return groups.elsewhere(group);
    }

    /// How many nodes shall hold each group.
    public int replicas() {
        return groups.wanted();
    }

    /// Nodes, drawn by chance, that can all go without any group losing its majority.
    public int[] expendable(int atMost) throws IOException, InterruptedException {
        return groups.expendable(atMost);
    }

    /// Waits until all groups are where they shall be; at once where every node holds everything.
    public void awaitPlaced() throws IOException, InterruptedException {
        if (setup.isPlaced()) {
            groups.awaitSettled();
        }
    }

    /// Waits until no node has files of groups that have left it.
    public void awaitLeft() throws IOException, InterruptedException {
        groups.awaitLeft();
    }

    /// Moves a group to these nodes, the one that should lead first, and ends when it is there.
    public void move(int group, int... to) throws IOException, InterruptedException {
        List<String> names = Arrays.stream(to).mapToObj(this::name).toList();
        reassign("{\"group\":" + group + ",\"nodes\":[\"" + String.join("\",\"", names) + "\"]}");
        int[] wanted = Arrays.stream(to).sorted().toArray();
        int[] has = groups.holders(group);
        if (!Arrays.equals(wanted, has)) {
            throw new IOException("group " + group + " is said to have moved to " + names + ", but is on "
                    + Arrays.stream(has).mapToObj(this::name).toList());
        }
    }

    /// Changes how many nodes hold each group, and ends when that is so.
    public void replicate(int replicas) throws IOException, InterruptedException {
        groups.wanted(replicas);
        reassign("{\"replication_factor\":" + replicas + "}");
    }

    /// Spreads groups evenly, and ends when that is done.
    public void level() throws IOException, InterruptedException {
        reassign("{}");
    }

    private void reassign(String wish) throws IOException, InterruptedException {
        note("reassign " + wish);
        change(Request.post(0, "/v1/cluster/reassign", wish, CHANGE_TIMEOUT), "");
        note("reassigned " + wish);
    }

    /// The node that leads the group of metadata and members.
    public int metadataLeader() throws IOException, InterruptedException {
        return await("it leads the metadata", this::leadsMetadata);
    }

    /// The open file of the Raft log of one group.
    public Path raftLog(int index, int group) throws IOException {
        return groups.raftLog(index, group);
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

    // ---- membership

    /// Starts one more node, which joins, and waits until it is ready.
    public int grow() throws IOException, InterruptedException {
        int index = count();
        places.add(makePlace(index));
        makeCertificates(index, index + 1);
        nodes.add(makeNode(index, joining(index, any())));
        start(index);
        awaitReady(index);
        workload.addConsumer(index);
        return index;
    }

    /// Takes a node out of the cluster, then ends it.
    public void remove(int index) throws IOException, InterruptedException {
        note("remove " + name(index));
        change(Request.delete(0, "/v1/cluster/nodes/" + name(index), CHANGE_TIMEOUT), "no node '" + name(index) + "'");
        removed.add(index);
        kill(index);
    }

    /// Keeps a node from leading, or allows it again.
    public void drain(int index, boolean draining) throws IOException, InterruptedException {
        note("drain " + name(index) + ": " + draining);
        change(
                Request.post(
                        0,
                        "/v1/cluster/nodes/" + name(index) + "/drain",
                        "{\"draining\":" + draining + "}",
                        CHANGE_TIMEOUT),
                "");
    }

    /// Asks whoever leads until it says that the change is made.
    ///
    /// @param madeAlready what a refusal says when an earlier attempt, whose answer was lost, has made it;
    ///     empty for changes that are simply made again
    private void change(Request request, String madeAlready) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + READY_PATIENCE.toNanos();
        String last = "nothing";
        while (System.nanoTime() < deadline) {
            try {
                int leader = count() == 1 ? 0 : await("it leads", this::leadsMetadata);
                Answer answer = honest.send(request.to(leader));
                if (answer.isOk()) { // not so 202, which says that it goes on
                    return;
                }
                last = answer.status() + " " + answer.body();
                if (!madeAlready.isEmpty() && answer.body().contains(madeAlready)) {
                    return;
                }
            } catch (IOException failed) {
                last = failed.toString();
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        throw new IOException(request.method() + " " + request.path() + " did not succeed within "
                + READY_PATIENCE.toSeconds() + " s; the last answer: " + last);
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

    /// From now on this node must acknowledge nothing of what it led when it was last asked for as the leader:
    /// the others that hold it are gone. Where all hold everything that is all there is.
    public void cutOffLed(int index) {
        List<Integer> partitions = setup.isPlaced() ? Arrays.stream(led).boxed().toList() : List.of();
        history.add(new Event.CutOff(history.nowNs(), name(index), partitions));
    }

    /// Writes to a node that is cut off what it led when it was last asked for as the leader, and notes how and
    /// when it answers.
    public Workload.Watch writeToNodeAlone(int index) {
        return workload.writeToNodeAlone(index, led);
    }

    public void restored(int index) {
        history.add(new Event.Restored(history.nowNs(), name(index)));
    }

    /// Starts again what ended by itself, as a supervisor would; the run counts how often.
    public void startWhatEnded() throws IOException, InterruptedException {
        for (int i : members()) {
            if (!isAlive(i)) {
                restarts++;
                start(i);
                awaitReady(i);
            }
        }
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

    // ---- network

    /// Nothing that one sends arrives at the other.
    public void cut(int from, int to) throws IOException, InterruptedException {
        network().cut(from + 1, to + 1);
        note("cut " + name(from) + " -> " + name(to));
    }

    public void healNetwork() throws IOException, InterruptedException {
        note("heal the network");
        network().heal();
    }

    private Network network() {
        if (network == null) {
            throw new IllegalStateException("there is no network of our own outside a sandbox");
        }
        return network;
    }

    // ---- disk

    /// All these nodes lose power at the same time: what was not fsynced is gone. Their disks are back when
    /// this ends.
    public void cutPower(int... indexes) throws IOException, InterruptedException {
        note("cut the power of " + Arrays.stream(indexes).mapToObj(this::name).toList());
        for (int index : indexes) {
            disk(index).cutPower();
        }
        for (int index : indexes) {
            nodes.get(index).kill();
        }
        for (int index : indexes) {
            disk(index).powerOn();
        }
    }

    public void fillDisk(int index) throws IOException {
        note("fill the disk of " + name(index));
        disk(index).fill();
    }

    public void freeDisk(int index) throws IOException {
        note("free the disk of " + name(index));
        disk(index).free();
    }

    private LoopDisk disk(int index) {
        LoopDisk disk = disks.get(index);
        if (disk == null) {
            throw new IllegalStateException(name(index) + " has no disk of its own");
        }
        return disk;
    }

    /// Changes what fsync does in a node, until the tracer is closed or the node ends.
    public Tracer traceFsync(int index, String injection) throws IOException, InterruptedException {
        Tracer tracer = Tracer.attach(nodes.get(index).pid(), injection, folder.resolve("strace.log"));
        tracers.add(tracer);
        note("fsync of " + name(index) + ": " + injection);
        return tracer;
    }

    public Path dataFolder(int index) {
        return nodes.get(index).dataFolder();
    }

    /// Forgets everything that a node, which must be down, has on its disk.
    public void wipe(int index) throws IOException, InterruptedException {
        note("wipe " + name(index));
        Shell.must("rm", "-rf", dataFolder(index).toString());
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

    /// The open file of the node's Raft log, of a group of which it has records.
    public Path raftLog(int index) throws IOException {
        List<Path> logs = raftLogs(index);
        return logs.get(logs.size() == 1 ? 0 : random.nextInt(logs.size()));
    }

    /// The open file of the node's Raft log; where groups are on some of the nodes, of each group of which it has
    /// records.
    public List<Path> raftLogs(int index) throws IOException {
        int[] held = setup.isPlaced() ? groups.on(index) : new int[0];
        if (held.length == 0) {
            return List.of(find(dataFolder(index).resolve("raft"), "log_inprogress_\\d+")
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
        for (int i : members()) {
            for (Path log : raftLogs(i)) {
                awaitLogged(log, sizeBytes);
            }
        }
    }

    /// Waits until the open file of a Raft log holds so much.
    ///
    /// @throws IOException less is written for a long time
    public void awaitLogged(Path log, int sizeBytes) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + READY_PATIENCE.toNanos();
        while (usedSize(log) < sizeBytes) {
            if (System.nanoTime() > deadline) {
                throw new IOException(folder.relativize(log) + " holds less than " + sizeBytes + " bytes after "
                        + READY_PATIENCE.toSeconds() + " s");
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
    }

    /// Segment files of a partition, drawn by chance, once it holds something. Of those that the node holds,
    /// where it holds some only.
    ///
    /// @throws IOException nothing is written for a long time
    public List<Path> awaitSegments(int index) throws IOException, InterruptedException {
        int partition = random.nextInt(PARTITIONS);
        long deadline = System.nanoTime() + READY_PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            List<Path> segments = segments(index, partition);
            if (!segments.isEmpty()) {
                return segments;
            }
            if (setup.isPlaced()) {
                partition = (partition + 1) % PARTITIONS;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        throw new IOException(name(index) + " has no segment of partition " + partition + " after "
                + READY_PATIENCE.toSeconds() + " s");
    }

    /// Segment files of a partition that hold something, oldest first.
    public List<Path> segments(int index, int partition) throws IOException {
        return SegmentFiles.of(dataFolder(index), Workload.TOPIC, partition).stream()
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
        note("flip a bit of " + folder.relativize(file) + " at " + position);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(position);
            int old = bytes.read();
            bytes.seek(position);
            bytes.write(old ^ (1 << random.nextInt(Byte.SIZE)));
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
        byte[] torn = new byte[1 + random.nextInt(3_000)];
        random.nextBytes(torn);
        note("torn write of " + torn.length + " bytes in " + folder.relativize(file) + " at " + position);
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
        note("forget bytes " + start + " to " + used + " of " + folder.relativize(file));
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
        SegmentFiles.Found record = records.get(random.nextInt(records.size()));
        note("forge offset " + record.offset() + " of partition " + partition + " of " + name(index));
        SegmentFiles.forge(record);
        return true;
    }

    // ---- clock

    /// Moves a node's wall clock.
    ///
    /// @param aheadSeconds of the real time; negative for behind
    public void setClock(int index, long aheadSeconds) throws IOException {
        WallClock clock = clocks.get(index);
        if (clock == null) {
            throw new IllegalStateException(name(index) + " has no clock of its own");
        }
        note("clock of " + name(index) + " is ahead by " + aheadSeconds + " s");
        clock.set(aheadSeconds);
        clockMax = Math.max(clockMax, aheadSeconds);
    }

    /// The farthest that a clock has ever been ahead.
    public long clockMax() {
        return clockMax;
    }

    // ---- watching

    public void hold(long ms) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(ms);
    }

    /// From now until a write is acknowledged, with several groups one to each partition; the time is part of
    /// the result.
    ///
    /// @throws IOException writes do not resume
    public void awaitWrites() throws IOException, InterruptedException {
        resumedAfterMs.add(measureWrites());
    }

    private long measureWrites() throws IOException, InterruptedException {
        OptionalLong ms = workload.awaitWrites(WRITE_PATIENCE, setup.groups() > 1);
        if (ms.isEmpty()) {
            throw new IOException("writes did not resume within " + WRITE_PATIENCE.toSeconds() + " s; answers so far: "
                    + workload.answers());
        }
        note("writes resumed after " + ms.getAsLong() + " ms");
        return ms.getAsLong();
    }

    /// Something that somebody does meanwhile.
    @FunctionalInterface
    public interface Repair {
        void run() throws IOException, InterruptedException;
    }

    /// The same as [#awaitWrites], counted from now on while something is repaired.
    public void awaitWritesWhile(Repair repair) throws IOException, InterruptedException {
        doDuring(this::awaitWrites, repair);
    }

    /// Writes, and counts until they resume, again and again while something goes on; the longest time is part of
    /// the result.
    public void awaitWritesDuring(Repair goesOn) throws IOException, InterruptedException {
        FutureTask<Void> meanwhile = begin(goesOn);
        long longestMs = 0;
        do {
            longestMs = Math.max(longestMs, measureWrites());
            TimeUnit.MILLISECONDS.sleep(WRITES_PAUSE_MS);
        } while (!meanwhile.isDone());
        resumedAfterMs.add(longestMs);
        join(meanwhile);
    }

    /// Does something while something else goes on, and waits for both.
    public void doDuring(Repair goesOn, Repair act) throws IOException, InterruptedException {
        FutureTask<Void> meanwhile = begin(goesOn);
        act.run();
        join(meanwhile);
    }

    private static FutureTask<Void> begin(Repair repair) {
        FutureTask<Void> task = new FutureTask<>(() -> {
            repair.run();
            return null;
        });
        Thread.ofVirtual().start(task);
        return task;
    }

    private static void join(FutureTask<Void> task) throws IOException, InterruptedException {
        try {
            task.get();
        } catch (ExecutionException failed) {
            throw new IOException(String.valueOf(failed.getCause()), failed);
        }
    }

    public List<Long> resumedAfterMs() {
        return List.copyOf(resumedAfterMs);
    }

    /// How often a node had to be started again although nobody had killed it.
    public int restarts() {
        return restarts;
    }

    /// Waits until all nodes have the same records, by their own account.
    ///
    /// @throws IOException they do not agree in time
    public void awaitConvergence(Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        String last = "";
        while (System.nanoTime() < deadline) {
            try {
                int one = members()[0];
                long[] first = workload.watermarks(one);
                boolean equal = true;
                StringBuilder all = new StringBuilder(Arrays.toString(first));
                for (int i : others(one)) {
                    long[] other = workload.watermarks(i);
                    all.append(' ').append(Arrays.toString(other));
                    equal &= Arrays.equals(first, other);
                }
                last = all.toString();
                if (equal) {
                    return;
                }
            } catch (IOException notYet) {
                last = notYet.toString();
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        throw new IOException("the nodes do not agree after " + patience.toSeconds() + " s: " + last);
    }

    /// Waits until a node has what another one has now; clients may go on.
    ///
    /// @throws IOException it does not get there in time
    public void awaitCaughtUp(int index, Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        long[] wanted = workload.watermarks(others(index)[0]);
        String last = "";
        while (System.nanoTime() < deadline) {
            try {
                long[] has = workload.watermarks(index);
                last = Arrays.toString(has);
                if (IntStream.range(0, wanted.length).allMatch(i -> has[i] >= wanted[i])) {
                    awaitPlaced(); // what it holds not, it has only said on
                    note(name(index) + " has caught up");
                    return;
                }
            } catch (IOException notYet) {
                last = notYet.toString();
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        throw new IOException(name(index) + " did not catch up within " + patience.toSeconds() + " s: wanted "
                + Arrays.toString(wanted) + ", has " + last);
    }

    /// Reads what is there at the end from every node, then ends them all and reads their files.
    public void readEverything() throws IOException, InterruptedException {
        workload.readFinally();
        if (setup.isPlaced()) {
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
            readFiles(i);
        }
    }

    private void readFiles(int index) throws IOException {
        for (int partition = 0; partition < PARTITIONS; partition++) {
            for (Path file : segments(index, partition)) {
                for (SegmentFiles.Found record : SegmentFiles.read(file)) {
                    history.add(new Event.Stored(
                            history.nowNs(), name(index), partition, record.offset(), record.checksum()));
                }
            }
        }
    }

    public static int partitions() {
        return PARTITIONS;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        for (Tracer tracer : tracers) {
            tracer.close();
        }
        for (RealNode node : nodes) {
            node.kill();
        }
        for (LoopDisk disk : disks.values()) {
            disk.close();
        }
        if (network != null) {
            network.close();
        }
        honest.close();
    }
}
