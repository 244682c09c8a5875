package io.millrace.faults.history;

import java.util.List;

/// One thing that happened, at `atNs` since the run began.
///
/// A record has a name, `producer/sequence`, which is part of its value; so what is read says what was sent. A
/// name that begins with [#FOREIGN] stands for a value that no producer makes.
public sealed interface Event {
    /// First character of the name of a value that is not one of ours, or not whole.
    char FOREIGN = '?';

    /// An answer that names no offset.
    long NO_OFFSET = -1;

    long atNs();

    static String name(String producer, long sequence) {
        return producer + "/" + sequence;
    }

    /// A request begins to send `count` records from `sequence` on. It may be sent again, which is another
    /// event.
    record Sent(long atNs, String producer, long sequence, int count, int partition, boolean keyed) implements Event {}

    /// The node `node` said of a request begun at `sentNs` that its records are synced on a quorum.
    ///
    /// @param offset of the first record; the others follow without a gap. [#NO_OFFSET] when it was not named
    record Acknowledged(
            long atNs, long sentNs, String producer, long sequence, int count, int partition, long offset, String node)
            implements Event {}

    /// An error other than 504: this attempt has not happened, so they say.
    record Refused(long atNs, String producer, long sequence, int count, String code) implements Event {}

    /// Nobody can tell: 504, or the connection broke.
    record Unknown(long atNs, String producer, long sequence, int count, String why) implements Event {}

    /// What a node that was alone said of a write begun at `sentNs`; `code` as in [Refused], also when nothing
    /// came.
    record Answered(long atNs, long sentNs, String node, String code) implements Event {}

    /// A consumer got a record while the run went on.
    record Seen(long atNs, String node, int partition, long offset, String name) implements Event {}

    /// A record that is there at the end, on this node.
    record Kept(long atNs, String node, int partition, long offset, String name) implements Event {}

    /// A record in a segment file of this node, read without its help; `checksum` is over key and value.
    record Stored(long atNs, String node, int partition, long offset, long checksum) implements Event {}

    /// A linearizable read, begun at `askedNs`, said that the partition's next offset is `next`.
    record Latest(long atNs, long askedNs, String node, int partition, long next) implements Event {}

    /// The commit of an offset was acknowledged.
    record CommitAcknowledged(long atNs, int partition, long offset) implements Event {}

    /// A linearizable read of the committed offset, begun at `askedNs`; [#NO_OFFSET] for none.
    record Committed(long atNs, long askedNs, String node, int partition, long offset) implements Event {}

    /// Who shall have the files of a partition at the end. Without such an event: every node.
    record Placed(long atNs, int partition, List<String> nodes) implements Event {
        public Placed {
            nodes = List.copyOf(nodes);
        }
    }

    /// From here on this node cannot reach a majority: it must acknowledge nothing that is sent from now on.
    ///
    /// @param partitions for which that is so; empty for all
    record CutOff(long atNs, String node, List<Integer> partitions) implements Event {
        public CutOff {
            partitions = List.copyOf(partitions);
        }

        public CutOff(long atNs, String node) {
            this(atNs, node, List.of());
        }

        public boolean concerns(int partition) {
            return partitions.isEmpty() || partitions.contains(partition);
        }
    }

    /// The end of [CutOff].
    record Restored(long atNs, String node) implements Event {}

    /// For people: a fault, a repair.
    record Note(long atNs, String text) implements Event {}
}
