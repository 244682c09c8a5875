package io.millrace.faults;

import static io.millrace.faults.check.Violation.Kind.DIVERGED;
import static io.millrace.faults.check.Violation.Kind.LOST;
import static io.millrace.faults.check.Violation.Kind.PHANTOM;

import io.millrace.faults.Row.Course;
import io.millrace.faults.Row.Planted;
import io.millrace.faults.load.Lie;
import io.millrace.faults.load.Workload.Watch;
import io.millrace.faults.stage.Need;
import io.millrace.faults.stage.NodeFiles;
import io.millrace.faults.stage.Stage;
import io.millrace.faults.stage.Tracer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// All rows of the table of faults.
///
/// A round begins with all nodes up and ends with all nodes up. How long things stay broken is drawn anew each
/// time.
public final class Rows {
    private static final Set<Need> NOTHING = Set.of();
    private static final Set<Need> NETWORK = Set.of(Need.NETWORK);
    private static final Set<Need> DISK = Set.of(Need.DISK);
    private static final String FAULT = "fault";
    private static final String REPAIR = "repair";

    /// What a node gets to come back by itself before somebody restarts it.
    private static final Duration SELF_REPAIR = Duration.ofSeconds(20);

    private static final int FORGOTTEN_BYTES = 20_000;

    /// Longer than any answer of a node alone may take.
    private static final int ALONE_MS = 4_500;

    private static final int GROWN = 3;

    private static final int[] SIZES = {5, 7};
    /// Of seven nodes, without which the other four still decide.
    private static final int MINORITY = 3;

    private static final long CLOCK_JUMP_S = 7_200;

    private static final Duration CATCH_UP = Duration.ofSeconds(60);

    private static final Planted FROM_MEMORY = Planted.lie("acknowledges from memory", Lie.ACKNOWLEDGES_FROM_MEMORY);
    private static final Planted NOTHING_SENT =
            Planted.lie("acknowledges what it did not write", Lie.ACKNOWLEDGES_NOTHING);
    private static final Planted LATE = Planted.lie("answers errors late", Lie.ANSWERS_LATE);
    private static final Planted ERRORS = Planted.lie("acknowledges errors", Lie.ACKNOWLEDGES_ERRORS);
    private static final Planted CACHE = Planted.lie("answers reads from an old cache", Lie.ANSWERS_FROM_CACHE);
    private static final Planted TWICE = Planted.lie("writes twice", Lie.SENDS_TWICE);
    private static final Planted KEYLESS = Planted.lie("forgets idempotency keys", Lie.FORGETS_KEYS);
    private static final Planted REVERSED = Planted.lie("reverses the lines of a request", Lie.REVERSES_LINES);
    private static final Planted DENIAL = Planted.lie("denies what it has written", Lie.DENIES);

    private static final List<Row> ALL = List.of(
            new Row("kill-one", "kill -9 of any node", FAULT, 1, NOTHING, Rows::killOne, FROM_MEMORY),
            new Row("kill-leader", "kill -9 of the leader", FAULT, 3, NOTHING, Rows::killLeader, KEYLESS),
            new Row("kill-all", "kill -9 of all nodes at once", REPAIR, 2, NOTHING, Rows::killAll, FROM_MEMORY),
            new Row("pause-one", "SIGSTOP of any node, then SIGCONT", REPAIR, 1, NOTHING, Rows::pauseOne, TWICE),
            new Row(
                    "pause-leader",
                    "SIGSTOP of the leader past an election",
                    FAULT,
                    3,
                    NOTHING,
                    Rows::pauseLeader,
                    CACHE),
            new Row(
                    "pause-followers",
                    "SIGSTOP of all but the leader",
                    REPAIR,
                    3,
                    NOTHING,
                    Rows::pauseFollowers,
                    ERRORS),
            new Row("cut-leader", "the leader alone in its network", FAULT, 3, NETWORK, Rows::cutLeader, CACHE),
            new Row("cut-follower", "a follower alone in its network", FAULT, 3, NETWORK, Rows::cutFollower, DENIAL),
            new Row(
                    "cut-leader-out",
                    "the leader hears but cannot speak",
                    FAULT,
                    3,
                    NETWORK,
                    Rows::cutLeaderOut,
                    REVERSED),
            new Row("cut-leader-in", "the leader speaks but cannot hear", FAULT, 3, NETWORK, Rows::cutLeaderIn, LATE),
            new Row(
                    "bridge",
                    "two nodes see the third but not each other",
                    FAULT,
                    3,
                    NETWORK,
                    Rows::bridge,
                    NOTHING_SENT),
            new Row("power-one", "power cut of any node", FAULT, 1, DISK, Rows::cutPowerOfOne, unsafeFlush()),
            new Row("power-all", "power cut of all nodes at once", REPAIR, 2, DISK, Rows::cutPowerOfAll, unsafeFlush()),
            new Row(
                    "fsync-error",
                    "fsync fails on the leader",
                    REPAIR,
                    1,
                    Set.of(Need.TRACER),
                    Rows::failFsync,
                    unsafeFlush()),
            new Row(
                    "fsync-slow",
                    "fsync takes 300 ms on the leader",
                    FAULT,
                    1,
                    Set.of(Need.TRACER),
                    Rows::slowFsync,
                    TWICE),
            new Row("disk-full", "the leader's disk is full, then not", REPAIR, 1, DISK, Rows::fillDisk, ERRORS),
            new Row(
                    "torn-log",
                    "a torn write at the end of a Raft log",
                    REPAIR,
                    1,
                    NOTHING,
                    Rows::tearLog,
                    forgottenLog()),
            new Row(
                    "torn-segment",
                    "a torn write at the end of a segment",
                    REPAIR,
                    1,
                    NOTHING,
                    Rows::tearSegment,
                    forgery()),
            new Row("flip-log", "a flipped bit in a Raft log", FAULT, 1, NOTHING, Rows::flipLog, forgottenLog()),
            new Row("flip-segment", "a flipped bit in a segment", FAULT, 1, NOTHING, Rows::flipSegment, forgery()),
            new Row("wiped", "a node comes back with an empty disk", FAULT, 3, NOTHING, Rows::wipe, forgetfulVoters()),
            new Row(
                    "rollback",
                    "an older version of a segment comes back",
                    FAULT,
                    3,
                    NOTHING,
                    Rows::rollBack,
                    forgery()),
            new Row(
                    "clock",
                    "clocks jump hours forward and back",
                    FAULT,
                    1,
                    Set.of(Need.CLOCK),
                    Rows::jumpClocks,
                    KEYLESS),
            new Row(
                    "membership",
                    "drain the leader, add a node, remove one",
                    FAULT,
                    3,
                    NOTHING,
                    Rows::changeMembers,
                    CACHE,
                    Course.PLANNED),
            new Row(
                    "grow",
                    "one node becomes three; drain, replace",
                    FAULT,
                    3,
                    NOTHING,
                    Rows::grow,
                    KEYLESS,
                    Course.GROWING),
            new Row(
                    "resize",
                    "three nodes become seven, then three again",
                    FAULT,
                    3,
                    NOTHING,
                    Rows::resize,
                    forgetfulNewcomers(),
                    Course.RESIZING),
            new Row(
                    "reassign",
                    "groups move while nodes die",
                    FAULT,
                    4,
                    NOTHING,
                    Rows::reassign,
                    forgetfulReceivers(),
                    Course.MOVING));

    private Rows() {}

    public static List<Row> all() {
        return ALL;
    }

    public static Optional<Row> named(String name) {
        return ALL.stream().filter(row -> row.name().equals(name)).findFirst();
    }

    private static void holdBetween(Stage stage, int minMs, int maxMs) throws InterruptedException {
        stage.hold(stage.random().nextInt(minMs, maxMs));
    }

    // ---- processes

    private static void killOne(Stage stage) throws IOException, InterruptedException {
        kill(stage, stage.cluster().anyReplica());
    }

    private static void killLeader(Stage stage) throws IOException, InterruptedException {
        kill(stage, stage.cluster().leader());
    }

    private static void kill(Stage stage, int victim) throws IOException, InterruptedException {
        stage.kill(victim);
        if (stage.members().length > 2) {
            stage.progress().awaitWrites();
            holdBetween(stage, 0, 1_500);
            stage.start(victim);
        } else {
            stage.start(victim);
            stage.progress().awaitWrites();
        }
        stage.awaitReady(victim);
    }

    private static void killAll(Stage stage) throws IOException, InterruptedException {
        for (int i : stage.members()) {
            stage.kill(i);
        }
        restart(stage, stage.members());
    }

    /// Starts nodes and counts until writes resume.
    private static void restart(Stage stage, int... nodes) throws IOException, InterruptedException {
        for (int node : nodes) {
            stage.start(node);
        }
        stage.progress().awaitWrites();
        for (int node : nodes) {
            stage.awaitReady(node);
        }
    }

    private static void pauseOne(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().anyReplica();
        stage.freeze(victim);
        holdBetween(stage, 300, 5_000);
        stage.thaw(victim);
        stage.progress().awaitWrites();
    }

    private static void pauseLeader(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().leader();
        stage.freeze(victim);
        stage.progress().awaitWrites();
        holdBetween(stage, 0, 2_000);
        stage.thaw(victim);
        stage.awaitReady(victim);
    }

    private static void pauseFollowers(Stage stage) throws IOException, InterruptedException {
        int leader = stage.cluster().leader();
        int[] followers = stage.cluster().otherReplicas(leader);
        for (int follower : followers) {
            stage.freeze(follower);
        }
        stage.cluster().cutOffLed(leader);
        try (Watch _ = stage.cluster().writeToNodeAlone(leader)) {
            holdBetween(stage, ALONE_MS, ALONE_MS + 2_000);
            stage.restored(leader);
        }
        for (int follower : followers) {
            stage.thaw(follower);
        }
        stage.progress().awaitWrites();
    }

    // ---- network

    private static void cutLeader(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().leader();
        for (int other : stage.others(victim)) {
            stage.hardware().cut(victim, other);
            stage.hardware().cut(other, victim);
        }
        awaitWithoutLeader(stage, victim);
    }

    private static void cutLeaderOut(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().leader();
        for (int other : stage.others(victim)) {
            stage.hardware().cut(victim, other);
        }
        awaitWithout(stage, victim);
    }

    private static void cutLeaderIn(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().leader();
        for (int other : stage.others(victim)) {
            stage.hardware().cut(other, victim);
        }
        awaitWithoutLeader(stage, victim);
    }

    /// The same for a leader that hears nothing of others: it can say nothing but that it leads no more.
    private static void awaitWithoutLeader(Stage stage, int victim) throws IOException, InterruptedException {
        stage.cutOff(victim);
        try (Watch _ = stage.cluster().writeToNodeAlone(victim)) {
            stage.progress().awaitWrites();
            holdBetween(stage, ALONE_MS, ALONE_MS + 2_000);
            stage.restored(victim);
        }
        stage.hardware().healNetwork();
        stage.awaitReady(victim);
    }

    /// The victim is cut off: it must acknowledge nothing, the others must go on without it.
    private static void awaitWithout(Stage stage, int victim) throws IOException, InterruptedException {
        stage.cutOff(victim);
        stage.progress().awaitWrites();
        holdBetween(stage, 500, 3_000);
        stage.restored(victim);
        stage.hardware().healNetwork();
        stage.awaitReady(victim);
    }

    private static void cutFollower(Stage stage) throws IOException, InterruptedException {
        int victim = stage.oneOf(stage.cluster().otherReplicas(stage.cluster().leader()));
        for (int other : stage.others(victim)) {
            stage.hardware().cut(victim, other);
            stage.hardware().cut(other, victim);
        }
        awaitWithout(stage, victim);
    }

    private static void bridge(Stage stage) throws IOException, InterruptedException {
        int leader = stage.cluster().leader();
        int other = stage.oneOf(stage.cluster().otherReplicas(leader));
        stage.hardware().cut(leader, other);
        stage.hardware().cut(other, leader);
        stage.progress().awaitWrites();
        holdBetween(stage, 2_000, 5_000);
        stage.hardware().healNetwork();
        stage.awaitReady(other);
    }

    // ---- disks

    private static void cutPowerOfOne(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().anyReplica();
        stage.hardware().cutPower(victim);
        if (stage.members().length > 2) {
            stage.progress().awaitWrites();
            stage.start(victim);
            stage.awaitReady(victim);
        } else {
            restart(stage, victim);
        }
    }

    private static void cutPowerOfAll(Stage stage) throws IOException, InterruptedException {
        stage.hardware().cutPower(stage.members());
        restart(stage, stage.members());
    }

    /// fsync says that all is well and does nothing; then the power goes.
    private static Planted unsafeFlush() {
        return Planted.round(
                "fsync that does nothing, then a power cut", Set.of(LOST), Set.of(Need.DISK, Need.TRACER), stage -> {
                    for (int i : stage.members()) {
                        stage.hardware().traceFsync(i, "retval=0");
                    }
                    holdBetween(stage, 800, 1_500);
                    cutPowerOfAll(stage);
                });
    }

    private static void failFsync(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().leader();
        try (Tracer _ = stage.hardware().traceFsync(victim, "error=EIO")) {
            holdBetween(stage, 500, 2_000);
        }
        stage.progress().awaitWritesWhile(() -> stage.recoverOrRestart(victim, SELF_REPAIR));
    }

    private static void slowFsync(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().leader();
        try (Tracer _ = stage.hardware().traceFsync(victim, "delay_exit=300000")) {
            stage.progress().awaitWrites();
            holdBetween(stage, 1_000, 3_000);
        }
        stage.awaitReady(victim);
    }

    private static void fillDisk(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().leader();
        stage.hardware().fillDisk(victim);
        holdBetween(stage, 1_500, 4_000);
        stage.hardware().freeDisk(victim);
        stage.progress().awaitWritesWhile(() -> stage.recoverOrRestart(victim, SELF_REPAIR));
    }

    // ---- files

    private static void tearLog(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().anyReplica();
        stage.kill(victim);
        Path log = stage.files().raftLog(victim);
        stage.files().tearTail(log, NodeFiles.usedSize(log));
        restart(stage, victim);
    }

    private static void tearSegment(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().anyReplica();
        Path segment = stage.files().awaitSegments(victim).getLast();
        stage.kill(victim);
        stage.files().tearTail(segment, Files.size(segment));
        restart(stage, victim);
    }

    /// Every node forgets the end of its log, as a disk does that lied about a write.
    private static Planted forgottenLog() {
        return Planted.round("all nodes forget the end of their log", Set.of(LOST, DIVERGED), NOTHING, stage -> {
            stage.files().awaitLogged(FORGOTTEN_BYTES); // on a slow machine there may be nothing to forget yet
            for (int i : stage.members()) {
                stage.kill(i);
            }
            forget(stage, stage.members());
            restart(stage, stage.members());
        });
    }

    private static void forget(Stage stage, int... nodes) throws IOException {
        for (int node : nodes) {
            for (Path log : stage.files().raftLogs(node)) {
                stage.files().forgetTail(log, FORGOTTEN_BYTES);
            }
        }
    }

    /// A record changes and its checksum with it.
    private static Planted forgery() {
        return Planted.round("a forged record with a right checksum", Set.of(PHANTOM, DIVERGED), NOTHING, stage -> {
            // behind the restart, because a node that starts may write the end of a segment again from its Raft
            // log
            tearSegment(stage);
            holdBetween(stage, 200, 600);
            int victim = stage.cluster().anyReplica();
            for (int partition = 0; partition < Stage.partitions(); partition++) {
                stage.files().forgeRecord(victim, partition);
            }
        });
    }

    private static void flipLog(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().anyReplica();
        stage.kill(victim);
        Path log = stage.files().raftLog(victim);
        long used = NodeFiles.usedSize(log);
        // a single node cannot tell damage in its last entry from a write that was torn before it was
        // acknowledged
        long end = stage.members().length == 1 ? used / 2 : used;
        flip(stage, victim, log, stage.random().nextLong(Math.max(1, end)));
    }

    private static void flipSegment(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().anyReplica();
        List<Path> segments = stage.files().awaitSegments(victim);
        stage.kill(victim);
        Path segment = segments.get(stage.random().nextInt(segments.size()));
        flip(stage, victim, segment, stage.random().nextLong(Files.size(segment)));
    }

    /// With others, a damaged node makes itself whole. Alone it may refuse to start, and then starts once the
    /// bit is right again.
    private static void flip(Stage stage, int victim, Path file, long position)
            throws IOException, InterruptedException {
        Path saved = stage.files().save(file);
        stage.files().flipBit(file, position);
        if (stage.members().length > 1) {
            rebuild(stage, victim);
            return;
        }
        stage.start(victim);
        if (!stage.becomesReady(victim)) {
            stage.files().copy(saved, file);
            stage.start(victim);
        }
        stage.progress().awaitWrites();
        stage.awaitReady(victim);
    }

    /// A damaged node comes back and is whole again without anybody's help; the others have gone on.
    private static void rebuild(Stage stage, int victim) throws IOException, InterruptedException {
        stage.progress().awaitWrites();
        stage.start(victim);
        stage.awaitReady(victim);
        stage.progress().awaitCaughtUp(victim, CATCH_UP);
    }

    private static void wipe(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().anyReplica();
        stage.kill(victim);
        stage.files().wipe(victim);
        rebuild(stage, victim);
    }

    /// The wiped node gets everything from voters that have forgotten what they had acknowledged.
    private static Planted forgetfulVoters() {
        return Planted.round("a majority forgets the end of its log", Set.of(LOST, DIVERGED), NOTHING, stage -> {
            stage.files().awaitLogged(FORGOTTEN_BYTES);
            int victim = stage.any();
            for (int i : stage.members()) {
                stage.kill(i);
            }
            forget(stage, stage.others(victim));
            stage.files().wipe(victim);
            restart(stage, stage.members());
        });
    }

    private static void rollBack(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().anyReplica();
        Path segment = stage.files().awaitSegments(victim).getLast();
        Path old = segment.resolveSibling(segment.getFileName() + ".old");
        stage.files().copy(segment, old);
        holdBetween(stage, 800, 2_000);
        stage.kill(victim);
        if (Files.exists(segment)) {
            Files.move(old, segment, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
        rebuild(stage, victim);
    }

    // ---- membership

    /// Drains the leader, adds a node, removes an old one; writes go on all the time.
    private static void changeMembers(Stage stage) throws IOException, InterruptedException {
        int leader = stage.cluster().leader();
        stage.cluster().drain(leader, true);
        stage.progress().awaitWrites();
        int added = stage.cluster().grow();
        stage.progress().awaitWrites();
        stage.progress().awaitCaughtUp(added, CATCH_UP);
        stage.cluster().drain(leader, false);
        stage.cluster().remove(stage.oneOf(stage.others(added)));
        stage.progress().awaitWrites();
    }

    /// Begins with one node and adds two, drains the leader, lets one that joined come back without its disk.
    private static void grow(Stage stage) throws IOException, InterruptedException {
        while (stage.members().length < GROWN) {
            int added = stage.cluster().grow();
            stage.progress().awaitWrites();
            stage.progress().awaitCaughtUp(added, CATCH_UP);
        }
        int leader = stage.cluster().leader();
        stage.cluster().drain(leader, true);
        stage.progress().awaitWrites();
        holdBetween(stage, 500, 1_500);
        stage.cluster().drain(leader, false);
        // the first node was told of no other, so without its disk it would begin a cluster of its own
        int victim = stage.oneOf(stage.others(0));
        stage.kill(victim);
        stage.files().wipe(victim);
        rebuild(stage, victim);
        holdBetween(stage, 500, 1_500);
    }

    /// Three nodes become five, then seven. Three of the seven die at once, whoever they are: only if the
    /// votes of those that joined count do writes go on. Then they become five, then three again; whoever goes
    /// is drawn from all, so founders may be replaced by those who joined, and the leader may go.
    private static void resize(Stage stage) throws IOException, InterruptedException {
        for (int size : SIZES) {
            enlarge(stage, size);
            stage.progress().awaitWrites();
        }
        int[] victims = stage.cluster().isPlaced() ? stage.cluster().expendable(MINORITY) : minority(stage);
        for (int victim : victims) {
            stage.kill(victim);
        }
        stage.progress().awaitWrites();
        for (int victim : victims) { // all, because a group is whole only with all that hold it
            stage.start(victim);
        }
        for (int victim : victims) {
            stage.awaitReady(victim);
            stage.progress().awaitCaughtUp(victim, CATCH_UP);
        }
        for (int size : new int[] {SIZES[0], Row.RESIZED_FROM}) {
            while (stage.members().length > size) {
                stage.cluster().remove(stage.any());
                stage.progress().awaitWrites();
            }
        }
    }

    private static int[] minority(Stage stage) {
        int[] members = stage.members();
        Set<Integer> victims = new TreeSet<>();
        while (victims.size() < MINORITY) {
            victims.add(stage.oneOf(members));
        }
        return victims.stream().mapToInt(Integer::intValue).toArray();
    }

    private static void enlarge(Stage stage, int size) throws IOException, InterruptedException {
        while (stage.members().length < size) {
            stage.progress().awaitCaughtUp(stage.cluster().grow(), CATCH_UP);
        }
        if (stage.cluster().isPlaced()) { // those that joined hold nothing until somebody asks for it
            stage.cluster().level();
            stage.cluster().awaitPlaced();
        }
    }

    /// Nodes that joined acknowledged what they had not kept. They are a majority of seven, and go on without
    /// the founders, who find out when they come back.
    private static Planted forgetfulNewcomers() {
        return Planted.round(
                "those that joined forget the end of their log", Set.of(LOST, DIVERGED), NOTHING, stage -> {
                    int[] founders = stage.members();
                    enlarge(stage, SIZES[1]);
                    stage.files().awaitLogged(FORGOTTEN_BYTES);
                    int[] all = stage.members();
                    for (int i : all) {
                        stage.kill(i);
                    }
                    int[] joined = Arrays.stream(all)
                            .filter(i -> Arrays.stream(founders).noneMatch(founder -> founder == i))
                            .toArray();
                    forget(stage, joined);
                    restart(stage, joined);
                    restart(stage, founders);
                });
    }

    // ---- groups on some of the nodes

    /// A group goes to other nodes and comes back; all groups get one replica more, then one less; one joins
    /// another on the same nodes, and they are spread evenly. Then two moves are disturbed: by the death of the
    /// node that decides where groups go, and of the one that should lead the group at its new place.
    private static void reassign(Stage stage) throws IOException, InterruptedException {
        int group = stage.cluster().drawGroup();
        int[] before = stage.cluster().holders(group);
        int[] other = stage.cluster().elsewhere(group);
        stage.progress().awaitWritesDuring(() -> stage.cluster().move(group, other));
        stage.progress().awaitWritesDuring(() -> stage.cluster().move(group, before));
        int replicas = stage.cluster().replicas();
        stage.progress().awaitWritesDuring(() -> stage.cluster().replicate(replicas + 1));
        stage.progress().awaitWritesDuring(() -> stage.cluster().replicate(replicas));
        int[] crowded = stage.cluster().holders(stage.cluster().otherGroup(group));
        stage.progress()
                .awaitWritesDuring(() -> stage.cluster().move(group, crowded)); // so that there is something to spread
        stage.progress().awaitWritesDuring(stage.cluster()::level);
        stage.cluster().awaitPlaced();

        int decider = stage.cluster().metadataLeader();
        moveAndKill(stage, stage.cluster().drawGroup(), decider);
        int last = stage.cluster().drawGroup();
        moveAndKill(stage, last, stage.cluster().elsewhere(last)[0]);
        stage.cluster().awaitPlaced();
        stage.cluster().awaitLeft();
    }

    private static void moveAndKill(Stage stage, int group, int victim) throws IOException, InterruptedException {
        int[] target = stage.cluster().elsewhere(group);
        stage.progress().doDuring(() -> stage.cluster().move(group, target), () -> {
            holdBetween(stage, 100, 3_000);
            kill(stage, victim);
        });
        stage.progress().awaitWrites();
    }

    /// A group has moved, and a majority of those that hold it now acknowledged what they had not kept. They go
    /// on without the others, who find out when they come back.
    private static Planted forgetfulReceivers() {
        return Planted.round(
                "those that received a group forget the end of its log", Set.of(LOST, DIVERGED), NOTHING, stage -> {
                    int group = stage.cluster().drawGroup();
                    int[] target = stage.cluster().elsewhere(group);
                    int[] forgetful = Arrays.copyOf(target, target.length / 2 + 1);
                    stage.cluster().move(group, target);
                    for (int node : forgetful) {
                        stage.files().awaitLogged(stage.files().raftLog(node, group), FORGOTTEN_BYTES);
                    }
                    for (int node : target) {
                        stage.kill(node);
                    }
                    for (int node : forgetful) {
                        stage.files().forgetTail(stage.files().raftLog(node, group), FORGOTTEN_BYTES);
                    }
                    restart(stage, forgetful);
                    restart(stage, Arrays.copyOfRange(target, forgetful.length, target.length));
                });
    }

    // ---- clocks

    /// Whatever would end early, or never, had it been measured by the wall clock gets the time to do so. At
    /// last the lead goes to a node that is ahead of all times before, with writes on their way that are
    /// repeated there.
    private static void jumpClocks(Stage stage) throws IOException, InterruptedException {
        int victim = stage.cluster().leader();
        for (long ahead : new long[] {CLOCK_JUMP_S, -CLOCK_JUMP_S, 0}) {
            stage.hardware().setClock(victim, ahead);
            stage.progress().awaitWrites();
            holdBetween(stage, 1_500, 3_000);
            stage.progress().awaitWrites();
        }
        stage.awaitReady(victim);
        int leader = stage.cluster().leader();
        long aheadOfAll = stage.hardware().clockMax() + CLOCK_JUMP_S;
        int[] next = stage.members().length > 1 ? stage.others(leader) : new int[] {leader};
        for (int node : next) {
            stage.hardware().setClock(node, aheadOfAll);
        }
        kill(stage, leader);
        holdBetween(stage, 500, 1_500);
        for (int node : next) {
            stage.hardware().setClock(node, 0);
        }
        stage.progress().awaitWrites();
    }
}
