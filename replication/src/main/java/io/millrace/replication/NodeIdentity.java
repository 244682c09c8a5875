package io.millrace.replication;

import io.millrace.log.disk.Disk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Who a data folder belongs to: `node.properties` in it.
///
/// @param nodeId the node's name
/// @param directoryId random, made with the folder
/// @param formed whether this folder has been part of a group
/// @param members that it knew last; while it has not been formed at most itself, for its port
/// @param groups that its state is divided into, fixed when it was opened first; [GroupLayout#NONE] before that
public record NodeIdentity(
        String nodeId, String directoryId, boolean formed, List<Member> members, GroupLayout groups) {
    public NodeIdentity {
        members = List.copyOf(members);
    }

    /// Reads the identity of a folder, or makes one for a folder without.
    ///
    /// @throws IOException the disk failed, or the folder belongs to a node of another name
    public static NodeIdentity of(Disk disk, Path dataFolder, String nodeId) throws IOException {
        return IdentityFile.readOrCreate(disk, dataFolder, nodeId);
    }

    /// This folder as a member.
    public Member member(String raftAddress, String httpAddress) {
        return new Member(nodeId, directoryId, raftAddress, httpAddress);
    }

    NodeIdentity withGroups(GroupLayout layout) {
        return new NodeIdentity(nodeId, directoryId, formed, members, layout);
    }

    NodeIdentity withMembers(List<Member> now) {
        return new NodeIdentity(nodeId, directoryId, true, now, groups);
    }

    /// Replaces the file, durably.
    void write(Disk disk, Path dataFolder) throws IOException {
        IdentityFile.write(disk, dataFolder, this);
    }
}
