package io.millrace.faults.stage;

import io.millrace.faults.history.Event;
import io.millrace.faults.history.History;
import io.millrace.faults.load.Json;
import io.millrace.faults.load.Workload;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Which nodes hold which Raft groups, where not every node holds all, as nodes and their files say.
///
/// Threading: the thread that breaks things.
final class Groups {
    private static final Duration PATIENCE = Duration.ofSeconds(180);
    /// Longer than the pause between two steps of a group on its way.
    private static final Duration STABLE = Duration.ofSeconds(3);

    private static final long POLL_MS = 100;

    private final Stage stage;
    private final int count;
    private final int partitions;
    private final Map<Integer, Integer> byPartition = new HashMap<>();
    private int factor;

    Groups(Stage stage, int count, int factor, int partitions) {
        this.stage = stage;
        this.count = count;
        this.factor = factor;
        this.partitions = partitions;
    }

    /// A group as one node tells of it.
    private record Seen(int number, String role, long term, List<String> members, long committed, long applied) {
        static Seen of(Map<String, @Nullable Object> json) {
            return new Seen(
                    (int) Json.number(json, "group", -1),
                    Json.text(json, "role", ""),
                    Json.number(json, "term", -1),
                    Json.texts(json, "members"),
                    Json.number(json, "committed_index", -1),
                    Json.number(json, "applied_index", -1));
        }

        boolean isHeld() {
            return role.equals("leader") || role.equals("follower");
        }
    }

    private List<Seen> seenBy(int node) throws InterruptedException {
        return stage.ask(node, "/v1/cluster", "groups").stream().map(Seen::of).toList();
    }

    /// How many nodes shall hold each group from now on.
    void wanted(int replicas) {
        factor = replicas;
    }

    int wanted() {
        return factor;
    }

    /// Numbers of the groups with records.
    int[] numbers() {
        return IntStream.range(1, count).toArray();
    }

    /// The group of a partition; waits until a node has some of it.
    int of(int partition) throws IOException, InterruptedException {
        Integer known = byPartition.get(partition);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (known == null) {
            for (int node : stage.members()) {
                OptionalInt group = SegmentFiles.groupOf(stage.dataFolder(node), Workload.TOPIC, partition);
                if (group.isPresent()) {
                    known = group.getAsInt();
                    byPartition.put(partition, known);
                    return known;
                }
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(
                        "no node has anything of partition " + partition + " after " + PATIENCE.toSeconds() + " s");
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        return known;
    }

    /// Members of a group, as its leader says.
    int[] holders(int group) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            Seen leader = null;
            for (int node : stage.members()) {
                for (Seen seen : seenBy(node)) {
                    if (seen.number() == group
                            && seen.role().equals("leader")
                            && (leader == null || seen.term() > leader.term())) {
                        leader = seen;
                    }
                }
            }
            if (leader != null) {
                return indexes(leader.members());
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        throw new IOException("no node said that it leads group " + group + " within " + PATIENCE.toSeconds() + " s");
    }

    private int[] indexes(List<String> names) throws IOException {
        int[] indexes = new int[names.size()];
        for (int i = 0; i < indexes.length; i++) {
            String name = names.get(i);
            indexes[i] = Arrays.stream(stage.members())
                    .filter(node -> stage.name(node).equals(name))
                    .findFirst()
                    .orElseThrow(() -> new IOException("a group has the member " + name + ", which is no node"));
        }
        Arrays.sort(indexes);
        return indexes;
    }

    /// Waits until every group has as many members as it shall have, for a while already, and every one of them
    /// has what was committed when this began. All nodes must be up.
    ///
    /// @throws IOException that takes too long
    void awaitSettled() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        long[] floor = new long[count];
        Arrays.fill(floor, -1);
        String before = "";
        String obstacle = "nothing was asked yet";
        long sinceNs = System.nanoTime();
        while (System.nanoTime() < deadline) {
            StringBuilder placement = new StringBuilder();
            obstacle = obstacle(floor, placement);
            String now = placement.toString();
            if (!obstacle.isEmpty() || !now.equals(before)) {
                sinceNs = System.nanoTime();
                before = now;
            } else if (System.nanoTime() - sinceNs > STABLE.toNanos()) {
                stage.note("groups are on" + now);
                return;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        throw new IOException("the groups are not where they shall be after " + PATIENCE.toSeconds() + " s: "
                + (obstacle.isEmpty() ? "they go on moving" : obstacle));
    }

    /// What is missing; empty for nothing.
    ///
    /// @param floor what each member must have applied, by group; −1 where that is not known yet
    private String obstacle(long[] floor, StringBuilder placement) throws InterruptedException {
        Map<String, List<Seen>> views = new HashMap<>();
        for (int node : stage.members()) {
            views.put(stage.name(node), seenBy(node));
        }
        int replicas = Math.min(factor, views.size());
        for (int group : numbers()) {
            Seen leader = views.values().stream()
                    .flatMap(List::stream)
                    .filter(seen -> seen.number() == group && seen.role().equals("leader"))
                    .max(java.util.Comparator.comparingLong(Seen::term))
                    .orElse(null);
            if (leader == null) {
                return "nobody leads group " + group;
            }
            if (floor[group] < 0) {
                floor[group] = leader.committed();
            }
            List<String> members = leader.members().stream().sorted().toList();
            placement.append(' ').append(group).append(members);
            if (members.size() != replicas) {
                return "group " + group + " is on " + members + ", which should be " + replicas;
            }
            for (String member : members) {
                boolean has = views.getOrDefault(member, List.of()).stream()
                        .anyMatch(seen -> seen.number() == group && seen.isHeld() && seen.applied() >= floor[group]);
                if (!has) {
                    return member + " has not caught up with group " + group;
                }
            }
        }
        return "";
    }

    /// Waits until nodes have no files of the partitions of groups that are elsewhere.
    ///
    /// @throws IOException that takes too long
    void awaitLeft() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        for (int partition = 0; partition < partitions; partition++) {
            int[] holders = holders(of(partition));
            for (int node : stage.members()) {
                boolean holds = Arrays.stream(holders).anyMatch(holder -> holder == node);
                while (!holds
                        && !SegmentFiles.of(stage.dataFolder(node), Workload.TOPIC, partition)
                                .isEmpty()) {
                    if (System.nanoTime() > deadline) {
                        throw new IOException(stage.name(node) + " still has files of partition " + partition
                                + ", whose group is elsewhere, after " + PATIENCE.toSeconds() + " s");
                    }
                    TimeUnit.MILLISECONDS.sleep(POLL_MS);
                }
            }
        }
        stage.note("no node has files of groups that are elsewhere");
    }

    /// Notes who shall have the files of each partition.
    void note(History history) throws IOException, InterruptedException {
        for (int partition = 0; partition < partitions; partition++) {
            List<String> names =
                    Arrays.stream(holders(of(partition))).mapToObj(stage::name).toList();
            history.add(new Event.Placed(history.nowNs(), partition, names));
        }
    }

    /// Groups with records of which a node has files.
    int[] on(int node) throws IOException {
        List<Integer> found = new ArrayList<>();
        for (int partition = 0; partition < partitions; partition++) {
            OptionalInt group = SegmentFiles.groupOf(stage.dataFolder(node), Workload.TOPIC, partition);
            if (group.isPresent() && !found.contains(group.getAsInt())) {
                found.add(group.getAsInt());
            }
        }
        return found.stream().mapToInt(Integer::intValue).sorted().toArray();
    }

    /// The open file of a group's Raft log, in the folder that bears the group's Raft id.
    Path raftLog(int node, int group) throws IOException {
        String id = UUID.nameUUIDFromBytes(("millrace-group-" + group).getBytes(StandardCharsets.UTF_8))
                .toString();
        return NodeFiles.find(stage.dataFolder(node).resolve("raft").resolve(id), "log_inprogress_\\d+")
                .getLast();
    }

    /// Other nodes than a group is on, as many as there are, then those it is on; as many as shall hold it.
    int[] elsewhere(int group) throws IOException, InterruptedException {
        int[] holders = holders(group);
        IntStream others = Arrays.stream(stage.members())
                .filter(node -> Arrays.stream(holders).noneMatch(holder -> holder == node));
        return IntStream.concat(others, Arrays.stream(holders)).limit(factor).toArray();
    }

    /// Nodes, drawn by chance, without which every group still has a majority.
    int[] expendable(int atMost) throws IOException, InterruptedException {
        List<int[]> holders = new ArrayList<>();
        for (int group : numbers()) {
            holders.add(holders(group));
        }
        List<Integer> left =
                new ArrayList<>(Arrays.stream(stage.members()).boxed().toList());
        List<Integer> chosen = new ArrayList<>();
        while (!left.isEmpty() && chosen.size() < atMost) {
            Integer node = left.remove(stage.random().nextInt(left.size()));
            List<Integer> without =
                    Stream.concat(chosen.stream(), Stream.of(node)).toList();
            boolean survives = holders.stream()
                    .allMatch(on -> Arrays.stream(on).filter(without::contains).count() * 2 < on.length);
            if (survives) {
                chosen.add(node);
            }
        }
        return chosen.stream().mapToInt(Integer::intValue).toArray();
    }
}
