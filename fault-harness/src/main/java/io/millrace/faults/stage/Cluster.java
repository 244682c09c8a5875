package io.millrace.faults.stage;

import io.millrace.faults.load.Answer;
import io.millrace.faults.load.Json;
import io.millrace.faults.load.Request;
import io.millrace.faults.load.Workload;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/// The nodes as a cluster, by its own account: who leads, where groups are, and everything that people ask of a
/// cluster in operation.
///
/// Threading: the thread that breaks things.
public final class Cluster {
    private static final Duration CHANGE_TIMEOUT = Duration.ofSeconds(30);

    private final Stage stage;
    private final Setup setup;
    private final Groups groups;
    private int[] led = IntStream.range(0, Stage.PARTITIONS).toArray(); // by the leader that was asked for last
    private int drawnGroup; // of the partition that was drawn last; only where groups are on some of the nodes

    Cluster(Stage stage, Setup setup, Groups groups) {
        this.stage = stage;
        this.setup = setup;
        this.groups = groups;
    }

    /// The node that leads the records, once one does: with several groups, those of a partition that is drawn
    /// by chance.
    public int leader() throws IOException, InterruptedException {
        if (setup.groups() == 1) {
            return stage.count() == 1 ? 0 : await("it leads", this::leadsMetadata);
        }
        int partition = stage.random().nextInt(Stage.PARTITIONS);
        int leader = await(
                "it leads partition " + partition,
                node -> IntStream.of(ledBy(node)).anyMatch(it -> it == partition));
        led = ledBy(leader);
        if (setup.isPlaced()) { // what it leads beside that may have a majority without the same nodes
            drawnGroup = groups.of(partition);
            List<Integer> own = new ArrayList<>();
            for (int one : led) {
                if (groups.of(one) == drawnGroup) {
                    own.add(one);
                }
            }
            led = own.stream().mapToInt(Integer::intValue).toArray();
        }
        stage.note(stage.name(leader) + " leads partition " + partition + " of " + Arrays.toString(led));
        return leader;
    }

    private interface Question {
        boolean holdsFor(int node) throws InterruptedException;
    }

    /// The first member for which something holds.
    private int await(String what, Question question) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + Stage.READY_PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            for (int i : stage.members()) {
                if (question.holdsFor(i)) {
                    return i;
                }
            }
            TimeUnit.MILLISECONDS.sleep(Stage.POLL_MS);
        }
        throw new IOException("no node said that " + what + " within " + Stage.READY_PATIENCE.toSeconds() + " s");
    }

    /// Whether a node says that it leads the first group, which carries topics and members.
    private boolean leadsMetadata(int index) throws InterruptedException {
        return stage.ask(index, "/v1/cluster", "groups").stream()
                .anyMatch(group -> Json.number(group, "group", 0) == 0
                        && Json.text(group, "role", "").equals("leader"));
    }

    /// The partitions that a node says it leads.
    private int[] ledBy(int index) throws InterruptedException {
        return stage.ask(index, "/broker/topics/" + Workload.TOPIC, "partitions").stream()
                .filter(partition -> Json.text(partition, "leader", "").equals(stage.name(index)))
                .mapToInt(partition -> (int) Json.number(partition, "partition", -1))
                .toArray();
    }

    /// The node that leads the group of metadata and members.
    public int metadataLeader() throws IOException, InterruptedException {
        return await("it leads the metadata", this::leadsMetadata);
    }

    /// A node that holds a partition drawn by chance: any member where all hold everything.
    public int anyReplica() throws IOException, InterruptedException {
        return setup.isPlaced() ? stage.oneOf(groups.holders(drawGroup())) : stage.any();
    }

    /// All that hold what was drawn when the leader was asked for last, but the leader.
    public int[] otherReplicas(int leader) throws IOException, InterruptedException {
        if (!setup.isPlaced()) {
            return stage.others(leader);
        }
        return Arrays.stream(groups.holders(drawnGroup))
                .filter(node -> node != leader)
                .toArray();
    }

    /// Whether groups are on some of the nodes only.
    public boolean isPlaced() {
        return setup.isPlaced();
    }

    /// The group of a partition drawn by chance.
    public int drawGroup() throws IOException, InterruptedException {
        drawnGroup = groups.of(stage.random().nextInt(Stage.PARTITIONS));
        return drawnGroup;
    }

    /// A group with records beside this one; the same when there is no other.
    public int otherGroup(int group) {
        return group % (setup.groups() - 1) + 1;
    }

    public int[] holders(int group) throws IOException, InterruptedException {
        return groups.holders(group);
    }

    /// Where a group could be instead: on as many other nodes as there are.
    public int[] elsewhere(int group) throws IOException, InterruptedException {
        return groups.elsewhere(group);
    }

    /// How many nodes shall hold each group.
    public int replicas() {
        return groups.wanted();
    }

    /// Nodes, drawn by chance, that can all go without any group losing its majority.
    public int[] expendable(int atMost) throws IOException, InterruptedException {
        return groups.expendable(atMost);
    }

    /// Waits until all groups are where they shall be; at once where every node holds everything.
    public void awaitPlaced() throws IOException, InterruptedException {
        if (setup.isPlaced()) {
            groups.awaitSettled();
        }
    }

    /// Waits until no node has files of groups that have left it.
    public void awaitLeft() throws IOException, InterruptedException {
        groups.awaitLeft();
    }

    /// Moves a group to these nodes, the one that should lead first, and ends when it is there.
    public void move(int group, int... to) throws IOException, InterruptedException {
        List<String> names = Arrays.stream(to).mapToObj(stage::name).toList();
        reassign("{\"group\":" + group + ",\"nodes\":[\"" + String.join("\",\"", names) + "\"]}");
        int[] wanted = Arrays.stream(to).sorted().toArray();
        int[] has = groups.holders(group);
        if (!Arrays.equals(wanted, has)) {
            throw new IOException("group " + group + " is said to have moved to " + names + ", but is on "
                    + Arrays.stream(has).mapToObj(stage::name).toList());
        }
    }

    /// Changes how many nodes hold each group, and ends when that is so.
    public void replicate(int replicas) throws IOException, InterruptedException {
        groups.wanted(replicas);
        reassign("{\"replication_factor\":" + replicas + "}");
    }

    /// Spreads groups evenly, and ends when that is done.
    public void level() throws IOException, InterruptedException {
        reassign("{}");
    }

    private void reassign(String wish) throws IOException, InterruptedException {
        stage.note("reassign " + wish);
        change(Request.post(0, "/v1/cluster/reassign", wish, CHANGE_TIMEOUT), "");
        stage.note("reassigned " + wish);
    }

    /// Starts one more node, which joins, and waits until it is ready.
    public int grow() throws IOException, InterruptedException {
        int index = stage.addNode();
        stage.start(index);
        stage.awaitReady(index);
        stage.workload().addConsumer(index);
        return index;
    }

    /// Takes a node out of the cluster, then ends it.
    public void remove(int index) throws IOException, InterruptedException {
        stage.note("remove " + stage.name(index));
        change(
                Request.delete(0, "/v1/cluster/nodes/" + stage.name(index), CHANGE_TIMEOUT),
                "no node '" + stage.name(index) + "'");
        stage.forget(index);
        stage.kill(index);
    }

    /// Keeps a node from leading, or allows it again.
    public void drain(int index, boolean draining) throws IOException, InterruptedException {
        stage.note("drain " + stage.name(index) + ": " + draining);
        change(
                Request.post(
                        0,
                        "/v1/cluster/nodes/" + stage.name(index) + "/drain",
                        "{\"draining\":" + draining + "}",
                        CHANGE_TIMEOUT),
                "");
    }

    /// Asks whoever leads until it says that the change is made.
    ///
    /// @param madeAlready what a refusal says when an earlier attempt, whose answer was lost, has made it;
    ///     empty for changes that are simply made again
    private void change(Request request, String madeAlready) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + Stage.READY_PATIENCE.toNanos();
        String last = "nothing";
        while (System.nanoTime() < deadline) {
            try {
                int leader = stage.count() == 1 ? 0 : await("it leads", this::leadsMetadata);
                Answer answer = stage.send(request.to(leader));
                if (answer.isOk()) { // not so 202, which says that it goes on
                    return;
                }
                last = answer.status() + " " + answer.body();
                if (!madeAlready.isEmpty() && answer.body().contains(madeAlready)) {
                    return;
                }
            } catch (IOException failed) {
                last = failed.toString();
            }
            TimeUnit.MILLISECONDS.sleep(Stage.POLL_MS);
        }
        throw new IOException(request.method() + " " + request.path() + " did not succeed within "
                + Stage.READY_PATIENCE.toSeconds() + " s; the last answer: " + last);
    }

    /// From now on this node must acknowledge nothing of what it led when it was last asked for as the leader:
    /// the others that hold it are gone. Where all hold everything that is all there is.
    public void cutOffLed(int index) {
        List<Integer> partitions = setup.isPlaced() ? Arrays.stream(led).boxed().toList() : List.of();
        stage.cutOff(index, partitions);
    }

    /// Writes to a node that is cut off what it led when it was last asked for as the leader, and notes how and
    /// when it answers.
    public Workload.Watch writeToNodeAlone(int index) {
        return stage.workload().writeToNodeAlone(index, led);
    }
}
