package io.millrace.replication.simulation;

import io.millrace.log.PartitionLog;
import io.millrace.log.disk.SimulatedDisk;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.metadata.IdempotencyWindow;
import io.millrace.replication.partition.EntryModel;
import io.millrace.replication.partition.GroupState;
import io.millrace.replication.snapshot.Manifest;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One seed: a cluster, clients, and one order of everything that happens to them. Faults stop after a while, the
/// cluster heals, and then every node, every record and every answer is compared with the model.
///
/// One thread, no real time, no other source of chance: the same seed does the same again.
final class Simulation {
    private static final long START_MS = 1_000_000;
    private static final int HEAL_ROUNDS_MAX = 400;

    private final SplittableRandom random;
    private final Parts parts;
    private final SimulatedNode.Configuration configuration;
    private final Trace trace;
    private final SimulatedNode[] nodes;
    private final SimulatedGroup group;
    private final Workload workload;
    private final int hostility;
    private final int steps;
    private long timeMs = START_MS;
    private boolean hostile = true;
    // manifests that were seen, by index; every node must write the same
    private final Map<Long, byte[]> manifests = new TreeMap<>();
    private int faults;
    private int installs;
    private int wipes;

    private Simulation(long seed, Parts parts, Trace trace) {
        this.random = new SplittableRandom(seed);
        this.parts = parts;
        this.trace = trace;
        this.configuration = new SimulatedNode.Configuration(
                new int[] {1, 3, 3, 3, 5}[random.nextInt(5)],
                random.nextBoolean() ? 700 : 2_500,
                1_000 + random.nextInt(6_000),
                random.nextInt(5) == 0);
        this.hostility = random.nextInt(1, 12);
        this.steps = 100 + random.nextInt(600);
        this.nodes = new SimulatedNode[configuration.nodes()];
        this.group = new SimulatedGroup(
                nodes, random.split(), new EntryModel(configuration.keysMax(), configuration.windowMs()));
        for (int number = 0; number < nodes.length; number++) {
            nodes[number] = new SimulatedNode(
                    number, group, configuration, parts, random.split(), () -> Instant.ofEpochMilli(timeMs));
        }
        this.workload = new Workload(nodes, group, random.split(), configuration.forgetful(), trace);
    }

    /// What a schedule came to.
    ///
    /// @param entries in the one history
    /// @param acknowledged appends that were answered with an offset
    record Summary(int nodes, int entries, int acknowledged, int faults, int installs, int wipes) {}

    /// @throws Violation something happened that must never happen
    static Summary run(long seed, Parts parts) {
        return new Simulation(seed, parts, new Trace(false)).run();
    }

    /// Runs a seed; when it fails, runs it once more and tells what happened on the way.
    static Summary runAndTell(long seed, Parts parts) {
        try {
            return run(seed, parts);
        } catch (Violation violation) {
            Trace trace = new Trace(true);
            try {
                new Simulation(seed, parts, trace).run();
            } catch (Violation again) {
                AssertionError told = new AssertionError(
                        "seed %d (run it alone with -Dmillrace.seed=%d -Dtest=SimulationTest): %s%nschedule:%n%s"
                                .formatted(seed, seed, again.getMessage(), trace),
                        again);
                throw told;
            }
            throw new AssertionError(
                    "seed %d failed once and not again: something in it depends on more than the seed".formatted(seed),
                    violation);
        }
    }

    private Summary run() {
        trace.add("%s, hostility %d, %d steps", configuration, hostility, steps);
        for (SimulatedNode node : nodes) {
            node.start(nanos());
        }
        group.elect(0);
        for (int step = 0; step < steps; step++) {
            workload.tick();
            step();
        }
        heal();
        check();
        if (random.nextBoolean()) {
            trace.add("all nodes lose power");
            for (SimulatedNode node : nodes) {
                node.losePower();
            }
            heal();
            check();
        }
        return new Summary(nodes.length, group.history().size(), workload.acknowledged(), faults, installs, wipes);
    }

    private long nanos() {
        return timeMs * 1_000_000;
    }

    private SimulatedNode someNode() {
        return nodes[random.nextInt(nodes.length)];
    }

    private SimulatedNode leaderOr(SimulatedNode node) {
        for (SimulatedNode each : nodes) {
            SimulatedConsensus consensus = each.consensus();
            if (consensus != null && consensus == group.leader()) {
                return each;
            }
        }
        return node;
    }

    // ---- steps

    private void step() {
        timeMs += random.nextInt(60);
        SimulatedNode node = someNode();
        SimulatedConsensus consensus = node.consensus();
        switch (random.nextInt(26)) {
            case 20, 21, 22, 23 -> round();
            case 24, 25 -> repair();
            case 0, 1, 2, 3 -> {
                for (int left = random.nextInt(4); left >= 0; left--) {
                    group.deliver(false);
                }
            }
            case 4, 5, 6, 7 -> replicate(1 + random.nextInt(4));
            case 8, 9 -> flush(node);
            case 10, 11 -> apply(node, 1 + random.nextInt(4));
            case 12, 13 -> send(node);
            case 14, 15, 16 -> workload.act();
            case 17 -> keepHouse(node);
            case 18 -> {
                if (group.leader() == null || random.nextInt(6) == 0) {
                    trace.add("n%d stands for election", node.number());
                    group.elect(node.number());
                } else if (consensus != null && random.nextInt(10) == 0) {
                    trace.add("%s steps down", node);
                    consensus.stepDown();
                }
            }
            default -> {
                if (random.nextInt(12) < hostility) {
                    fault(random.nextInt(3) == 0 ? leaderOr(node) : node);
                }
            }
        }
        noticeFailures();
    }

    /// What happens all the time when nothing is wrong.
    private void round() {
        for (SimulatedNode node : nodes) {
            send(node);
        }
        replicate(8);
        for (int left = 3 * nodes.length; left > 0; left--) {
            group.deliver(false);
        }
        for (SimulatedNode node : nodes) {
            if (random.nextInt(5) > 0) {
                flush(node);
            }
        }
        for (int left = nodes.length; left > 0; left--) {
            group.deliver(false);
        }
        for (SimulatedNode node : nodes) {
            if (random.nextInt(5) > 0) {
                apply(node, 6);
            }
        }
        workload.act();
    }

    private void replicate(int countMax) {
        for (SimulatedNode node : nodes) {
            SimulatedConsensus consensus = node.consensus();
            if (consensus != null && consensus.isLeading()) {
                for (SimulatedNode other : nodes) {
                    if (!consensus.replicate(other.number(), countMax)) {
                        install(node, other);
                        return;
                    }
                }
            }
        }
    }

    private void flush(SimulatedNode node) {
        SimulatedConsensus consensus = node.consensus();
        if (consensus != null) {
            consensus.flush();
        }
    }

    private void apply(SimulatedNode node, int countMax) {
        if (node.consensus() != null) {
            node.step(() -> Objects.requireNonNull(node.consensus()).apply(countMax));
        }
    }

    private void send(SimulatedNode node) {
        if (node.isUp()) {
            node.log().sendEntry();
        }
    }

    private void keepHouse(SimulatedNode node) {
        if (node.isUp()) {
            node.step(() -> node.log().keepHouse(nanos()));
            rememberManifest(node);
            if (node.isUp() && random.nextInt(3) == 0) {
                workload.read(node);
            }
        }
    }

    /// A follower that needs entries which the leader has purged gets a copy of everything. One that can go on from
    /// its own log says so instead.
    private void install(SimulatedNode leader, SimulatedNode follower) {
        SimulatedConsensus leading = Objects.requireNonNull(leader.consensus());
        SimulatedConsensus following = follower.consensus();
        if (following == null || following.isDead()) {
            return;
        }
        if (following.applied() >= leading.log.baseIndex()) {
            leading.forgetWhatIsKnownOf(follower.number());
            return;
        }
        if (random.nextInt(3) == 0 && hostile) {
            follower.losePowerSoon();
        }
        leader.step(() -> {
            try (ReplicaCopy copy = leader.log().openCopy()) {
                trace.add("%s fetches a copy of %s up to entry %d", follower, leader, copy.index());
                installs++;
                follower.rebuildFrom(copy);
            }
        });
        if (leader.consensus() == leading) {
            leading.forgetWhatIsKnownOf(follower.number());
        }
    }

    // ---- faults

    private void fault(SimulatedNode node) {
        faults++;
        switch (random.nextInt(22)) {
            case 20 -> {
                if (node.isUp()) {
                    trace.add("%s will lose power while it takes a snapshot", node);
                    node.losePowerSoon();
                    node.step(() -> node.log().takeSnapshot());
                }
            }
            case 0, 21 -> {
                if (node.isUp()) {
                    trace.add("%s loses power", node);
                    node.losePower();
                }
            }
            case 1 -> {
                if (node.isUp()) {
                    trace.add("%s is killed", node);
                    node.kill();
                }
            }
            case 2 -> {
                trace.add("all nodes lose power");
                for (SimulatedNode each : nodes) {
                    each.losePower();
                }
            }
            case 3, 4 -> {
                trace.add("%s will lose power soon", node);
                node.losePowerSoon();
            }
            case 5 -> {
                trace.add("an fsync of %s will fail", node);
                node.failNextSync();
            }
            case 6 -> {
                if (node.isUp() && random.nextInt(2) == 0) {
                    trace.add("the raft log of %s fails", node);
                    node.failRaftLog();
                }
            }
            case 7 -> {
                trace.add("the disk of %s is nearly full", node);
                node.fill();
            }
            case 8, 9, 10 -> {
                SimulatedNode other = someNode();
                trace.add("%s hears nothing from %s", node, other);
                group.cut(other.number(), node.number(), true);
                if (random.nextBoolean()) {
                    group.cut(node.number(), other.number(), true);
                }
            }
            case 11 -> {
                trace.add("%s hears nobody and nobody hears it", node);
                for (SimulatedNode other : nodes) {
                    group.cut(other.number(), node.number(), true);
                    group.cut(node.number(), other.number(), true);
                }
            }
            case 12, 13 -> {
                long ms = random.nextInt(-20_000, 20_000);
                trace.add("the clock of %s is turned by %d ms", node, ms);
                node.turnClock(ms);
            }
            case 14 -> {
                trace.add("a long time passes");
                timeMs += random.nextInt(100_000);
            }
            case 15 -> {
                if (node.isUp()) {
                    trace.add("requests of %s time out", node);
                    node.log().timeOut();
                }
            }
            case 16, 17 -> {
                SimulatedConsensus consensus = node.consensus();
                if (consensus != null) {
                    trace.add("a reply inside %s is lost", node);
                    consensus.loseReply();
                }
            }
            case 18 -> {
                if (node.isUp() && node.log().isIdle()) {
                    trace.add("%s is stopped", node);
                    node.step(node::stop);
                    if (node.isUp()) {
                        node.kill();
                    }
                }
            }
            default -> wipe(node);
        }
    }

    /// Only while all others are whole: more lost disks at once than a majority can spare lose data, as they must.
    private void wipe(SimulatedNode node) {
        for (SimulatedNode other : nodes) {
            if (!group.votes(other.number())) {
                return;
            }
        }
        if (nodes.length > 1) {
            trace.add("the disk of %s is lost; an empty one takes its place", node);
            wipes++;
            node.wipe();
            if (!parts.aWipedNodeVotes()) {
                group.wiped(node.number());
            }
        }
    }

    private void repair() {
        SimulatedNode node = someNode();
        if (random.nextInt(3) == 0) {
            group.joinAll();
        }
        if (random.nextInt(4) == 0) {
            node.makeRoom();
        }
        group.admit(node.number());
        start(node);
    }

    private void start(SimulatedNode node) {
        if (!node.isUp()) {
            node.start(nanos());
            SimulatedConsensus consensus = node.consensus();
            trace.add("%s starts: %s", node, consensus == null ? "not" : "at entry " + consensus.applied());
        }
    }

    /// A process that cannot go on is ended by whoever watches it.
    private void noticeFailures() {
        for (SimulatedNode node : nodes) {
            if (node.isUp() && node.failure() != null && random.nextInt(8) == 0) {
                trace.add("%s is ended: %s", node, node.failure());
                node.kill();
            }
        }
    }

    // ---- the end

    private void heal() {
        trace.add("all faults end");
        hostile = false;
        group.joinAll();
        for (SimulatedNode node : nodes) {
            node.makeRoom();
            if (node.isUp()
                    ? node.failure() != null || node.disk().hasPendingFault()
                    : node.disk().hasPendingFault()) {
                node.losePower();
            }
        }
        int round = 0;
        while (!healed(round)) {
            if (round++ > HEAL_ROUNDS_MAX) {
                throw new Violation(Invariant.THE_CLUSTER_HEALS, "not healed: %s, %s", state(), workload.open());
            }
            timeMs += 50;
            workload.tick();
            for (SimulatedNode node : nodes) {
                if (node.failure() != null) {
                    node.kill(); // an earlier fault comes to light
                }
                start(node);
                group.admit(node.number());
            }
            SimulatedConsensus leader = group.leader();
            if (leader == null || !leader.leads() && round % 20 == 0) {
                group.elect(round % nodes.length);
            }
            replicate(50);
            while (!group.isQuiet()) {
                group.deliver(true);
            }
            for (SimulatedNode node : nodes) {
                flush(node);
                apply(node, 50);
                send(node);
                if (round % 30 == 0) {
                    node.log().timeOut(); // what a lost lead left without an answer
                }
                node.step(() -> node.log().keepHouse(nanos()));
            }
        }
        trace.add("healed: %s", state());
    }

    private boolean healed(int round) {
        boolean settled = workload.settle();
        SimulatedConsensus leader = group.leader();
        if (!settled || leader == null || !leader.leads() || round == 0) {
            return false;
        }
        for (SimulatedNode node : nodes) {
            SimulatedConsensus consensus = node.consensus();
            if (consensus == null
                    || !group.votes(node.number())
                    || consensus.applied() != leader.log.lastIndex()
                    || !node.log().isIdle()) {
                return false;
            }
        }
        return true;
    }

    private String state() {
        StringBuilder text = new StringBuilder();
        for (SimulatedNode node : nodes) {
            SimulatedConsensus consensus = node.consensus();
            text.append(
                    consensus == null
                            ? "%s down; ".formatted(node)
                            : "%s %s term %d applied %d of %d; "
                                    .formatted(
                                            node,
                                            consensus.isDead() ? "dead" : consensus.isLeading() ? "leads" : "follows",
                                            consensus.term(),
                                            consensus.applied(),
                                            node.raftLog().lastIndex()));
        }
        return text.toString();
    }

    /// Everything at rest: all nodes, the model and a straight run over the history must be the same.
    private void check() {
        workload.check();
        try {
            byte[] straight = straightRun();
            List<Map<String, Map<Long, byte[]>>> batches = new ArrayList<>();
            for (SimulatedNode node : nodes) {
                workload.read(node);
                compareWithModel(node);
                if (!node.log().takeSnapshot()) {
                    throw new Violation(Invariant.THE_CLUSTER_HEALS, "%s takes no snapshot: %s", node, node.failure());
                }
                rememberManifest(node);
                byte[] manifest = comparable(manifest(node.disk()));
                if (!Arrays.equals(straight, manifest)) {
                    throw new Violation(
                            Invariant.SNAPSHOT_AND_REPLAY_EQUAL_A_STRAIGHT_RUN,
                            "the manifest of %s differs from that of a straight run:%n%s%n%s",
                            node,
                            manifest(node.disk()),
                            configuration);
                }
                batches.add(batches(node));
            }
            compareBatches(batches);
        } catch (IOException e) {
            throw new Violation(Invariant.THE_CLUSTER_HEALS, e, "a healed node fails: " + e);
        }
    }

    private void compareWithModel(SimulatedNode node) {
        List<Topic> topics = group.model().topics();
        if (!node.face().topics().equals(topics)) {
            throw new Violation(
                    Invariant.REPLICAS_ARE_EQUAL,
                    "%s has %s, the model %s",
                    node,
                    node.face().topics(),
                    topics);
        }
        for (Topic topic : topics) {
            for (int partition = 0; partition < topic.partitions(); partition++) {
                EntryModel.Contents expected = group.model().contents(topic.name(), partition);
                PartitionLog log = node.face().partition(topic.name(), partition);
                if (log.earliestOffset() != expected.earliest()
                        || log.nextOffset() != expected.values().size()
                        || log.highWatermark() != log.nextOffset()) {
                    throw new Violation(
                            Invariant.REPLICAS_ARE_EQUAL,
                            "%s has offsets %d to %d (visible to %d) in %s-%d, the model %d to %d",
                            node,
                            log.earliestOffset(),
                            log.nextOffset(),
                            log.highWatermark(),
                            topic.name(),
                            partition,
                            expected.earliest(),
                            expected.values().size());
                }
                Long commit = node.face()
                        .groups()
                        .getOrDefault("g", Map.of())
                        .get(new TopicPartition(topic.name(), partition));
                if (!Objects.equals(commit, expected.commits().get("g"))) {
                    throw new Violation(
                            Invariant.REPLICAS_ARE_EQUAL,
                            "%s has commit %s, the model %s",
                            node,
                            commit,
                            expected.commits());
                }
            }
        }
        Map<String, Long> versions = new TreeMap<>();
        node.face().documents("").forEach((key, document) -> versions.put(key, document.version()));
        if (!versions.equals(group.model().documents())) {
            throw new Violation(
                    Invariant.REPLICAS_ARE_EQUAL,
                    "%s has documents %s, the model %s",
                    node,
                    versions,
                    group.model().documents());
        }
    }

    /// All entries from the first on, on a machine to which nothing ever happened.
    private byte[] straightRun() throws IOException {
        ReplicationSettings settings = SimulatedNode.settings(0, configuration);
        SimulatedDisk disk = new SimulatedDisk(1);
        GroupState state = GroupState.open(disk, settings, 0, NOBODY);
        long index = 0;
        for (RaftLog.Entry entry : group.history()) {
            byte[] bytes = entry.bytes();
            if (bytes == null) {
                state.skip(index, entry.term());
            } else {
                state.apply(index, entry.term(), ByteBuffer.wrap(bytes));
            }
            index++;
        }
        state.takeSnapshot();
        byte[] manifest = comparable(manifest(disk));
        state.close();
        return manifest;
    }

    private static final GroupState.Listener NOBODY = new GroupState.Listener() {
        @Override
        public void appended(TopicPartition partition) {}

        @Override
        public void metadataChanged() {}

        @Override
        public void logFailed(String what, Throwable cause) {}
    };

    private @Nullable Manifest manifest(SimulatedDisk disk) throws IOException {
        return Manifest.read(disk, SimulatedNode.FOLDER.resolve("manifest-0"), configuration.keysMax())
                .orElse(null);
    }

    /// A manifest's content without what may differ: in which segment file a log ends (files that retention allows
    /// to go are gone after different snapshots), and whether an empty partition is mentioned.
    private static byte[] comparable(@Nullable Manifest manifest) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (manifest == null) {
            return bytes.toByteArray();
        }
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeLong(manifest.term());
        out.writeLong(manifest.index());
        out.writeLong(manifest.timeMs());
        manifest.metadata().writeTo(out);
        for (Manifest.PartitionFact fact : manifest.partitions()) {
            long next = fact.end() == null ? 0 : fact.end().nextOffset();
            IdempotencyWindow window = fact.window();
            int keys = window == null ? 0 : window.size();
            if (next == 0 && keys == 0 && fact.earliestOffset() == 0) {
                continue;
            }
            out.writeLong(fact.topicId());
            out.writeInt(fact.partition());
            out.writeLong(fact.earliestOffset());
            out.writeLong(next);
            if (window != null) {
                window.writeTo(out);
            }
        }
        return bytes.toByteArray();
    }

    /// Whoever makes a manifest at an index makes the same.
    private void rememberManifest(SimulatedNode node) {
        if (!node.isUp()) {
            return;
        }
        node.step(() -> {
            Manifest manifest = manifest(node.disk());
            if (manifest == null) {
                return;
            }
            byte[] content = comparable(manifest);
            byte[] before = manifests.putIfAbsent(manifest.index(), content);
            if (before != null && !Arrays.equals(before, content)) {
                throw new Violation(
                        Invariant.SNAPSHOT_AND_REPLAY_EQUAL_A_STRAIGHT_RUN,
                        "%s made a manifest at entry %d that differs from an earlier one",
                        node,
                        manifest.index());
            }
        });
    }

    // ---- bytes of the segment files

    /// By partition folder, the batches on a node's disk by their base offset.
    private Map<String, Map<Long, byte[]>> batches(SimulatedNode node) throws IOException {
        String inForce = Objects.requireNonNull(manifest(node.disk())).folder();
        Map<String, Map<Long, byte[]>> found = new TreeMap<>();
        for (Map.Entry<Path, Map<String, byte[]>> folder :
                node.disk().imageOfCache().folders().entrySet()) {
            if (!folder.getKey().startsWith(SimulatedNode.FOLDER.resolve(inForce))) {
                continue; // aside
            }
            Map<Long, byte[]> batches = new TreeMap<>();
            folder.getValue().forEach((name, bytes) -> {
                if (name.endsWith(".log")) {
                    ByteBuffer file = ByteBuffer.wrap(bytes);
                    int at = 0;
                    while (at < bytes.length) {
                        int size = at + 61 > bytes.length ? -1 : 12 + file.getInt(at + 8);
                        if (size < 61 || size > bytes.length - at) {
                            throw new Violation(
                                    Invariant.REPLICAS_ARE_EQUAL,
                                    "%s/%s of %s has %d bytes, and no batch at byte %d",
                                    folder.getKey(),
                                    name,
                                    node,
                                    bytes.length,
                                    at);
                        }
                        batches.put(file.getLong(at), Arrays.copyOfRange(bytes, at, at + size));
                        at += size;
                    }
                }
            });
            if (!batches.isEmpty()) {
                found.put(
                        SimulatedNode.FOLDER
                                .resolve(inForce)
                                .relativize(folder.getKey())
                                .toString(),
                        batches);
            }
        }
        return found;
    }

    /// What two nodes both have must be the same bytes. (That each has all that it must, reading has shown.)
    private void compareBatches(List<Map<String, Map<Long, byte[]>>> batches) {
        Map<String, Map<Long, byte[]>> first = batches.getFirst();
        for (int number = 1; number < batches.size(); number++) {
            int other = number;
            batches.get(number).forEach((folder, theirs) -> {
                Map<Long, byte[]> ours = first.getOrDefault(folder, Map.of());
                theirs.forEach((offset, bytes) -> {
                    byte[] mine = ours.get(offset);
                    if (mine != null && !Arrays.equals(mine, bytes)) {
                        throw new Violation(
                                Invariant.REPLICAS_ARE_EQUAL,
                                "the batch at offset %d of %s differs between n0 and n%d",
                                offset,
                                folder,
                                other);
                    }
                });
            });
        }
    }
}
