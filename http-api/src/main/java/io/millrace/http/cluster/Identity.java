package io.millrace.http.cluster;

import io.millrace.http.json.JsonBuffer;
import io.millrace.replication.GroupLayout;
import io.millrace.replication.Member;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What a node says of itself to others, `GET /_cluster/identity`.
///
/// @param self with its addresses
/// @param formed whether its folder has been part of a cluster
/// @param nodes ids that it was started with
/// @param members that it knows; empty while it has not been formed
/// @param groups of the consensus
public record Identity(Member self, boolean formed, List<String> nodes, List<Member> members, GroupLayout groups) {
    public Identity {
        nodes = List.copyOf(nodes);
        members = List.copyOf(members);
    }

    /// The member that has this directory.
    public boolean knows(Member other) {
        return members.stream()
                .anyMatch(member -> member.nodeId().equals(other.nodeId())
                        && member.directoryId().equals(other.directoryId()));
    }

    JsonBuffer toJson() {
        JsonBuffer json = new JsonBuffer(512).ascii("{\"ok\":true,");
        fields(json, self);
        json.ascii(",\"formed\":").bool(formed);
        json.ascii(",\"nodes\":").value(nodes);
        groups(json, groups);
        json.ascii(",\"members\":[");
        for (int i = 0; i < members.size(); i++) {
            json.ascii(i == 0 ? "{" : ",{");
            fields(json, members.get(i));
            json.put('}');
        }
        return json.ascii("]}\n");
    }

    /// The fields of a layout.
    public static JsonBuffer groups(JsonBuffer json, GroupLayout groups) {
        return json.ascii(",\"groups\":")
                .number(groups.count())
                .ascii(",\"apart\":")
                .bool(groups.metadataApart());
    }

    /// A member's fields, without braces.
    static void fields(JsonBuffer json, Member member) {
        json.ascii("\"node\":").string(member.nodeId());
        json.ascii(",\"directory\":").string(member.directoryId());
        json.ascii(",\"raft\":").string(member.raftAddress());
        json.ascii(",\"http\":").string(member.httpAddress());
    }

    /// Reads another node's answer.
    ///
    /// @throws IOException it is not an identity
    public static Identity of(Peers.Reply reply) throws IOException {
        if (reply.status() != 200) {
            throw new IOException(Peers.reason(reply));
        }
        Map<?, ?> body = reply.body();
        List<String> nodes = new ArrayList<>();
        if (body.get("nodes") instanceof List<?> list) {
            list.forEach(node -> nodes.add(String.valueOf(node)));
        }
        List<Member> members = new ArrayList<>();
        if (body.get("members") instanceof List<?> list) {
            for (Object member : list) {
                if (member instanceof Map<?, ?> map) {
                    members.add(member(map));
                }
            }
        }
        int groups = body.get("groups") instanceof Long number ? number.intValue() : 1;
        return new Identity(
                member(body),
                Boolean.TRUE.equals(body.get("formed")),
                nodes,
                members,
                new GroupLayout(groups, groups > 1 && Boolean.TRUE.equals(body.get("apart"))));
    }

    private static Member member(Map<?, ?> map) throws IOException {
        return new Member(text(map, "node"), text(map, "directory"), text(map, "raft"), text(map, "http"));
    }

    private static String text(Map<?, ?> map, String field) throws IOException {
        if (map.get(field) instanceof String value) {
            return value;
        }
        throw new IOException("the answer has no '" + field + "'; is it a node of this version?");
    }
}
