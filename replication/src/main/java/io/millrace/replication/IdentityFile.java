package io.millrace.replication;

import io.millrace.log.CorruptLogException;
import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// `node.properties`: `key=value` lines, readable by people, never edited by them; the last one is a checksum.
final class IdentityFile {
    private static final String NAME = "node.properties";
    private static final int SIZE_MAX = 1 << 20;
    private static final String CHECKSUM = "checksum=";

    private IdentityFile() {}

    static NodeIdentity readOrCreate(Disk disk, Path folder, String nodeId) throws IOException {
        Path file = folder.resolve(NAME);
        disk.createFolders(folder);
        SetAside.finish(disk, folder);
        if (!disk.exists(file)) {
            NodeIdentity made = new NodeIdentity(
                    nodeId, UUID.randomUUID().toString().replace("-", ""), false, List.of(), GroupLayout.NONE);
            write(disk, folder, made);
            return made;
        }
        NodeIdentity found = decode(file, readText(disk, file));
        if (!found.nodeId().equals(nodeId)) {
            throw new IOException("%s belongs to node '%s', not to '%s'; start it with that name, or use another folder"
                    .formatted(folder, found.nodeId(), nodeId));
        }
        return found;
    }

    private static String readText(Disk disk, Path file) throws IOException {
        try (DiskFile in = disk.openForReading(file)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(SIZE_MAX, in.sizeBytes()));
            in.read(bytes, 0);
            return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
        }
    }

    static void write(Disk disk, Path folder, NodeIdentity identity) throws IOException {
        StringBuilder text = new StringBuilder();
        text.append("directory=").append(identity.directoryId()).append('\n');
        text.append("formed=").append(identity.formed()).append('\n');
        if (identity.groups().count() > 1) { // files of one group stay as they were
            text.append("groups=").append(identity.groups()).append('\n');
        }
        for (Member member : identity.members()) {
            text.append("member.").append(member.nodeId()).append('=');
            text.append(member.directoryId()).append(' ').append(member.raftAddress());
            text.append(' ').append(member.httpAddress()).append('\n');
        }
        text.append("node=").append(identity.nodeId()).append('\n');
        String checksum = checksum(text.toString());
        text.append(CHECKSUM).append(checksum).append('\n');
        disk.replace(folder.resolve(NAME), text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /// The last line covers everything before: one flipped bit would make this folder another voter.
    private static String checksum(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return "%08x".formatted(crc.getValue());
    }

    private static NodeIdentity decode(Path file, String text) throws CorruptLogException {
        int last = text.lastIndexOf(CHECKSUM);
        String expected =
                last < 0 ? "" : text.substring(last + CHECKSUM.length()).stripTrailing();
        String found = last < 0 ? "" : checksum(text.substring(0, last));
        if (last < 0 || !found.equals(expected) || !text.endsWith("\n")) {
            throw new CorruptLogException(
                    "%s is corrupt: expected a last line %s%s, found '%s'".formatted(file, CHECKSUM, found, expected));
        }
        SortedMap<String, String> values = new TreeMap<>();
        for (String line : text.split("\n")) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                values.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        String node = values.get("node");
        String directory = values.get("directory");
        if (node == null || directory == null || !text.endsWith("\n")) {
            throw new CorruptLogException(file + " does not say which node it belongs to");
        }
        List<Member> members = new ArrayList<>();
        for (String key : values.keySet()) {
            if (key.startsWith("member.")) {
                String[] parts = values.get(key).split(" ", -1);
                if (parts.length != 3) {
                    throw new CorruptLogException(
                            file + ": line '" + key + "' is not: directory raft-address http-address");
                }
                members.add(new Member(key.substring("member.".length()), parts[0], parts[1], parts[2]));
            }
        }
        boolean formed = Boolean.parseBoolean(values.get("formed"));
        return new NodeIdentity(node, directory, formed, members, groups(file, values.get("groups"), formed, members));
    }

    /// A file that says nothing is of a node with one group, unless the node has never been open.
    private static GroupLayout groups(Path file, @Nullable String value, boolean formed, List<Member> members)
            throws CorruptLogException {
        if (value == null) {
            return formed || !members.isEmpty() ? new GroupLayout(1, false) : GroupLayout.NONE;
        }
        try {
            return GroupLayout.parse(value);
        } catch (IllegalArgumentException e) {
            throw new CorruptLogException("%s: groups is '%s', expected a number".formatted(file, value));
        }
    }
}
