package io.millrace.replication;

import io.millrace.log.disk.Disk;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Who this node is and who its peers are at a start: what the folder knows, what the settings say, and which
/// wins.
///
/// | the folder            | members                                                                    |
/// |-----------------------|----------------------------------------------------------------------------|
/// | has been formed       | those in the folder; addresses from the settings where they know the node  |
/// | is fresh              | those of the settings; none: wait to be added                              |
///
/// The folder says `formed` from before the first vote on, so that no later start takes it for a fresh one.
final class Beginning {
    private Beginning() {}

    /// @return the settings with directory ids, ports and members as they are to be used
    /// @throws IOException the folder is another node's, or no port can be had
    static ReplicationSettings resolve(ReplicationSettings settings, Disk disk) throws IOException {
        NodeIdentity identity = NodeIdentity.of(disk, settings.dataFolder(), settings.nodeId());
        String expected = settings.self().directoryId();
        if (!expected.isEmpty() && !expected.equals(identity.directoryId())) {
            throw new IllegalArgumentException("folder %s has directory id %s, the settings say %s"
                    .formatted(settings.dataFolder(), identity.directoryId(), expected));
        }
        GroupLayout layout = settings.layout();
        if (!identity.groups().equals(GroupLayout.NONE) && !identity.groups().equals(layout)) {
            throw new IOException(mismatch(layout, identity.groups(), settings.dataFolder()));
        }
        boolean formed = identity.formed() && !identity.members().isEmpty();
        List<Member> members = formed ? identity.members() : settings.members();
        Member remembered = identity.members().stream()
                .filter(member -> member.nodeId().equals(settings.nodeId()))
                .findAny()
                .orElse(settings.self());
        Member self = new Member(
                settings.nodeId(),
                identity.directoryId(),
                withPort(settings.self().raftAddress(), remembered.raftAddress(), members.size() == 1),
                settings.self().httpAddress());
        List<Member> resolved = new ArrayList<>();
        for (Member member : members) {
            if (member.nodeId().equals(self.nodeId())) {
                if (!formed || member.peerId().equals(self.peerId())) {
                    resolved.add(self);
                }
                continue;
            }
            if (member.directoryId().isEmpty()) {
                throw new IllegalArgumentException(
                        "the directory id of node '%s' is missing".formatted(member.nodeId()));
            }
            Member configured = settings.members().stream()
                    .filter(other -> other.nodeId().equals(member.nodeId()))
                    .findAny()
                    .orElse(member);
            resolved.add(new Member(
                    member.nodeId(), member.directoryId(), configured.raftAddress(), configured.httpAddress()));
        }
        if (!formed && !resolved.isEmpty() && !resolved.contains(self)) {
            throw new IllegalArgumentException(
                    "node '%s' is not one of the members %s".formatted(self.nodeId(), settings.members()));
        }
        NodeIdentity next = resolved.isEmpty()
                // only to find the same port again
                ? new NodeIdentity(self.nodeId(), self.directoryId(), false, List.of(self), layout)
                : identity.withGroups(layout).withMembers(resolved);
        if (!next.equals(identity)) {
            next.write(disk, settings.dataFolder());
        }
        return settings.with(self, resolved);
    }

    private static String mismatch(GroupLayout here, GroupLayout folder, Path dataFolder) {
        return here.count() == folder.count()
                ? "raft.replication-factor is %s, but folder %s was made %s one (node.properties), and that is fixed when a cluster is created. %s, or start with an empty data folder"
                        .formatted(
                                here.metadataApart() ? "set" : "0",
                                dataFolder,
                                folder.metadataApart() ? "with" : "without",
                                folder.metadataApart() ? "Set it" : "Leave it out")
                : "raft.groups is %d, but folder %s was made with %d (node.properties), and that is fixed when a cluster is created. Start with raft.groups %d, or with an empty data folder"
                        .formatted(here.count(), dataFolder, folder.count(), folder.count());
    }

    private static String withPort(String address, String remembered, boolean alone) throws IOException {
        if (portOf(address) != 0) {
            return address;
        }
        String host = address.substring(0, address.lastIndexOf(':'));
        int before = portOf(remembered);
        if (before != 0) {
            try {
                return host + ":" + freePort(host, before);
            } catch (IOException taken) {
                if (!alone) {
                    throw new IOException(
                            "port %d of %s, where the other nodes look for this one, cannot be had (%s). Free it, or"
                                            .formatted(before, host, taken.getMessage())
                                    + " set another raft port here and in the settings of the other nodes.",
                            taken);
                }
            }
        }
        return host + ":" + freePort(host, 0);
    }

    private static int portOf(String address) {
        int colon = address.lastIndexOf(':');
        try {
            if (colon > 0) {
                return Integer.parseInt(address.substring(colon + 1));
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new IllegalArgumentException("a raft address is host:port, not '%s'".formatted(address));
    }

    private static int freePort(String host, int wanted) throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true); // as the Raft server does; a listener is noticed nevertheless
            socket.bind(new java.net.InetSocketAddress(InetAddress.getByName(host), wanted), 1);
            return socket.getLocalPort();
        }
    }
}
