package io.millrace.replication.simulation;

import io.millrace.replication.partition.CommandOutcome;
import io.millrace.replication.partition.EntryModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// The peers, what is on its way between them, and the one history that they must agree on.
///
/// Whoever applies an index first writes the history, and the model decides the entry. Everybody else who applies
/// it, then or after a restart, must have the same entry and come to the same decision.
final class SimulatedGroup {
    private static final int MESSAGES_MAX = 80;

    private final SimulatedNode[] nodes;
    private final SplittableRandom random;
    private final List<Message> messages = new ArrayList<>();
    private final boolean[][] cut;
    private long lastTermLed;
    private final boolean[] votes;
    private final List<RaftLog.Entry> history = new ArrayList<>();
    private final List<List<CommandOutcome>> decisions = new ArrayList<>();
    private final EntryModel model;

    SimulatedGroup(SimulatedNode[] nodes, SplittableRandom random, EntryModel model) {
        this.nodes = nodes;
        this.random = random;
        this.model = model;
        this.cut = new boolean[nodes.length][nodes.length];
        this.votes = new boolean[nodes.length];
        Arrays.fill(votes, true);
    }

    int size() {
        return nodes.length;
    }

    int majority() {
        return nodes.length / 2 + 1;
    }

    // ---- history

    EntryModel model() {
        return model;
    }

    List<RaftLog.Entry> history() {
        return history;
    }

    void applied(int node, long index, RaftLog.Entry entry, List<CommandOutcome> outcomes) {
        byte[] bytes = entry.bytes();
        if (index == history.size()) {
            history.add(entry);
            decisions.add(bytes == null ? List.of() : model.decide(index, bytes));
        }
        RaftLog.Entry known = history.get(Math.toIntExact(index));
        if (known != entry && (known.term() != entry.term() || !Arrays.equals(known.bytes(), bytes))) {
            throw new Violation(
                    Invariant.REPLICAS_APPLY_THE_SAME_ENTRIES,
                    "n%d applied another entry %d (term %d) than was applied before (term %d)",
                    node,
                    index,
                    entry.term(),
                    known.term());
        }
        List<CommandOutcome> expected = decisions.get(Math.toIntExact(index));
        if (!expected.equals(outcomes)) {
            throw new Violation(
                    Invariant.REPLICAS_DECIDE_AS_THE_MODEL,
                    "n%d decided entry %d as %s, the model as %s",
                    node,
                    index,
                    outcomes,
                    expected);
        }
    }

    /// Whether a peer may have a copy that came into force when it started.
    boolean copyWasReady(int peer) {
        return nodes[peer].copyWasReady();
    }

    void failedToApply(int node, long index, Exception failure) {
        nodes[node].failed("entry %d could not be applied".formatted(index), failure);
    }

    // ---- messages

    void send(Message message) {
        if (messages.size() == MESSAGES_MAX) {
            messages.remove(random.nextInt(messages.size()));
        }
        messages.add(message);
    }

    /// Delivers one of the messages on their way, mostly an old one; some come twice, some never.
    void deliver(boolean reliably) {
        if (messages.isEmpty()) {
            return;
        }
        int at = reliably || random.nextInt(4) > 0 ? 0 : random.nextInt(messages.size());
        Message message = reliably || random.nextInt(20) > 0 ? messages.remove(at) : messages.get(at);
        if (cut[message.from()][message.to()] || (!reliably && random.nextInt(30) == 0)) {
            return;
        }
        SimulatedConsensus receiver = nodes[message.to()].consensus();
        if (receiver != null) {
            receiver.receive(message);
        }
    }

    boolean isQuiet() {
        return messages.isEmpty();
    }

    /// Cuts or joins one direction between two nodes.
    void cut(int from, int to, boolean isCut) {
        cut[from][to] = isCut;
    }

    void joinAll() {
        for (boolean[] row : cut) {
            Arrays.fill(row, false);
        }
    }

    private boolean linked(int a, int b) {
        return a == b || (!cut[a][b] && !cut[b][a]);
    }

    // ---- leaders and voters

    /// Whether the peer in this place may vote and be counted. One whose disk was wiped may not, until it has
    /// everything again.
    boolean votes(int peer) {
        return votes[peer];
    }

    void wiped(int peer) {
        votes[peer] = false;
        // the new peer has a name of its own: nobody mistakes it for the old one
        messages.removeIf(message -> message.from() == peer || message.to() == peer);
        for (SimulatedNode node : nodes) {
            SimulatedConsensus consensus = node.consensus();
            if (consensus != null && consensus.isLeading()) {
                consensus.forgetWhatIsKnownOf(peer);
            }
        }
    }

    /// Makes a peer a voter again when it has everything that a working leader has committed: as a configuration
    /// change does that a majority of the old voters agrees to.
    void admit(int peer) {
        SimulatedConsensus joining = nodes[peer].consensus();
        SimulatedConsensus leader = leader();
        if (votes[peer] || joining == null || leader == null || !leader.leads() || joining.term() != leader.term()) {
            return;
        }
        int agreeing = 0;
        for (int voter = 0; voter < nodes.length; voter++) {
            SimulatedConsensus consensus = nodes[voter].consensus();
            agreeing += votes[voter] && consensus != null && !consensus.isDead() && consensus.term() == leader.term()
                    ? 1
                    : 0;
        }
        if (agreeing >= majority() && joining.applied() >= leader.committed()) {
            votes[peer] = true;
        }
    }

    /// A node stands for election; whether it wins is decided at once.
    void elect(int candidate) {
        SimulatedConsensus standing = nodes[candidate].consensus();
        if (standing == null || standing.isDead() || !votes[candidate]) {
            return;
        }
        List<SimulatedConsensus> supporters = new ArrayList<>();
        long term = standing.term();
        for (int voter = 0; voter < nodes.length; voter++) {
            SimulatedConsensus consensus = nodes[voter].consensus();
            if (consensus != null
                    && votes[voter]
                    && linked(candidate, voter)
                    && consensus.maySupport(standing.log.lastTerm(), standing.log.lastIndex())) {
                supporters.add(consensus);
                term = Math.max(term, consensus.term());
            }
        }
        if (supporters.size() >= majority()) {
            for (SimulatedConsensus supporter : supporters) {
                supporter.follow(term + 1, candidate);
            }
            standing.lead(term + 1);
            lastTermLed = term + 1;
        }
    }

    /// The highest term in which anybody has led, whatever has become of it.
    long lastTermLed() {
        return lastTermLed;
    }

    /// The leader of the highest term; null when there is none.
    @Nullable
    SimulatedConsensus leader() {
        SimulatedConsensus found = null;
        for (SimulatedNode node : nodes) {
            SimulatedConsensus consensus = node.consensus();
            if (consensus != null && consensus.isLeading() && (found == null || consensus.term() > found.term())) {
                found = consensus;
            }
        }
        return found;
    }
}
