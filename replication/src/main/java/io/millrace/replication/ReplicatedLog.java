package io.millrace.replication;

import io.millrace.log.PartitionLog;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// What a node knows and can change of the replicated log.
///
/// Writes return at once; their futures complete on a thread of this module that must not be blocked. A future
/// completes with a value for every decided outcome (also a rejected one) and exceptionally with
/// [OutcomeUnknownException] when nobody can tell whether the write happened, or [ReplicationException] when it
/// certainly did not.
public interface ReplicatedLog extends AutoCloseable {
    // ---- writes

    /// Appends records to one partition. The buffer belongs to this module from now on until the future
    /// completes.
    CompletableFuture<AppendOutcome> append(AppendRequest request);

    /// Like [#append], but it may wait for [#sendGathered], which the caller owes soon: a caller with more
    /// requests at hand joins them into one entry.
    CompletableFuture<AppendOutcome> gather(AppendRequest request);

    /// Sends what was gathered.
    void sendGathered();

    /// Creates a topic; the same settings again are fine.
    CompletableFuture<TopicOutcome> createTopic(String name, TopicSettings settings);

    CompletableFuture<TopicOutcome> deleteTopic(String name);

    /// Changes retention of one topic, or with `"*"` of all topics there are and will be.
    CompletableFuture<TopicOutcome> setRetention(String topic, Retention retention);

    /// Raises the earliest offset of a partition; whole segments below it are deleted.
    CompletableFuture<TopicOutcome> deleteBefore(String topic, int partition, long offset);

    /// Commits a consumer group's last processed offset; backwards is ignored.
    CompletableFuture<CommitOutcome> commit(String topic, String group, int partition, long offset);

    /// Stores a small document (catalog entries, query checkpoints' descriptors) under a key; empty value
    /// deletes.
    ///
    /// @param expectedVersion −1 for any, 0 for "must not exist", else the version it must have
    CompletableFuture<DocumentOutcome> putDocument(String key, byte[] value, long expectedVersion);

    /// Makes `generation` the only one that may append output of `query` from now on. Stale when it is not
    /// above the current one: whoever raised it is its only owner, also when nobody can tell who that was.
    CompletableFuture<FenceOutcome> fence(String query, long generation);

    // ---- reads, from this node's applied state

    Optional<Topic> topic(String name);

    /// Whether there is such a topic as far as this node knows, also while [#topic] does not find it yet, because
    /// not all groups that hold a part of it have been heard of.
    default boolean exists(String topic) {
        return topic(topic).isPresent();
    }

    /// Completes when this node has applied everything about a partition, and whether there is one, that was
    /// acknowledged by any node before the call. Exceptionally when no majority answers in time.
    ///
    /// @param topic also one that does not exist
    /// @param partition any number
    default CompletableFuture<Void> barrier(String topic, int partition) {
        return cluster().barriers();
    }

    /// All topics, by name.
    List<Topic> topics();

    /// The partition's log on this node; for reading only.
    ///
    /// @throws IllegalArgumentException there is no such topic or partition
    PartitionLog partition(String topic, int partition);

    OptionalLong committed(String topic, String group, int partition);

    /// Group names, and for each its committed offsets by topic and partition.
    Map<String, Map<TopicPartition, Long>> groups();

    Optional<Document> document(String key);

    /// Documents whose key starts with `prefix`, by key.
    Map<String, Document> documents(String prefix);

    /// The newest stamp that each partition of `topic` carries from `query`; absent partitions have none.
    Map<Integer, OutputStamp> stamps(String query, String topic);

    /// Who leads the partition's group now; empty while nobody does.
    Optional<String> leader(String topic, int partition);

    boolean leads(String topic, int partition);

    /// Node ids of those who hold the partition, as far as this node knows.
    default List<String> replicas(String topic, int partition) {
        return cluster().view().members().stream().map(Member::nodeId).toList();
    }

    Health health();

    Cluster cluster();

    /// Copies of this node's replicas, for others to fetch.
    ReplicaCopies copies();

    /// Answers a command that another node has handed over ([ReplicaPeers#ask]), as the leader of a group.
    ///
    /// @return completes exceptionally with [ReplicationException] when the command makes no sense here
    default CompletableFuture<byte[]> answer(int group, byte[] command) {
        return CompletableFuture.failedFuture(
                new ReplicationException("there is only one group, and nobody hands over commands", null));
    }

    /// How partitions are divided into groups.
    default GroupLayout layout() {
        return new GroupLayout(1, false);
    }

    /// Called after records of a partition became readable, on a thread that must not be blocked. Close to
    /// stop.
    AutoCloseable onAppend(Consumer<TopicPartition> listener);

    /// Called after topics or documents changed, likewise.
    AutoCloseable onMetadataChange(Runnable listener);

    /// Called when stored records turn out to be damaged while the node runs, at once when that is known
    /// already, on a thread of its own. The damaged range answers errors, and [#health] says so; with peers,
    /// the node should now close
    /// this log, set the folder aside ([ReplicatedLogs#setAside]) and join again. Close to stop.
    AutoCloseable onDamage(Consumer<String> listener);

    /// Called once when this log cannot go on: an entry could not be applied or an fsync failed, so that what
    /// is in memory cannot be trusted any more; at once when that is known already. On a thread of its own.
    /// Reads go on, writes are refused. Closing the log and opening it again helps once the cause is gone:
    /// everything that was acknowledged is in the consensus log. Close to stop.
    AutoCloseable onFailure(Consumer<String> listener);

    /// Counters and gauges for the metrics page, by name.
    Map<String, Double> metrics();

    /// Waits for writes in flight, then stops.
    @Override
    void close();
}
