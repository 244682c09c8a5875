package io.millrace.replication.partition;

import io.millrace.replication.metadata.Fields;
import io.millrace.replication.metadata.Metadata;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// What a node that holds a group says of it to one that does not.
///
/// | bytes | field     | meaning                                                                   |
/// |-------|-----------|---------------------------------------------------------------------------|
/// | text  | leader    | node id, empty for none                                                   |
/// | 8 + 8 | term, commit | as that node knows them                                                |
/// | 8     | applied   | index; everything below is in what follows                                |
/// | 4     | members   | how many voting; each: peer id, Raft address, HTTP address                |
/// | 4     | crc32c    | of the metadata                                                           |
/// | 1     | changed   | 1 when the metadata follow (bytes), 0 when the one who asks has them      |
/// | …     | ends      | of the partitions, or of those that changed: [ReportedEnds]               |
///
/// @param leader node id; null while nobody leads
/// @param checksum of the metadata
/// @param knowledge of the partitions, for the next question
record GroupReport(
        @Nullable String leader,
        long term,
        long committedIndex,
        long appliedIndex,
        List<GroupPeers.Peer> members,
        Metadata metadata,
        int checksum,
        ReportedEnds.Knowledge knowledge,
        Map<Place, Ends> partitions) {
    record Place(long topicId, int partition) {}

    /// @param next one past the last readable offset
    record Ends(long earliest, long next, long sizeBytes) {
        static final Ends EMPTY = new Ends(0, 0, 0);
    }

    GroupReport {
        members = List.copyOf(members);
        partitions = Map.copyOf(partitions);
    }

    Ends ends(long topicId, int partition) {
        return Objects.requireNonNullElse(partitions.get(new Place(topicId, partition)), Ends.EMPTY);
    }

    /// Whether the other one was made later, by the same node.
    boolean isOlderFromSameNode(GroupReport other) {
        return knowledge.table() == other.knowledge.table() && knowledge.number() < other.knowledge.number();
    }

    boolean hasMember(String peerId) {
        return members.stream().anyMatch(member -> member.peerId().equals(peerId));
    }

    /// @param known checksum of the metadata that the one who asks has
    /// @param knowledge of the partitions, likewise
    static void write(DataOutput out, GroupLog log, Optional<Integer> known, ReportedEnds.Knowledge knowledge)
            throws IOException {
        Consensus.Status status = log.consensus.status();
        // first: what comes later may be newer, which only makes the others wait for less
        long applied = log.state.index();
        writeHead(
                out,
                log.consensus.leader().orElse(""),
                status.term(),
                status.committedIndex(),
                applied,
                log.consensus.group().voting());
        writeMetadata(out, log.state.metadata(), known);
        log.reportedEnds.write(out, log.state.allReplicas(), knowledge);
    }

    /// What may have changed although nothing was applied, so that it is always told.
    static void writeHead(
            DataOutput out, String leader, long term, long committed, long applied, List<GroupPeers.Peer> members)
            throws IOException {
        Fields.writeText(out, leader);
        out.writeLong(term);
        out.writeLong(committed);
        out.writeLong(applied);
        out.writeInt(members.size());
        for (GroupPeers.Peer member : members) {
            Fields.writeText(out, member.peerId());
            Fields.writeText(out, member.raftAddress());
            Fields.writeText(out, member.httpAddress());
        }
    }

    static void writeMetadata(DataOutput out, Metadata metadata, Optional<Integer> known) throws IOException {
        ByteArrayOutputStream encoded = new ByteArrayOutputStream();
        metadata.writeTo(new DataOutputStream(encoded));
        byte[] bytes = encoded.toByteArray();
        int checksum = checksum(bytes);
        out.writeInt(checksum);
        boolean changed = known.isEmpty() || known.get() != checksum;
        out.writeBoolean(changed);
        if (changed) {
            Fields.writeBytes(out, bytes);
        }
    }

    /// @param before what the question said is known here: it is still true where nothing follows
    static GroupReport read(DataInput in, @Nullable GroupReport before) throws IOException {
        String leader = Fields.readText(in);
        long term = in.readLong();
        long committed = in.readLong();
        long applied = in.readLong();
        List<GroupPeers.Peer> members = new ArrayList<>();
        for (int i = in.readInt(); i > 0; i--) {
            members.add(new GroupPeers.Peer(Fields.readText(in), Fields.readText(in), Fields.readText(in)));
        }
        int checksum = in.readInt();
        Metadata metadata;
        if (in.readBoolean()) {
            byte[] bytes = Fields.readBytes(in);
            if (checksum(bytes) != checksum) {
                throw new IOException("the metadata of another node did not arrive as they were sent");
            }
            metadata = Metadata.readFrom(new DataInputStream(new ByteArrayInputStream(bytes)));
        } else if (before != null && before.checksum == checksum) {
            metadata = before.metadata;
        } else {
            throw new IOException("another node says that the metadata are known, and they are not");
        }
        ReportedEnds.Knowledge knowledge = new ReportedEnds.Knowledge(in.readLong(), in.readLong());
        return new GroupReport(
                leader.isEmpty() ? null : leader,
                term,
                committed,
                applied,
                members,
                metadata,
                checksum,
                knowledge,
                partitions(in, before, knowledge));
    }

    private static Map<Place, Ends> partitions(
            DataInput in, @Nullable GroupReport before, ReportedEnds.Knowledge knowledge) throws IOException {
        boolean whole = in.readBoolean();
        int count = in.readInt();
        Map<Place, Ends> partitions;
        if (whole) {
            partitions = new HashMap<>();
        } else if (before == null || before.knowledge.table() != knowledge.table()) {
            throw new IOException("another node says that the ends of partitions are known, and they are not");
        } else if (count == 0) {
            return before.partitions; // the same object says that nothing changed
        } else {
            partitions = new HashMap<>(before.partitions);
        }
        for (int i = count; i > 0; i--) {
            Place place = new Place(in.readLong(), in.readInt());
            partitions.put(place, new Ends(in.readLong(), in.readLong(), in.readLong()));
        }
        return partitions;
    }

    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
