package io.millrace.replication.simulation;

import io.millrace.log.LogSettings;
import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskImage;
import io.millrace.log.disk.SimulatedDisk;
import io.millrace.replication.Member;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.partition.StateMachine;
import io.millrace.replication.partition.SteppedLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// A machine: a disk, a clock, and sometimes a process.
final class SimulatedNode {
    static final Path FOLDER = Path.of("/data");
    private static final long FREE_BYTES_MIN = 3_000;
    private static final long ROOM_WHEN_FULL = 2_500;

    /// What differs between seeds.
    ///
    /// @param forgetful few keys for a short time, so that a retry may come too late
    record Configuration(int nodes, long segmentBytesMax, long snapshotBytes, boolean forgetful) {
        int keysMax() {
            return forgetful ? 6 : 100_000;
        }

        long windowMs() {
            return forgetful ? 1_500 : Duration.ofDays(10_000).toMillis();
        }
    }

    private final int number;
    private final SimulatedGroup group;
    private final Configuration configuration;
    private final Parts parts;
    private final SplittableRandom random;
    private final InstantSource clock;
    private final RaftLog raftLog = new RaftLog();
    private SimulatedDisk disk;
    private long skewMs;

    private @Nullable SteppedLog log;
    private @Nullable SimulatedConsensus consensus;
    private int life;
    // something was done to the disk of this life that may make the node fail
    private boolean faulty;
    private boolean full;
    private boolean copyWasReady;
    private @Nullable String failure;

    SimulatedNode(
            int number,
            SimulatedGroup group,
            Configuration configuration,
            Parts parts,
            SplittableRandom random,
            InstantSource time) {
        this.number = number;
        this.group = group;
        this.configuration = configuration;
        this.parts = parts;
        this.random = random;
        this.clock = () -> Instant.ofEpochMilli(time.millis() + skewMs);
        this.disk = new SimulatedDisk(random.nextLong());
    }

    static String name(int number) {
        return "n" + number;
    }

    @Override
    public String toString() {
        return name(number);
    }

    int number() {
        return number;
    }

    static ReplicationSettings settings(int number, Configuration configuration) {
        Member self = new Member(name(number), "", "", "");
        return new ReplicationSettings(
                self,
                List.of(self),
                FOLDER,
                1,
                new LogSettings(configuration.segmentBytesMax(), 128),
                16 << 10,
                3_000,
                configuration.snapshotBytes(),
                Duration.ofSeconds(60),
                FREE_BYTES_MIN,
                Duration.ofMillis(configuration.windowMs()),
                configuration.keysMax(),
                Duration.ofHours(1)); // simulated requests time out when the schedule says so
    }

    // ---- the process

    /// The number of this process' start; a request that was sent to another one is lost.
    int life() {
        return life;
    }

    boolean isUp() {
        return log != null;
    }

    @Nullable
    SimulatedConsensus consensus() {
        return consensus;
    }

    /// Of a node that is up.
    SteppedLog log() {
        return Objects.requireNonNull(log);
    }

    ReplicatedLog face() {
        return log().face();
    }

    RaftLog raftLog() {
        return raftLog;
    }

    SimulatedDisk disk() {
        return disk;
    }

    long nowNanos() {
        return (clock.millis() - skewMs) * 1_000_000;
    }

    /// Why the process works no more; null while it does.
    @Nullable
    String failure() {
        SteppedLog running = log;
        return failure != null || running == null ? failure : running.failure();
    }

    void failed(String what, Throwable cause) {
        failure = what + ": " + cause;
        if (!faulty) {
            throw new Violation(Invariant.A_NODE_FAILS_ONLY_WITH_ITS_DISK, cause, name(number) + ": " + failure);
        }
    }

    void start(long nowNanos) {
        if (log != null) {
            return;
        }
        faulty = full || disk.hasPendingFault();
        failure = null;
        ReplicationSettings settings = settings(number, configuration);
        Disk seen = parts.disk(disk);
        SimulatedConsensus[] opened = new SimulatedConsensus[1];
        try {
            log = SteppedLog.open(
                    settings,
                    seen,
                    clock,
                    machine -> {
                        StateMachine driven = new Watched(parts.stateMachine(machine, seen, settings));
                        opened[0] = parts.consensus(group, number, raftLog, driven, random);
                        return opened[0];
                    },
                    nowNanos);
            consensus = opened[0];
            life++;
        } catch (IOException | RuntimeException e) {
            if (!faulty) {
                throw new Violation(
                        Invariant.A_NODE_STARTS_FROM_WHAT_A_CRASH_LEFT, e, name(number) + " does not start: " + e);
            }
            if (hasLostPower()) {
                losePower();
            }
        }
    }

    /// Passes everything on, and hears when the log says that it cannot go on.
    private final class Watched implements StateMachine {
        private final StateMachine machine;

        Watched(StateMachine machine) {
            this.machine = machine;
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
        public java.util.List<io.millrace.replication.partition.CommandOutcome> apply(
                long index, long term, java.nio.ByteBuffer entry) throws IOException {
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
            failed(what, cause);
        }
    }

    boolean hasLostPower() {
        try {
            disk.list(FOLDER);
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /// Does something to the node's files from outside; a power failure on the way ends the process.
    interface Step {
        void run() throws IOException;
    }

    void step(Step step) {
        try {
            step.run();
        } catch (IOException | UncheckedIOException e) {
            if (!faulty) {
                throw new Violation(Invariant.A_NODE_FAILS_ONLY_WITH_ITS_DISK, e, name(number) + ": " + e);
            }
        }
        if (faulty && hasLostPower()) {
            losePower();
        }
    }

    private void end(DiskImage left) {
        log = null;
        consensus = null;
        failure = null;
        disk = left.disk(random.nextLong());
        if (full) {
            fill();
        }
    }

    /// Of what was not flushed, anything may be left.
    void losePower() {
        raftLog.losePower(random);
        end(disk.crash());
    }

    /// Everything written stays.
    void kill() {
        raftLog.loseProcess();
        log = null;
        consensus = null;
        failure = null;
    }

    /// As somebody who updates it would: no request is on its way.
    void stop() {
        log().face().close();
        kill();
    }

    // ---- faults

    /// The power fails in the middle of one of the next operations.
    void losePowerSoon() {
        faulty = true;
        disk.crashAtOperation(disk.operations() + 1 + random.nextInt(40));
    }

    void failNextSync() {
        faulty = true;
        disk.failNextSync();
    }

    void failRaftLog() {
        faulty = true;
        SimulatedConsensus running = consensus;
        if (running != null) {
            running.failLog();
        }
    }

    void fill() {
        faulty = true;
        full = true;
        disk.limitBytes(Long.MAX_VALUE / 2);
        long used = Long.MAX_VALUE / 2 - disk.usableBytes(FOLDER);
        disk.limitBytes(used + random.nextLong(ROOM_WHEN_FULL));
    }

    void makeRoom() {
        full = false;
        disk.limitBytes(Long.MAX_VALUE);
    }

    void turnClock(long ms) {
        skewMs += ms;
    }

    /// The disk is lost, and with it the vote.
    void wipe() {
        kill();
        raftLog.wipe();
        copyWasReady = false;
        full = false;
        disk = new SimulatedDisk(random.nextLong());
    }

    /// Fetches a copy and lets it come into force. What was fetched when it fails is there for the next time.
    void rebuildFrom(ReplicaCopy copy) {
        copyWasReady = true;
        step(() -> {
            SteppedLog running = log();
            running.fetch(
                    copy,
                    settings(number, configuration),
                    parts.disk(disk),
                    () -> hasLostPower() || disk.usableBytes(FOLDER) == 0);
            Objects.requireNonNull(consensus).adoptCopy(copy.index(), copy.term());
            if (failure() == null) {
                running.tidy(clock.millis());
            }
        });
    }

    /// Whether a copy was fetched in this disk's life.
    boolean copyWasReady() {
        return copyWasReady;
    }
}
