package io.millrace.replication.partition;

import io.millrace.replication.Document;
import io.millrace.replication.Member;
import io.millrace.replication.metadata.Metadata;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Supplier;

/// Who stands behind a peer id, and where. Asked in this order:
///
/// 1. this node's own configuration, by node id: an operator who changes an address writes it there
/// 2. the replicated documents `_members/<peer id>`
/// 3. what the data folder remembered at the start
/// 4. the consensus library's configuration, which never learns of a changed address
///
/// Threading: any.
final class MemberBook {
    static final String MEMBERS = "_members/";
    static final String DRAINING = "_draining/";
    /// Nodes that are being removed: from the groups other than 0 first.
    static final String LEAVING = "_leaving/";

    private final Supplier<Metadata> metadata;
    private final Member self;
    private final List<Member> configured;
    private final List<Member> remembered;

    MemberBook(Supplier<Metadata> metadata, Member self, List<Member> configured, List<Member> remembered) {
        this.metadata = metadata;
        this.self = self;
        this.configured = List.copyOf(configured);
        this.remembered = List.copyOf(remembered);
    }

    Member self() {
        return self;
    }

    Member member(GroupPeers.Peer peer) {
        if (peer.peerId().equals(self.peerId())) {
            return self;
        }
        String nodeId = Member.nodeIdOf(peer.peerId());
        Optional<Member> known = published(peer.peerId())
                .or(() -> remembered.stream()
                        .filter(member -> member.peerId().equals(peer.peerId()))
                        .findAny());
        Member found = known.orElseGet(() -> new Member(
                nodeId,
                peer.peerId().substring(Math.min(peer.peerId().length(), nodeId.length() + 1)),
                peer.raftAddress(),
                peer.httpAddress()));
        return configured.stream()
                .filter(member -> member.nodeId().equals(nodeId))
                .findAny()
                .map(here -> new Member(nodeId, found.directoryId(), here.raftAddress(), here.httpAddress()))
                .orElse(found);
    }

    Optional<Member> published(String peerId) {
        return Optional.ofNullable(metadata.get().document(MEMBERS + peerId)).flatMap(found -> decode(peerId, found));
    }

    /// Peer ids that documents speak of.
    List<String> publishedPeers() {
        List<String> peers = new ArrayList<>();
        metadata.get().documents(MEMBERS).keySet().forEach(key -> peers.add(key.substring(MEMBERS.length())));
        return peers;
    }

    /// Node ids that are drained, sorted.
    List<String> draining() {
        return nodes(DRAINING);
    }

    /// Node ids that are being removed, sorted.
    List<String> leaving() {
        return nodes(LEAVING);
    }

    /// Whether a node shall not lead.
    boolean mustNotLead(String nodeId) {
        return metadata.get().document(DRAINING + nodeId) != null
                || metadata.get().document(LEAVING + nodeId) != null;
    }

    private List<String> nodes(String prefix) {
        TreeSet<String> nodes = new TreeSet<>();
        for (Map.Entry<String, Document> entry :
                metadata.get().documents(prefix).entrySet()) {
            nodes.add(entry.getKey().substring(prefix.length()));
        }
        return List.copyOf(nodes);
    }

    static byte[] encode(Member member) {
        return (member.directoryId() + " " + member.raftAddress() + " " + member.httpAddress())
                .getBytes(StandardCharsets.UTF_8);
    }

    private static Optional<Member> decode(String peerId, Document document) {
        String[] parts = new String(document.value(), StandardCharsets.UTF_8).split(" ", -1);
        return parts.length == 3
                ? Optional.of(new Member(Member.nodeIdOf(peerId), parts[0], parts[1], parts[2]))
                : Optional.empty();
    }
}
