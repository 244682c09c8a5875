package io.millrace.replication.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.partition.CommandOutcome;
import io.millrace.replication.partition.PendingEntry;
import io.millrace.replication.partition.StateMachine;
import io.millrace.replication.snapshot.Manifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A simulation that finds nothing may only be blind. So each kind of bug is planted once, and must be found.
class PlantedBugsTest {
    private static final int SEEDS_MAX = 400;

    /// @param signs what may be noticed first, of all that follows from it
    private record Bug(String name, Parts parts, Set<Invariant> signs) {
        @Override
        public String toString() {
            return name;
        }
    }

    @BeforeAll
    static void silence() {
        Quiet.on();
    }

    @AfterAll
    static void speak() {
        Quiet.off();
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void aPlantedBugIsFound(Bug bug) {
        for (long seed = 0; seed < SEEDS_MAX; seed++) {
            try {
                Simulation.run(seed, bug.parts());
            } catch (Violation violation) {
                assertThat(bug.signs()).as("seed %d: %s", seed, violation).contains(violation.invariant());
                return;
            }
        }
        throw new AssertionError("not found with %d seeds: %s".formatted(SEEDS_MAX, bug));
    }

    private static final Set<Invariant> LOSS = EnumSet.of(
            Invariant.COMMITTED_ENTRIES_STAY,
            Invariant.REPLICAS_APPLY_THE_SAME_ENTRIES,
            Invariant.A_NODE_STARTS_FROM_WHAT_A_CRASH_LEFT,
            Invariant.A_NODE_FAILS_ONLY_WITH_ITS_DISK,
            Invariant.ALL_MEANS_ALL,
            Invariant.THE_CLUSTER_HEALS,
            Invariant.A_LEADER_KNOWS_WHAT_WAS_ACKNOWLEDGED);

    private static final Set<Invariant> DIVERGENCE =
            EnumSet.of(Invariant.REPLICAS_DECIDE_AS_THE_MODEL, Invariant.SNAPSHOT_AND_REPLAY_EQUAL_A_STRAIGHT_RUN);

    static Stream<Bug> bugs() {
        return Stream.of(
                new Bug("a peer acknowledges before it has flushed", consensus(AcknowledgesEarly::new), LOSS),
                new Bug("one vote less than a majority commits", consensus(CommitsAlone::new), LOSS),
                new Bug(
                        "an entry that is in the log is said to be refused",
                        consensus(ForgetsThatItEntered::new),
                        EnumSet.of(Invariant.REFUSED_RECORDS_ARE_NOT_THERE, Invariant.RECORDS_ARE_THERE_ONCE)),
                new Bug(
                        "a new leader answers before it knows what was committed",
                        consensus(LeadsTooEarly::new),
                        EnumSet.of(Invariant.A_LEADER_KNOWS_WHAT_WAS_ACKNOWLEDGED)),
                new Bug(
                        "the raft log is purged before the snapshot is durable",
                        consensus(PurgesFirst::new),
                        EnumSet.of(Invariant.A_NODE_STARTS_FROM_WHAT_A_CRASH_LEFT)),
                new Bug(
                        "an entry goes into the log twice",
                        consensus(AppendsTwice::new),
                        EnumSet.of(Invariant.RECORDS_ARE_THERE_ONCE, Invariant.REFUSED_RECORDS_ARE_NOT_THERE)),
                new Bug(
                        "entries overtake each other",
                        consensus(Overtakes::new),
                        EnumSet.of(
                                Invariant.LATER_REQUESTS_COME_LATER,
                                Invariant.RECORDS_ARE_THERE_ONCE,
                                Invariant.REFUSED_RECORDS_ARE_NOT_THERE)),
                new Bug(
                        "a wiped node votes under its old name",
                        new Parts() {
                            @Override
                            public boolean aWipedNodeVotes() {
                                return true;
                            }
                        },
                        LOSS),
                new Bug("a restart forgets the idempotency keys", machine(ForgetsKeys::new), DIVERGENCE),
                new Bug(
                        "a restart applies the last entry again",
                        machine(AppliesAgain::new),
                        EnumSet.of(
                                Invariant.REPLICAS_DECIDE_AS_THE_MODEL,
                                Invariant.A_NODE_STARTS_FROM_WHAT_A_CRASH_LEFT)),
                new Bug("a node decides by a clock of its own", machine(OwnClock::new), DIVERGENCE),
                new Bug("an entry that goes by is not counted", machine(CountsOnlyItsOwn::new), DIVERGENCE),
                new Bug(
                        "fsync of segment files does nothing",
                        disk(LyingDisk::new),
                        EnumSet.of(Invariant.A_NODE_FAILS_ONLY_WITH_ITS_DISK)),
                new Bug(
                        "a failed fsync is taken for one that worked",
                        disk(DeafDisk::new),
                        EnumSet.of(
                                Invariant.A_NODE_STARTS_FROM_WHAT_A_CRASH_LEFT,
                                Invariant.A_NODE_FAILS_ONLY_WITH_ITS_DISK)),
                new Bug(
                        "the manifest is written in place",
                        disk(InPlaceDisk::new),
                        EnumSet.of(Invariant.A_NODE_STARTS_FROM_WHAT_A_CRASH_LEFT)),
                new Bug(
                        "the name of a new manifest is not made durable",
                        disk(ForgetfulDisk::new),
                        EnumSet.of(Invariant.A_NODE_STARTS_FROM_WHAT_A_CRASH_LEFT)));
    }

    // ---- bad consensus

    private interface MakesConsensus {
        SimulatedConsensus make(
                SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random);
    }

    private static Parts consensus(MakesConsensus bad) {
        return new Parts() {
            @Override
            public SimulatedConsensus consensus(
                    SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random) {
                return bad.make(group, self, log, machine, random);
            }
        };
    }

    private static final class AcknowledgesEarly extends SimulatedConsensus {
        AcknowledgesEarly(SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random) {
            super(group, self, log, machine, random);
        }

        @Override
        protected long durable() {
            return log.lastIndex();
        }
    }

    private static final class CommitsAlone extends SimulatedConsensus {
        CommitsAlone(SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random) {
            super(group, self, log, machine, random);
        }

        @Override
        protected int majority() {
            return Math.max(1, super.majority() - 1);
        }
    }

    private static final class ForgetsThatItEntered extends SimulatedConsensus {
        ForgetsThatItEntered(
                SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random) {
            super(group, self, log, machine, random);
        }

        @Override
        protected void enteredLog(PendingEntry entry) {
            // nobody hears of it
        }
    }

    private static final class LeadsTooEarly extends SimulatedConsensus {
        LeadsTooEarly(SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random) {
            super(group, self, log, machine, random);
        }

        @Override
        protected boolean ready() {
            return true;
        }
    }

    private static final class PurgesFirst extends SimulatedConsensus {
        PurgesFirst(SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random) {
            super(group, self, log, machine, random);
        }

        @Override
        public CompletableFuture<Long> snapshot() {
            log.purgeTo(applied());
            return super.snapshot();
        }
    }

    private static final class AppendsTwice extends SimulatedConsensus {
        AppendsTwice(SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random) {
            super(group, self, log, machine, random);
        }

        @Override
        protected long append(RaftLog.Entry entry) {
            log.add(entry);
            return super.append(entry);
        }
    }

    private static final class Overtakes extends SimulatedConsensus {
        private @Nullable PendingEntry waiting;

        Overtakes(SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random) {
            super(group, self, log, machine, random);
        }

        @Override
        public void submit(PendingEntry entry) {
            PendingEntry overtaken = waiting;
            if (overtaken == null) {
                waiting = entry;
            } else {
                waiting = null;
                super.submit(entry);
                super.submit(overtaken);
            }
        }
    }

    // ---- bad state machines

    private interface MakesMachine {
        StateMachine make(StateMachine machine, Disk disk, ReplicationSettings settings);
    }

    private static Parts machine(MakesMachine bad) {
        return new Parts() {
            @Override
            public StateMachine stateMachine(StateMachine machine, Disk disk, ReplicationSettings settings) {
                return bad.make(machine, disk, settings);
            }
        };
    }

    private static class Passes implements StateMachine {
        protected final StateMachine machine;
        protected final Disk disk;
        protected final ReplicationSettings settings;

        Passes(StateMachine machine, Disk disk, ReplicationSettings settings) {
            this.machine = machine;
            this.disk = disk;
            this.settings = settings;
        }

        @Override
        public long durableIndex() {
            return machine.durableIndex();
        }

        @Override
        public long durableTerm() {
            return machine.durableTerm();
        }

        @Override
        public List<CommandOutcome> apply(long index, long term, ByteBuffer entry) throws IOException {
            return machine.apply(index, term, entry);
        }

        @Override
        public void skip(long index, long term) {
            machine.skip(index, term);
        }

        @Override
        public long takeSnapshot() throws IOException {
            return machine.takeSnapshot();
        }

        @Override
        public void adoptCopy() throws IOException {
            machine.adoptCopy();
        }

        @Override
        public void logFailed(String what, Throwable cause) {
            machine.logFailed(what, cause);
        }
    }

    private static final class ForgetsKeys extends Passes {
        ForgetsKeys(StateMachine machine, Disk disk, ReplicationSettings settings) {
            super(machine, disk, settings);
        }

        @Override
        public long takeSnapshot() throws IOException {
            long index = machine.takeSnapshot();
            Path file = settings.dataFolder().resolve("manifest-0");
            Manifest good =
                    Manifest.read(disk, file, settings.idempotencyKeysMax()).orElseThrow();
            List<Manifest.PartitionFact> facts = good.partitions().stream()
                    .map(fact -> new Manifest.PartitionFact(
                            fact.topicId(), fact.partition(), fact.earliestOffset(), fact.end(), null))
                    .toList();
            new Manifest(good.term(), good.index(), good.timeMs(), good.metadata(), facts).write(disk, file);
            return index;
        }
    }

    private static final class AppliesAgain extends Passes {
        private final boolean restarted;

        AppliesAgain(StateMachine machine, Disk disk, ReplicationSettings settings) {
            super(machine, disk, settings);
            this.restarted = machine.durableIndex() > 10;
        }

        @Override
        public long durableIndex() {
            return restarted && machine.durableIndex() > 10 ? machine.durableIndex() - 1 : machine.durableIndex();
        }
    }

    private static final class OwnClock extends Passes {
        OwnClock(StateMachine machine, Disk disk, ReplicationSettings settings) {
            super(machine, disk, settings);
        }

        @Override
        public List<CommandOutcome> apply(long index, long term, ByteBuffer entry) throws IOException {
            byte[] bytes = new byte[entry.remaining()];
            entry.get(bytes);
            ByteBuffer mine = ByteBuffer.wrap(bytes);
            mine.putLong(8, mine.getLong(8) + settings.nodeId().charAt(1));
            CRC32C crc = new CRC32C();
            crc.update(bytes, 8, bytes.length - 8);
            return machine.apply(index, term, mine.putInt(4, (int) crc.getValue()));
        }
    }

    private static final class CountsOnlyItsOwn extends Passes {
        CountsOnlyItsOwn(StateMachine machine, Disk disk, ReplicationSettings settings) {
            super(machine, disk, settings);
        }

        @Override
        public void skip(long index, long term) {
            // the first entry of a leader holds nothing, or does it
        }
    }

    // ---- bad disks

    private interface MakesDisk {
        Disk make(Disk disk);
    }

    private static Parts disk(MakesDisk bad) {
        return new Parts() {
            @Override
            public Disk disk(Disk disk) {
                return bad.make(disk);
            }
        };
    }

    private static class PassesToDisk implements Disk {
        protected final Disk disk;

        PassesToDisk(Disk disk) {
            this.disk = disk;
        }

        @Override
        public DiskFile open(Path file) throws IOException {
            return disk.open(file);
        }

        @Override
        public DiskFile openForReading(Path file) throws IOException {
            return disk.openForReading(file);
        }

        @Override
        public boolean exists(Path path) {
            return disk.exists(path);
        }

        @Override
        public List<String> list(Path folder) throws IOException {
            return disk.list(folder);
        }

        @Override
        public void createFolders(Path folder) throws IOException {
            disk.createFolders(folder);
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            disk.rename(from, to);
        }

        @Override
        public void delete(Path file) throws IOException {
            disk.delete(file);
        }

        @Override
        public void syncFolder(Path folder) throws IOException {
            disk.syncFolder(folder);
        }

        @Override
        public long usableBytes(Path folder) throws IOException {
            return disk.usableBytes(folder);
        }
    }

    private static final class LyingDisk extends PassesToDisk {
        LyingDisk(Disk disk) {
            super(disk);
        }

        @Override
        public DiskFile open(Path path) throws IOException {
            DiskFile file = disk.open(path);
            return path.toString().endsWith(".log") ? new LyingFile(file, false) : file;
        }
    }

    private static final class DeafDisk extends PassesToDisk {
        DeafDisk(Disk disk) {
            super(disk);
        }

        @Override
        public DiskFile open(Path path) throws IOException {
            return new LyingFile(disk.open(path), true);
        }
    }

    private record LyingFile(DiskFile file, boolean tries) implements DiskFile {
        @Override
        public long sizeBytes() throws IOException {
            return file.sizeBytes();
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            file.write(source, position);
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            file.truncate(sizeBytes);
        }

        @Override
        public void sync() {
            try {
                if (tries) {
                    file.sync();
                }
            } catch (IOException e) {
                // it will have worked
            }
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    private static final class InPlaceDisk extends PassesToDisk {
        InPlaceDisk(Disk disk) {
            super(disk);
        }

        @Override
        public void replace(Path file, byte[] content) throws IOException {
            try (DiskFile out = disk.open(file)) {
                out.truncate(0);
                out.write(ByteBuffer.wrap(content), 0);
                out.sync();
            }
            Path folder = file.toAbsolutePath().getParent();
            if (folder != null) {
                disk.syncFolder(folder);
            }
        }
    }

    private static final class ForgetfulDisk extends PassesToDisk {
        ForgetfulDisk(Disk disk) {
            super(disk);
        }

        @Override
        public void syncFolder(Path folder) throws IOException {
            if (!folder.equals(SimulatedNode.FOLDER)) {
                disk.syncFolder(folder);
            }
        }
    }
}
