package io.millrace.http.node;

import io.millrace.http.cluster.ClusterRoutes;
import io.millrace.http.cluster.Identity;
import io.millrace.http.cluster.Peers;
import io.millrace.replication.Member;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/// Decides how a node with a fresh folder becomes part of a cluster: it asks every other configured node who it
/// is.
///
/// | the others                                        | this node          |
/// |---------------------------------------------------|--------------------|
/// | one is formed and knows this folder               | forms with the same members: the others were a moment faster |
/// | one is formed and does not know this folder       | joins: it is new, or was wiped |
/// | all have answered and are fresh                   | forms with all of them |
/// | anything else                                     | waits              |
///
/// A wiped node can so never vote in a cluster that it had a vote in: somebody is formed there.
final class Formation {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(2);

    private final Identity self;
    private final Map<String, String> others;
    private final Peers peers;

    /// What is to be done.
    sealed interface Step {
        /// @param members the whole cluster, this node included
        record Form(List<Member> members) implements Step {}

        /// @param through HTTP address of a member
        record Join(String through) implements Step {}

        /// @param reasons for people: whom it waits for
        record Wait(List<String> reasons) implements Step {}
    }

    /// One node's answer, or why there is none.
    private record Answer(Optional<Identity> identity, String problem) {}

    /// @param self this node, not formed
    /// @param others HTTP addresses of the other configured nodes, by node id
    Formation(Identity self, Map<String, String> others, Peers peers) {
        this.self = self;
        this.others = new LinkedHashMap<>(others);
        this.peers = peers;
    }

    /// Asks everybody at the same time.
    Step ask() {
        Executor threads = task -> Thread.ofVirtual().name("identity-exchange").start(task);
        Map<String, CompletableFuture<Answer>> asked = new LinkedHashMap<>();
        others.forEach((node, address) ->
                asked.put(node, CompletableFuture.supplyAsync(() -> ask(node, address), threads)));
        Map<String, Identity> identities = new LinkedHashMap<>();
        List<String> problems = new ArrayList<>();
        asked.forEach((node, answer) -> {
            try {
                Answer answered = answer.join();
                answered.identity()
                        .ifPresentOrElse(known -> identities.put(node, known), () -> problems.add(answered.problem()));
            } catch (CompletionException broken) {
                problems.add("node %s could not be asked: %s".formatted(node, broken.getCause()));
            }
        });
        return decide(self, identities, problems);
    }

    private Answer ask(String node, String address) {
        try {
            Identity identity =
                    Identity.of(peers.ask("GET", address, ClusterRoutes.IDENTITY_PATH, null, ANSWER_WITHIN));
            if (!identity.self().nodeId().equals(node)) {
                return new Answer(
                        Optional.empty(),
                        "at %s, where node %s should be, is node %s; cluster.nodes must be the same on every node"
                                .formatted(address, node, identity.self().nodeId()));
            }
            return new Answer(Optional.of(identity), "");
        } catch (IOException unanswered) {
            return new Answer(
                    Optional.empty(),
                    "waiting for node %s at %s (%s): all nodes must be up once when a cluster is made"
                            .formatted(node, address, unanswered.getMessage()));
        }
    }

    /// @param answers of those who answered, by node id
    /// @param problems of those who did not
    static Step decide(Identity self, Map<String, Identity> answers, List<String> problems) {
        List<String> differing = new ArrayList<>();
        answers.forEach((node, other) -> {
            if (!other.groups().equals(self.groups())) {
                differing.add(self.groups().difference(node, other.groups()) + "; it must be the same on every node");
            }
        });
        if (!differing.isEmpty()) {
            return new Step.Wait(differing);
        }
        for (Identity other : answers.values()) {
            if (other.formed()) {
                return other.knows(self.self())
                        ? new Step.Form(withOwnAddress(self.self(), other.members()))
                        : new Step.Join(other.self().httpAddress());
            }
        }
        List<String> reasons = new ArrayList<>(problems);
        answers.forEach((node, other) -> {
            if (!new HashSet<>(other.nodes()).equals(new HashSet<>(self.nodes()))) {
                reasons.add(
                        "node %s was started with nodes %s, this one with %s; cluster.nodes must be the same on every node"
                                .formatted(node, other.nodes(), self.nodes()));
            }
        });
        if (!reasons.isEmpty()) {
            return new Step.Wait(reasons);
        }
        List<Member> members = new ArrayList<>();
        members.add(self.self());
        answers.values().forEach(other -> members.add(other.self()));
        return new Step.Form(members);
    }

    private static List<Member> withOwnAddress(Member self, List<Member> members) {
        return members.stream()
                .map(member -> member.nodeId().equals(self.nodeId()) ? self : member)
                .toList();
    }
}
