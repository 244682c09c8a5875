package io.millrace.http.cluster;

import io.millrace.http.json.JsonBuffer;
import io.millrace.replication.ClusterView;
import io.millrace.replication.Member;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// `GET /metrics_ha`: the cluster as this node sees it, in Prometheus's text format.
final class HaMetrics {
    private static final List<String> ROLES =
            List.of("leader", "follower", "candidate", "listener", "closed", "rebuilding");

    private HaMetrics() {}

    static JsonBuffer page(ClusterView view) {
        Map<String, Family> families = new TreeMap<>();
        add(
                families,
                "members",
                "Nodes of the cluster",
                false,
                "",
                view.members().size());
        add(
                families,
                "draining",
                "Nodes that shall not lead",
                false,
                "",
                view.draining().size());
        add(
                families,
                "transfers",
                "Replicas on their way",
                false,
                "",
                view.transfers().size());
        for (Member member : view.members()) {
            String labels = "node=\"" + member.nodeId() + "\",http=\"" + member.httpAddress() + "\"";
            add(families, "member_info", "1 for every member", false, labels, 1);
        }
        for (ClusterView.Group group : view.groups()) {
            String label = "group=\"" + group.group() + "\"";
            for (String role : ROLES) {
                add(
                        families,
                        "role",
                        "1 for the role of this node, 0 for the others",
                        false,
                        label + ",role=\"" + role + "\"",
                        role.equals(group.role()) ? 1 : 0);
            }
            for (Member member : view.members()) {
                add(
                        families,
                        "leader",
                        "1 for the node that leads, as this node knows",
                        false,
                        label + ",node=\"" + member.nodeId() + "\"",
                        member.nodeId().equals(group.leader()) ? 1 : 0);
            }
            add(families, "term", "Term of the group", false, label, group.term());
            add(families, "committed_index", "Last entry on a majority", false, label, group.committedIndex());
            add(families, "applied_index", "Last entry applied here", false, label, group.appliedIndex());
            add(families, "elections_total", "Changes of the leader since the start", true, label, group.elections());
            for (ClusterView.Follower follower : group.followers()) {
                String labels = label + ",node=\"" + follower.nodeId() + "\"";
                add(
                        families,
                        "follower_match_index",
                        "Last entry durable on a follower",
                        false,
                        labels,
                        follower.matchIndex());
                add(families, "follower_lag_entries", "Entries it lacks", false, labels, follower.lag());
                add(families, "follower_silent_ms", "Since it was heard of last", false, labels, follower.silentMs());
            }
        }
        JsonBuffer page = new JsonBuffer(4096);
        families.forEach((name, family) -> {
            page.ascii("# HELP millrace_ha_")
                    .ascii(name)
                    .put(' ')
                    .ascii(family.help())
                    .put('\n');
            page.ascii("# TYPE millrace_ha_").ascii(name).ascii(family.counter() ? " counter\n" : " gauge\n");
            family.series().forEach((labels, value) -> {
                page.ascii("millrace_ha_").ascii(name);
                if (!labels.isEmpty()) {
                    page.put('{').ascii(labels).put('}');
                }
                page.put(' ').number(value).put('\n');
            });
        });
        return page;
    }

    private record Family(String help, boolean counter, Map<String, Long> series) {}

    private static void add(
            Map<String, Family> families, String name, String help, boolean counter, String labels, long value) {
        families.computeIfAbsent(name, ignored -> new Family(help, counter, new TreeMap<>()))
                .series()
                .put(labels, value);
    }
}
