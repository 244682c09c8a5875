package io.millrace.http.node;

import io.millrace.http.cluster.Identity;
import io.millrace.http.cluster.Peers;
import io.millrace.http.json.JsonBuffer;
import io.millrace.replication.GroupLayout;
import io.millrace.replication.Member;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Asks members to add this node, following them to their leader.
///
/// Threading: one thread.
final class Joining {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);
    private static final int REDIRECTS_MAX = 3;

    private final Member self;
    private final GroupLayout groups;
    private final Peers peers;
    private final List<String> members = new ArrayList<>();
    private int next;

    /// @param groups of this node's consensus
    /// @param through a member's address
    /// @param others addresses to try when that one does not answer
    Joining(Member self, GroupLayout groups, String through, List<String> others, Peers peers) {
        this.self = self;
        this.groups = groups;
        this.peers = peers;
        members.add(through);
        others.stream().filter(other -> !other.equals(through)).forEach(members::add);
    }

    /// Asks once.
    ///
    /// @return what it waits for; empty when this node has been added
    Optional<String> ask() {
        String address = members.get(next);
        try {
            for (int redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
                Peers.Reply reply = peers.ask("POST", address, "/v1/cluster/nodes", body(), ANSWER_WITHIN);
                String location = reply.location();
                switch (reply.status()) {
                    case 200 -> {
                        return Optional.empty();
                    }
                    case 202 -> {
                        return Optional.of("being added by the leader at " + address);
                    }
                    case 307 -> {
                        if (location == null) {
                            return Optional.of(address + " redirects to nowhere");
                        }
                        URI leader = URI.create(location);
                        address = leader.getScheme() + "://" + leader.getRawAuthority();
                    }
                    case 401, 403 -> {
                        return Optional.of("%s does not let this node in: %s Set cluster.token to an admin token of it"
                                .formatted(address, reply.text("message")));
                    }
                    default -> {
                        next = (next + 1) % members.size();
                        return Optional.of(
                                "%s does not add this node yet: %s".formatted(address, reply.text("message")));
                    }
                }
            }
            return Optional.of("leadership is moving; asking again");
        } catch (IOException unanswered) {
            next = (next + 1) % members.size();
            return Optional.of("waiting for a member to join: " + unanswered.getMessage());
        }
    }

    private JsonBuffer body() {
        JsonBuffer json = new JsonBuffer(256)
                .ascii("{\"node\":")
                .string(self.nodeId())
                .ascii(",\"directory\":")
                .string(self.directoryId())
                .ascii(",\"raft\":")
                .string(self.raftAddress())
                .ascii(",\"http\":")
                .string(self.httpAddress());
        return Identity.groups(json, groups).put('}');
    }
}
