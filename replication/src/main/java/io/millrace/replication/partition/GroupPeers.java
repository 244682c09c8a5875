package io.millrace.replication.partition;

import io.millrace.replication.Member;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// The peers of a group as the consensus library knows them, and how that changes. A library that has none
/// keeps to the defaults: a group of one that stays alone.
public interface GroupPeers {
    /// A group that has no peers.
    GroupPeers ALONE = new GroupPeers() {};

    /// @param peerId see [Member#peerId]
    /// @param raftAddress as the configuration says, which may be out of date
    /// @param httpAddress likewise; empty when unknown
    record Peer(String peerId, String raftAddress, String httpAddress) {}

    /// @param matchIndex last entry that is known to be durable there
    /// @param silentMs since it answered last
    record Follower(String peerId, long matchIndex, long silentMs) {}

    /// The configuration in force; empty while this node has not been added to any.
    default List<Peer> current() {
        return List.of();
    }

    /// Those whose votes may still count: while a change of configuration is not committed, also the members
    /// that it is to drop.
    default List<Peer> voting() {
        return current();
    }

    /// On the leader: the others, those included that are being added; elsewhere empty.
    default List<Follower> followers() {
        return List.of();
    }

    /// Index of the last entry of this node's log.
    default long lastIndex() {
        return -1;
    }

    /// Index up to which this node's log is durable here.
    default long flushedIndex() {
        return lastIndex();
    }

    /// On the leader: whether a majority has answered lately; elsewhere without meaning.
    default boolean majorityAnswers() {
        return true;
    }

    /// Makes these the peers. On the leader only, one call at a time; the library waits until new ones have
    /// caught up.
    default CompletableFuture<Void> change(List<Member> members) {
        return CompletableFuture.failedFuture(new UnsupportedOperationException("this log has no peers"));
    }

    /// Hands leadership over.
    default CompletableFuture<Void> transfer(String peerId, long timeoutMs) {
        return CompletableFuture.failedFuture(new UnsupportedOperationException("this log has no peers"));
    }

    /// Gives the lead up, to whoever is elected next; that works also where [#transfer] is refused.
    default CompletableFuture<Void> stepDown(long timeoutMs) {
        return CompletableFuture.failedFuture(new UnsupportedOperationException("this log has no peers"));
    }

    /// Completes when everything that was acknowledged before has been applied here.
    default CompletableFuture<Void> barrier() {
        return CompletableFuture.completedFuture(null);
    }

    /// Called after leader or configuration changed, on a thread that must not be blocked.
    default void onChange(Runnable listener) {}
}
