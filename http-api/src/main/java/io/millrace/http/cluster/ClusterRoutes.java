package io.millrace.http.cluster;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.Handler;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Route;
import io.millrace.http.route.Scope;
import io.millrace.http.route.Suggestions;
import io.millrace.replication.ClusterView;
import io.millrace.replication.Member;
import io.millrace.replication.MembershipOutcome;
import io.millrace.replication.Reassignment;
import io.millrace.replication.ReplicatedLog;
import io.netty.handler.codec.http.HttpMethod;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The routes about the cluster, for people and for other nodes.
public final class ClusterRoutes {
    public static final String IDENTITY_PATH = "/_cluster/identity";
    static final String COPIES_PATH = "/_cluster/copies";
    static final String COMMANDS_PATH = "/_cluster/commands";
    /// A command is an entry of the log at most.
    private static final int COMMAND_BYTES_MAX = 5 << 20;
    private static final int BODY_BYTES_MAX = 64 << 10;
    private static final List<String> FORWARD = List.of("forward");
    private static final List<String> MEMBER = List.of("node", "directory", "raft", "http", "groups", "apart");
    private static final List<String> DRAIN = List.of("draining");
    private static final List<String> REASSIGN = List.of("group", "nodes", "replication_factor");
    private static final List<String> LEADER = List.of("group", "node");
    /// A change that takes longer goes on without its client.
    private static final long ANSWER_AFTER_MS = 20_000;
    /// What a new leader gets until it takes writes; a fraction of a second is usual.
    private static final long SUCCESSOR_WITHIN_MS = 5_000;

    private final ReplicatedLog log;

    private ClusterRoutes(ReplicatedLog log) {
        this.log = log;
    }

    /// The one route that a node serves to others before it is part of a cluster.
    public static Route identity(Supplier<Identity> identity) {
        return new Route(
                HttpMethod.GET,
                IDENTITY_PATH,
                Scope.ADMIN,
                List.of(),
                -1,
                0,
                Bodies.withoutBodyOnThread(exchange ->
                        exchange.reply(200, Exchange.JSON, identity.get().toJson())),
                "Who this node is, for other nodes");
    }

    /// @param copyBytesPerSecond speed at which copies are given away, together
    public static List<Route> of(ReplicatedLog log, Leadership leadership, Metrics metrics, long copyBytesPerSecond) {
        ClusterRoutes routes = new ClusterRoutes(log);
        CopyHandlers copies = new CopyHandlers(log, metrics, copyBytesPerSecond);
        return List.of(
                new Route(
                        HttpMethod.GET,
                        "/v1/cluster",
                        Scope.ADMIN,
                        List.of(),
                        -1,
                        0,
                        Bodies.withoutBodyOnThread(routes::show),
                        "Show the nodes, who leads and how far each is"),
                change(
                        HttpMethod.POST,
                        "/v1/cluster/nodes",
                        leadership.guard(Bodies.onLoop(routes::add)),
                        "Add a node, or replace one whose disk is new"),
                change(
                        HttpMethod.DELETE,
                        "/v1/cluster/nodes/{node}",
                        leadership.guard(Bodies.withoutBody(routes::remove)),
                        "Remove a node"),
                change(
                        HttpMethod.POST,
                        "/v1/cluster/nodes/{node}/drain",
                        leadership.guard(Bodies.onLoop(routes::drain)),
                        "Keep a node from leading, or allow it again"),
                change(
                        HttpMethod.POST,
                        "/v1/cluster/leader",
                        leadership.guardOrRelay(Bodies.onLoop(routes::lead)),
                        "Hand leadership to another node"),
                change(
                        HttpMethod.POST,
                        "/v1/cluster/reassign",
                        leadership.guard(Bodies.onLoop(routes::reassign)),
                        "Move replicas of groups between nodes, or change how many there are"),
                new Route(
                        HttpMethod.GET,
                        "/metrics_ha",
                        Scope.PUBLIC,
                        List.of(),
                        -1,
                        0,
                        Bodies.withoutBodyOnThread(exchange -> exchange.reply(
                                200,
                                "text/plain; version=0.0.4; charset=utf-8",
                                HaMetrics.page(log.cluster().view()))),
                        "Roles, terms, indexes and lag for Prometheus"),
                new Route(
                        HttpMethod.POST,
                        COMMANDS_PATH,
                        Scope.ADMIN,
                        List.of("group"),
                        -1,
                        COMMAND_BYTES_MAX,
                        Bodies.onLoop(routes::command),
                        "Decide a command for another node"),
                new Route(
                        HttpMethod.POST,
                        COPIES_PATH,
                        Scope.ADMIN,
                        List.of("group", "node"),
                        -1,
                        0,
                        Bodies.withoutBodyOnThread(copies::open),
                        "Make a copy of this replica, for another node"),
                new Route(
                        HttpMethod.GET,
                        COPIES_PATH + "/{copy}/file",
                        Scope.ADMIN,
                        List.of("name", "from", "length"),
                        -1,
                        0,
                        Bodies.withoutBodyOnThread(copies::read),
                        "Read from a file of a copy"),
                new Route(
                        HttpMethod.DELETE,
                        COPIES_PATH + "/{copy}",
                        Scope.ADMIN,
                        List.of(),
                        -1,
                        0,
                        Bodies.withoutBodyOnThread(copies::close),
                        "Close a copy"));
    }

    private static Route change(HttpMethod method, String path, Handler handler, String summary) {
        return new Route(
                method,
                path,
                Scope.ADMIN,
                FORWARD,
                -1,
                method.equals(HttpMethod.DELETE) ? 0 : BODY_BYTES_MAX,
                handler,
                summary);
    }

    private void command(Exchange exchange, byte[] body, int length) {
        int group = (int) exchange.parameters().integer("group", 0, Integer.MAX_VALUE, 0);
        if (length < 2) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, "The body is no command; it has " + length + " bytes.");
        }
        log.answer(group, Arrays.copyOf(body, length)).whenComplete((answer, failure) -> {
            if (failure == null) {
                exchange.reply(200, RemoteCopies.BYTES, new JsonBuffer(answer.length).raw(answer, 0, answer.length));
            } else {
                exchange.fail(failure);
            }
        });
    }

    private void show(Exchange exchange) {
        ClusterView view = log.cluster().view();
        JsonBuffer json = new JsonBuffer(1024).ascii("{\"ok\":true,\"node\":").string(view.nodeId());
        json.ascii(",\"members\":[");
        for (int i = 0; i < view.members().size(); i++) {
            Member member = view.members().get(i);
            json.ascii(i == 0 ? "{" : ",{");
            Identity.fields(json, member);
            json.ascii(",\"draining\":").bool(view.draining().contains(member.nodeId()));
            json.put('}');
        }
        json.ascii("],\"groups\":[");
        for (int i = 0; i < view.groups().size(); i++) {
            group(json.ascii(i == 0 ? "{" : ",{"), view.groups().get(i));
            json.put('}');
        }
        json.ascii("],\"transfers\":[");
        for (int i = 0; i < view.transfers().size(); i++) {
            ClusterView.Transfer transfer = view.transfers().get(i);
            json.ascii(i == 0 ? "{\"node\":" : ",{\"node\":").string(transfer.nodeId());
            json.ascii(",\"what\":").string(transfer.what());
            json.ascii(",\"state\":").string(transfer.state());
            json.ascii(",\"bytes_done\":").number(transfer.bytesDone());
            json.ascii(",\"bytes_total\":");
            (transfer.bytesTotal() < 0 ? json.ascii("null") : json.number(transfer.bytesTotal())).put('}');
        }
        exchange.reply(200, Exchange.JSON, json.ascii("]}\n"));
    }

    private static void group(JsonBuffer json, ClusterView.Group group) {
        json.ascii("\"group\":").number(group.group());
        json.ascii(",\"role\":").string(group.role());
        json.ascii(",\"term\":").number(group.term());
        json.ascii(",\"leader\":").string(group.leader());
        json.ascii(",\"committed_index\":").number(group.committedIndex());
        json.ascii(",\"applied_index\":").number(group.appliedIndex());
        json.ascii(",\"elections\":").number(group.elections());
        json.ascii(",\"members\":").value(group.members());
        json.ascii(",\"followers\":[");
        for (int i = 0; i < group.followers().size(); i++) {
            ClusterView.Follower follower = group.followers().get(i);
            json.ascii(i == 0 ? "{\"node\":" : ",{\"node\":").string(follower.nodeId());
            json.ascii(",\"match_index\":").number(follower.matchIndex());
            json.ascii(",\"lag\":").number(follower.lag());
            json.ascii(",\"silent_ms\":").number(follower.silentMs()).put('}');
        }
        json.put(']');
    }

    private void add(Exchange exchange, byte[] body, int length) {
        Map<?, ?> wanted = Bodies.object(body, length);
        Bodies.checkMembers(wanted, MEMBER);
        String node = Bodies.requiredText(wanted, "node");
        Member member = new Member(
                node,
                Bodies.requiredText(wanted, "directory"),
                Bodies.requiredText(wanted, "raft"),
                Bodies.requiredText(wanted, "http"));
        Long groups = Bodies.integer(wanted, "groups", 1, Integer.MAX_VALUE);
        if (groups != null && groups != log.layout().count()) {
            throw new HttpFailure(
                    ErrorCode.REFUSED,
                    "Node '%s' has raft.groups %d, this cluster was made with %d. Start it with that number and an empty data folder."
                            .formatted(node, groups, log.layout().count()));
        }
        if (wanted.get("apart") instanceof Boolean apart
                && apart != log.layout().metadataApart()) {
            throw new HttpFailure(
                    ErrorCode.REFUSED,
                    "Node '%s' was started %s raft.replication-factor, this cluster was made %s. Start it like that, with an empty data folder."
                            .formatted(node, apart ? "with" : "without", apart ? "without" : "with"));
        }
        answer(exchange, log.cluster().add(member), node, () -> done(exchange, node, "added"));
    }

    private void remove(Exchange exchange) {
        String node = known(exchange.pathParameter(0));
        answer(exchange, log.cluster().remove(node), node, () -> done(exchange, node, "removed"));
    }

    private void drain(Exchange exchange, byte[] body, int length) {
        String node = known(exchange.pathParameter(0));
        boolean draining = true;
        if (length > 0) {
            Map<?, ?> wanted = Bodies.object(body, length);
            Bodies.checkMembers(wanted, DRAIN);
            Object word = wanted.get("draining");
            if (word != null && !(word instanceof Boolean)) {
                throw new HttpFailure(ErrorCode.INVALID_VALUE, "Member 'draining' must be true or false.");
            }
            draining = !Boolean.FALSE.equals(word);
        }
        String state = draining ? "drained" : "allowed to lead";
        answer(exchange, log.cluster().drain(node, draining), node, () -> done(exchange, node, state));
    }

    private void reassign(Exchange exchange, byte[] body, int length) {
        Map<?, ?> wanted = length == 0 ? Map.of() : Bodies.object(body, length);
        Bodies.checkMembers(wanted, REASSIGN);
        Long group = Bodies.integer(wanted, "group", 0, Integer.MAX_VALUE);
        Long factor = Bodies.integer(wanted, "replication_factor", 1, Integer.MAX_VALUE);
        List<String> nodes = nodes(wanted.get("nodes"));
        Reassignment wish;
        if (group != null && nodes != null && factor == null) {
            wish = new Reassignment.Place(group.intValue(), nodes);
        } else if (group != null && nodes == null && factor != null) {
            wish = new Reassignment.FactorOf(group.intValue(), factor.intValue());
        } else if (group == null && nodes == null) {
            wish = factor == null ? new Reassignment.Level() : new Reassignment.Factor(factor.intValue());
        } else {
            throw new HttpFailure(
                    ErrorCode.INVALID_VALUE,
                    "Say {\"group\":1,\"nodes\":[\"n1\",\"n2\"]} to move a group, {\"group\":1,\"replication_factor\":3} or"
                            + " {\"replication_factor\":3} to change the number of replicas of one or of all groups, or {} to"
                            + " spread groups evenly.");
        }
        answer(exchange, log.cluster().reassign(wish), "", () -> done(exchange, "", "reassigned"));
    }

    private @Nullable List<String> nodes(@Nullable Object value) {
        if (value == null) {
            return null;
        }
        if (!(value instanceof List<?> list) || list.isEmpty()) {
            throw new HttpFailure(
                    ErrorCode.INVALID_VALUE, "Member 'nodes' must be a list of node ids, the leader first.");
        }
        return list.stream().map(node -> known(String.valueOf(node))).toList();
    }

    private void lead(Exchange exchange, byte[] body, int length) {
        Map<?, ?> wanted = length == 0 ? Map.of() : Bodies.object(body, length);
        Bodies.checkMembers(wanted, LEADER);
        Long group = Bodies.integer(wanted, "group", 0, Integer.MAX_VALUE);
        String node = Bodies.text(wanted, "node");
        int number = group == null ? 0 : group.intValue();
        if (log.cluster().view().groups().stream().noneMatch(known -> known.group() == number)) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, "There is no group " + number + ".");
        }
        Optional<String> successor = node == null ? Optional.empty() : Optional.of(known(node));
        answer(
                exchange,
                log.cluster().transferLeadership(number, successor),
                node,
                () -> Succession.await(log.cluster(), number, node, SUCCESSOR_WITHIN_MS)
                        .thenAccept(seen -> seen.ifPresentOrElse(
                                led -> leading(exchange, led), () -> notSeenLeading(exchange, number, node))));
    }

    private static void leading(Exchange exchange, ClusterView.Group group) {
        JsonBuffer json = new JsonBuffer(128).ascii("{\"ok\":true,\"node\":").string(group.leader());
        json.ascii(",\"state\":\"leading\",\"group\":").number(group.group());
        exchange.reply(
                200,
                Exchange.JSON,
                json.ascii(",\"term\":").number(group.term()).ascii("}\n"));
    }

    private void notSeenLeading(Exchange exchange, int number, @Nullable String node) {
        String leader = Succession.seen(log.cluster(), number)
                .map(ClusterView.Group::leader)
                .orElse(null);
        String message =
                "The lead of group %d was given away, but within %d s %s was not seen taking writes; %s. GET /v1/cluster shows who leads."
                        .formatted(
                                number,
                                TimeUnit.MILLISECONDS.toSeconds(SUCCESSOR_WITHIN_MS),
                                node == null ? "nobody" : "node '" + node + "'",
                                leader == null ? "nobody is known to lead" : "node '" + leader + "' is known to lead");
        JsonBuffer json = new JsonBuffer(256).ascii("{\"ok\":true,\"node\":").string(node);
        json.ascii(",\"state\":\"in progress\",\"message\":").string(message).ascii("}\n");
        exchange.reply(202, Exchange.JSON, json);
    }

    /// @throws HttpFailure `refused`: no member has this name
    private String known(String node) {
        List<String> nodes =
                log.cluster().view().members().stream().map(Member::nodeId).toList();
        if (nodes.contains(node)) {
            return node;
        }
        throw new HttpFailure(
                ErrorCode.REFUSED,
                "There is no node '" + node + "' in this cluster." + Suggestions.didYouMean(node, nodes) + " Members: "
                        + String.join(", ", nodes) + ".");
    }

    /// @param node that a change was about; empty when it was about none
    private static JsonBuffer subject(@Nullable String node) {
        JsonBuffer json = new JsonBuffer(128).ascii("{\"ok\":true");
        return "".equals(node) ? json : json.ascii(",\"node\":").string(node);
    }

    /// Answers when the change is decided, or that it goes on: a new node's copy may take long.
    ///
    /// @param done answers once the change is made
    private static void answer(
            Exchange exchange, CompletableFuture<MembershipOutcome> change, @Nullable String node, Runnable done) {
        Future<?> impatience = exchange.schedule(
                () -> exchange.reply(
                        202,
                        Exchange.JSON,
                        subject(node)
                                .ascii(
                                        ",\"state\":\"in progress\",\"message\":\"It goes on; GET /v1/cluster shows how far it is.\"}\n")),
                ANSWER_AFTER_MS,
                TimeUnit.MILLISECONDS);
        change.whenComplete((outcome, thrown) -> {
            impatience.cancel(false);
            HttpFailure refused = outcome == null ? null : Failures.of(outcome);
            if (outcome == null) {
                exchange.fail(thrown == null ? new IllegalStateException("a change without outcome") : thrown);
            } else if (refused != null) {
                exchange.fail(refused);
            } else {
                done.run();
            }
        });
    }

    private static void done(Exchange exchange, String node, String state) {
        exchange.reply(
                200,
                Exchange.JSON,
                subject(node).ascii(",\"state\":").string(state).ascii("}\n"));
    }
}
