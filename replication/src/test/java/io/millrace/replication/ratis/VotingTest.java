package io.millrace.replication.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.replication.partition.GroupPeers;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class VotingTest {
    /// @param previous none unless a change is not committed
    private record Configuration(List<RaftPeer> current, List<RaftPeer> previous) implements RaftConfiguration {
        @Override
        public @Nullable RaftPeer getPeer(RaftPeerId id, RaftPeerRole... roles) {
            return getAllPeers(RaftPeerRole.FOLLOWER).stream()
                    .filter(peer -> peer.getId().equals(id))
                    .findFirst()
                    .orElse(null);
        }

        @Override
        public List<RaftPeer> getAllPeers(RaftPeerRole role) {
            return current;
        }

        @Override
        public Collection<RaftPeer> getCurrentPeers(RaftPeerRole role) {
            return current;
        }

        @Override
        public Collection<RaftPeer> getPreviousPeers(RaftPeerRole role) {
            return previous;
        }

        @Override
        public long getLogEntryIndex() {
            return 7;
        }
    }

    private static List<RaftPeer> peers(String... ids) {
        return Arrays.stream(ids)
                .map(id -> RaftPeer.newBuilder().setId(id).setAddress(id + ":1").build())
                .toList();
    }

    private static List<String> voting(List<RaftPeer> current, List<RaftPeer> previous) {
        return RatisPeers.voting(new Configuration(current, previous)).stream()
                .map(GroupPeers.Peer::peerId)
                .toList();
    }

    @Test
    void aMemberThatIsBeingDroppedVotesUntilTheChangeIsCommitted() {
        assertThat(voting(peers("a", "b"), peers("a", "b", "c"))).containsExactly("a", "b", "c");
        assertThat(voting(peers("a", "b"), peers())).containsExactly("a", "b");
    }
}
