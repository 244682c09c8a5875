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
/// | 4     | partitions | how many; each: topic id (8), partition (4), earliest (8), next (8), bytes (8) |
///
/// @param leader node id; null while nobody leads
/// @param checksum of the metadata
record GroupReport(
        @Nullable String leader,
        long term,
        long committedIndex,
        long appliedIndex,
        List<GroupPeers.Peer> members,
        Metadata metadata,
        int checksum,
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

    boolean hasMember(String peerId) {
        return members.stream().anyMatch(member -> member.peerId().equals(peerId));
    }

    /// @param known checksum of the metadata that the one who asks has
    static void write(DataOutput out, GroupLog log, Optional<Integer> known) throws IOException {
        Consensus.Status status = log.consensus.status();
        // first: what comes later may be newer, which only makes the others wait for less
        long applied = log.state.index();
        Fields.writeText(out, log.consensus.leader().orElse(""));
        out.writeLong(status.term());
        out.writeLong(status.committedIndex());
        out.writeLong(applied);
        List<GroupPeers.Peer> members = log.consensus.group().voting();
        out.writeInt(members.size());
        for (GroupPeers.Peer member : members) {
            Fields.writeText(out, member.peerId());
            Fields.writeText(out, member.raftAddress());
            Fields.writeText(out, member.httpAddress());
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        log.state.metadata().writeTo(new DataOutputStream(bytes));
        byte[] metadata = bytes.toByteArray();
        int checksum = checksum(metadata);
        out.writeInt(checksum);
        boolean changed = known.isEmpty() || known.get() != checksum;
        out.writeBoolean(changed);
        if (changed) {
            Fields.writeBytes(out, metadata);
        }
        List<PartitionReplica> replicas = log.state.allReplicas();
        replicas.removeIf(replica -> replica.readableEnd() == 0);
        out.writeInt(replicas.size());
        for (PartitionReplica replica : replicas) {
            out.writeLong(replica.topicId);
            out.writeInt(replica.name.partition());
            out.writeLong(replica.earliest());
            out.writeLong(replica.readableEnd());
            out.writeLong(replica.sizeBytes());
        }
    }

    /// @param before whose metadata are still true when none follow
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
        Map<Place, Ends> partitions = new HashMap<>();
        for (int i = in.readInt(); i > 0; i--) {
            Place place = new Place(in.readLong(), in.readInt());
            partitions.put(place, new Ends(in.readLong(), in.readLong(), in.readLong()));
        }
        return new GroupReport(
                leader.isEmpty() ? null : leader, term, committed, applied, members, metadata, checksum, partitions);
    }

    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
