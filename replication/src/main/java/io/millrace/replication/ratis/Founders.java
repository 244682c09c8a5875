package io.millrace.replication.ratis;

import io.millrace.log.CorruptLogException;
import io.millrace.replication.Member;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.apache.ratis.protocol.RaftPeer;

/// With whom a group other than 0 begins: the nodes that made the cluster, for all time, in a file `founders` beside
/// the
/// Raft logs of each of them.
///
/// A group whose log has nothing in it yet must be given its members at every start, and it must be these: a node
/// that joined later may be a member of group 0 already and not of the others. Given group 0's members, several such
/// nodes with empty logs could take themselves for a majority. They have no such file and are given nobody: the group's
/// leader tells them.
///
/// The file: a line of node id, directory id, Raft and HTTP address each, the last line is the CRC32C of those before.
final class Founders {
    private static final String NAME = "founders";

    private Founders() {}

    /// @param folder of the Raft logs
    /// @param members as they are known now; of a fresh node those that make the cluster, none when it joins one
    /// @return the founders at their present addresses; none on a node that joined
    static List<RaftPeer> of(Path folder, List<Member> members) throws IOException {
        Path file = folder.resolve(NAME);
        boolean fresh =
                !Files.exists(folder.resolve(RunningServer.groupId(0).getUuid().toString()));
        if (fresh && !members.isEmpty() && !Files.exists(file)) {
            write(folder, file, members);
        }
        List<RaftPeer> founders = new ArrayList<>();
        if (Files.exists(file)) {
            for (Member founder : read(file)) {
                founders.add(RunningServer.toPeer(members.stream()
                        .filter(member -> member.peerId().equals(founder.peerId()))
                        .findFirst()
                        .orElse(founder)));
            }
        }
        return founders;
    }

    private static void write(Path folder, Path file, List<Member> members) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Member member : members) {
            text.append(member.nodeId()).append(' ').append(member.directoryId());
            text.append(' ').append(member.raftAddress());
            text.append(' ').append(member.httpAddress()).append('\n');
        }
        text.append(checksum(text.toString())).append('\n');
        Path next = folder.resolve(NAME + ".next");
        try (FileChannel out = FileChannel.open(
                next, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    private static List<Member> read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        List<Member> members = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (String line : lines.subList(0, Math.max(0, lines.size() - 1))) {
            String[] parts = line.split(" ", -1);
            if (parts.length == 4) {
                members.add(new Member(parts[0], parts[1], parts[2], parts[3]));
            }
            text.append(line).append('\n');
        }
        if (members.isEmpty() || !lines.getLast().equals(checksum(text.toString()))) {
            throw new CorruptLogException("%s is corrupt: expected a last line %s, found '%s'"
                    .formatted(file, checksum(text.toString()), lines.isEmpty() ? "" : lines.getLast()));
        }
        return members;
    }

    private static String checksum(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return "%08x".formatted(crc.getValue());
    }
}
