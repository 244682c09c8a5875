package io.millrace.replication.simulation;

import io.millrace.replication.partition.CommandOutcome;
import io.millrace.replication.partition.Consensus;
import io.millrace.replication.partition.PendingEntry;
import io.millrace.replication.partition.StateMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/// One peer of a Raft group as far as code above it can notice: terms, a log per peer that is durable up to its
/// last flush, commit by a majority of flushes, applying what is committed and durable here, and every way in which
/// an entry's fate can stay unknown. It does nothing by itself: each step is a call.
///
/// Left out is what nobody above can see: pre-votes, heartbeats, timers (an election is one step of the group).
class SimulatedConsensus implements Consensus {
    /// @param term in which it went into the log
    private record Pending(long term, PendingEntry entry) {}

    /// Who waits until an entry is everywhere.
    private record Everywhere(long index, CompletableFuture<Void> reached) {}

    private static final int PRESERVED_ENTRIES_MAX = 6;

    private final SimulatedGroup group;
    private final int self;
    protected final RaftLog log;
    private final StateMachine machine;
    private final SplittableRandom random;

    private boolean leading;
    private int leader = -1;
    private long committed;
    private long applied;
    // as a follower: up to where the log is known to be that of this term's leader; −1 while that is unknown
    private long verified = -1;
    // as a leader: its first entry, and what it knows of the others
    private long firstOfTerm;
    private final long[] matched;
    private final long[] next;
    private final Map<Long, Pending> pending = new TreeMap<>();
    private final List<Everywhere> everywhere = new ArrayList<>();
    // nothing works any more until the process is started again, as with a division that has closed
    private boolean dead;

    SimulatedConsensus(SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random) {
        this.group = group;
        this.self = self;
        this.log = log;
        this.machine = machine;
        this.random = random;
        this.matched = new long[group.size()];
        this.next = new long[group.size()];
        this.applied = machine.durableIndex();
        if (applied > log.lastIndex() && group.copyWasReady(self)) {
            log.restartAt(applied, machine.durableTerm()); // what it holds leads to a state that is gone
        }
        this.committed = applied;
        if (applied < log.baseIndex() || applied > log.flushedIndex()) {
            throw new Violation(
                    Invariant.A_NODE_STARTS_FROM_WHAT_A_CRASH_LEFT,
                    "n%d: the manifest ends at entry %d, the raft log has %d to %d",
                    self,
                    applied,
                    log.baseIndex() + 1,
                    log.flushedIndex());
        }
    }

    // ---- what a planted bug may change

    /// Up to where this peer says that its log is durable.
    protected long durable() {
        return log.flushedIndex();
    }

    protected int majority() {
        return group.majority();
    }

    protected boolean ready() {
        return applied >= firstOfTerm;
    }

    protected void enteredLog(PendingEntry entry) {
        entry.enteredLog();
    }

    protected long append(RaftLog.Entry entry) {
        return log.add(entry);
    }

    // ---- the face

    boolean isDead() {
        return dead;
    }

    boolean isLeading() {
        return leading && !dead;
    }

    long term() {
        return log.term();
    }

    long applied() {
        return applied;
    }

    long committed() {
        return committed;
    }

    @Override
    public boolean leads() {
        return isLeading() && ready();
    }

    @Override
    public Optional<String> leader() {
        return leader < 0 ? Optional.empty() : Optional.of(SimulatedNode.name(leader));
    }

    @Override
    public int peers() {
        return group.size();
    }

    @Override
    public Status status() {
        return new Status(isLeading() ? "leader" : "follower", log.term(), committed, applied, List.of());
    }

    @Override
    public void submit(PendingEntry entry) {
        if (dead) {
            entry.failed("the raft log is closed", null);
        } else if (!leads()) {
            entry.notLeader(leader().orElse(null));
        } else if (random.nextInt(50) == 0) {
            entry.failed("too many requests", null);
        } else {
            enteredLog(entry);
            pending.put(append(new RaftLog.Entry(log.term(), entry.bytes())), new Pending(log.term(), entry));
        }
    }

    @Override
    public CompletableFuture<Void> replicatedEverywhere(long index) {
        CompletableFuture<Void> reached = new CompletableFuture<>();
        everywhere.add(new Everywhere(index, reached));
        answerEverywhere();
        return reached;
    }

    private void answerEverywhere() {
        long least = Arrays.stream(matched).min().orElse(-1);
        everywhere.removeIf(each -> {
            if (!isLeading()) {
                each.reached().completeExceptionally(new IOException("this node does not lead any more"));
            } else if (each.index() <= least) {
                each.reached().complete(null);
            }
            return each.reached().isDone();
        });
    }

    @Override
    public CompletableFuture<Long> snapshot() {
        if (dead) {
            return CompletableFuture.failedFuture(new IOException("the raft group has stopped"));
        }
        long index;
        try {
            index = machine.takeSnapshot();
        } catch (IOException | RuntimeException e) {
            machine.logFailed("the partition logs could not be made durable", e);
            return CompletableFuture.failedFuture(e);
        }
        log.purgeTo(Math.max(log.baseIndex(), index - random.nextInt(PRESERVED_ENTRIES_MAX)));
        return CompletableFuture.completedFuture(index);
    }

    @Override
    public void close() {
        dead = true;
    }

    // ---- terms and the lead

    void lead(long term) {
        follow(term, -1);
        leading = true;
        leader = self;
        Arrays.fill(matched, -1);
        Arrays.fill(next, log.lastIndex() + 1);
        firstOfTerm = log.add(new RaftLog.Entry(term, null));
    }

    /// Learns of a term, and of its leader when that is not −1.
    void follow(long term, int newLeader) {
        if (term > log.term()) {
            log.raiseTerm(term);
            verified = -1;
            leader = -1;
            stepDown();
        }
        if (newLeader >= 0) {
            leader = newLeader;
        }
    }

    /// Without being told by anybody: it has not heard of a majority for too long, or shall hand over.
    void stepDown() {
        if (leading) {
            leading = false;
            leader = -1;
            answerEverywhere();
            if (random.nextBoolean()) { // otherwise they are answered when their fate is known, or time out
                List<Pending> undecided = List.copyOf(pending.values());
                pending.clear();
                undecided.forEach(each -> each.entry().notLeader(null));
            }
        }
    }

    /// Whether a vote for a candidate with this log can be given.
    boolean maySupport(long candidateTerm, long candidateIndex) {
        return !dead
                && (candidateTerm > log.lastTerm()
                        || (candidateTerm == log.lastTerm() && candidateIndex >= log.lastIndex()));
    }

    // ---- steps

    /// The raft log cannot be written any more.
    void failLog() {
        if (!dead) {
            dead = true;
            leading = false;
            machine.logFailed("the raft log could not be written", new IOException("Input/output error"));
        }
    }

    /// fsync of the log.
    void flush() {
        if (dead) {
            return;
        }
        log.flush();
        if (isLeading()) {
            matched[self] = durable();
            commit();
        } else {
            acknowledge();
        }
    }

    private void acknowledge() {
        if (verified >= 0 && leader >= 0 && leader != self) {
            group.send(new Message.Ack(self, leader, log.term(), true, Math.min(verified, durable())));
        }
    }

    private void commit() {
        long[] sorted = matched.clone();
        for (int peer = 0; peer < sorted.length; peer++) {
            sorted[peer] = group.votes(peer) ? sorted[peer] : -1;
        }
        Arrays.sort(sorted);
        long index = Math.min(sorted[sorted.length - majority()], durable());
        if (index > committed && log.termAt(index) == log.term()) {
            committed = index;
        }
        answerEverywhere();
    }

    /// Sends some entries to a follower.
    ///
    /// @return false when it needs entries that are purged
    boolean replicate(int to, int countMax) {
        if (!isLeading() || to == self) {
            return true;
        }
        if (next[to] <= log.baseIndex()) {
            return false;
        }
        long previous = next[to] - 1;
        group.send(new Message.Append(
                self, to, log.term(), previous, log.termAt(previous), log.entries(next[to], countMax), committed));
        return true;
    }

    void receive(Message message) {
        if (dead) {
            return;
        }
        follow(
                message.term(),
                message instanceof Message.Append append && append.term() >= log.term() ? append.from() : -1);
        if (message.term() < log.term()) {
            if (message instanceof Message.Append) {
                group.send(new Message.Ack(self, message.from(), log.term(), false, 0));
            }
            return;
        }
        switch (message) {
            case Message.Append append -> receiveEntries(append);
            case Message.Ack ack -> receiveAck(ack);
        }
    }

    private void receiveEntries(Message.Append append) {
        long index = append.previousIndex();
        boolean matches =
                index < log.baseIndex() || (index <= log.lastIndex() && log.termAt(index) == append.previousTerm());
        if (!matches) {
            long tryNext = Math.max(log.baseIndex(), Math.min(index - 1, log.lastIndex())) + 1;
            group.send(new Message.Ack(self, append.from(), log.term(), false, tryNext));
            return;
        }
        for (RaftLog.Entry entry : append.entries()) {
            index++;
            if (index <= log.baseIndex()) {
                continue; // applied and durable long ago
            }
            if (index <= log.lastIndex() && log.termAt(index) != entry.term()) {
                cutFrom(index);
            }
            if (index > log.lastIndex()) {
                log.add(entry);
            }
        }
        verified = Math.max(verified, index);
        committed = Math.max(committed, Math.min(append.committed(), index));
        if (append.entries().isEmpty() || log.flushedIndex() >= index) {
            acknowledge();
        }
    }

    private void cutFrom(long index) {
        if (index <= applied) {
            throw new Violation(
                    Invariant.COMMITTED_ENTRIES_STAY, "n%d must drop entry %d, which it has applied", self, index);
        }
        log.cutFrom(index);
        pending.entrySet().removeIf(each -> {
            if (each.getKey() >= index) {
                each.getValue().entry().notLeader(null);
                return true;
            }
            return false;
        });
    }

    private void receiveAck(Message.Ack ack) {
        if (!isLeading()) {
            return;
        }
        if (!ack.matches()) {
            // a late refusal may move it back; entries that are there already are sent once more then
            next[ack.from()] = Math.max(matched[ack.from()] + 1, Math.min(next[ack.from()], ack.index()));
            return;
        }
        matched[ack.from()] = Math.max(matched[ack.from()], ack.index());
        next[ack.from()] = Math.max(next[ack.from()], ack.index() + 1);
        commit();
    }

    /// A copy of everything up to its own index has arrived at a follower.
    void forgetWhatIsKnownOf(int follower) {
        matched[follower] = -1;
        next[follower] = log.lastIndex() + 1;
    }

    /// A copy is ready and durable: the log in front of its end goes, and then it becomes the state.
    void adoptCopy(long index, long term) {
        log.restartAt(index, term);
        try {
            machine.adoptCopy();
        } catch (IOException | RuntimeException e) {
            dead = true;
            machine.logFailed("the copy could not come into force", e);
            return;
        }
        applied = machine.durableIndex();
        committed = Math.max(committed, applied);
        List<Pending> undecided = List.copyOf(pending.values());
        pending.clear();
        undecided.forEach(each -> each.entry().notLeader(null));
    }

    /// Hands committed entries to the state machine.
    void apply(int countMax) {
        for (int left = countMax; left > 0 && !dead && applied < Math.min(committed, durable()); left--) {
            long index = applied + 1;
            RaftLog.Entry entry = log.entry(index);
            Pending mine = pending.remove(index);
            if (mine != null && mine.term() != entry.term()) {
                mine.entry().notLeader(null);
                mine = null;
            }
            byte[] bytes = entry.bytes();
            if (bytes == null) {
                machine.skip(index, entry.term());
                applied = index;
                group.applied(self, index, entry, List.of());
                continue;
            }
            long startedNanos = System.nanoTime();
            List<CommandOutcome> outcomes;
            try {
                outcomes = machine.apply(index, entry.term(), ByteBuffer.wrap(bytes));
            } catch (IOException | RuntimeException e) {
                dead = true;
                leading = false;
                machine.logFailed("entry %d could not be applied".formatted(index), e);
                if (mine != null) {
                    mine.entry().failed("it could not be applied", e);
                }
                group.failedToApply(self, index, e);
                return;
            }
            applied = index;
            group.applied(self, index, entry, outcomes);
            if (mine != null) {
                mine.entry().applied(index, outcomes, startedNanos);
            }
        }
    }

    /// The reply to one undecided entry is lost inside the library.
    void loseReply() {
        if (!pending.isEmpty()) {
            Iterator<Pending> undecided = pending.values().iterator();
            Pending lost = undecided.next();
            undecided.remove();
            lost.entry().failed("the reply was lost", null);
        }
    }
}
