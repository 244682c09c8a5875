package io.millrace.http.admin;

import io.millrace.http.cluster.Leadership;
import io.millrace.http.json.JsonBuffer;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.Handler;
import io.millrace.http.route.Route;
import io.millrace.http.route.Scope;
import io.millrace.replication.Health;
import io.millrace.replication.ReplicatedLog;
import io.netty.handler.codec.http.HttpMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/// The routes about the node and what it holds, except for records and queries.
public final class AdminRoutes {
    private static final int BODY_BYTES_MAX = 64 << 10;
    private static final List<String> FORWARD = List.of("forward");

    private AdminRoutes() {}

    /// @param stopping whether the node is on its way down: then it is not ready
    /// @param warnings what does not keep the node from being ready, but is told with it
    public static List<Route> of(
            ReplicatedLog log,
            int partitionsDefault,
            Metrics metrics,
            Supplier<Boolean> stopping,
            Supplier<List<String>> warnings,
            Leadership leadership) {
        Topics topics = new Topics(log, partitionsDefault);
        Groups groups = new Groups(log);
        Supplier<CompletableFuture<Void>> all = () -> log.cluster().barriers();
        Handler ready = Bodies.withoutBody(exchange -> ready(exchange, log.health(), stopping.get(), warnings.get()));
        return List.of(
                post("/broker/topics", Scope.ADMIN, leadership.guard(Bodies.onLoop(topics::create)), "Create a topic"),
                get("/broker/topics", Scope.CONSUME, -1, Bodies.withoutBodyOnThread(topics::list), "List topics"),
                read(
                        "/broker/topics/{topic}",
                        0,
                        Bodies.withoutBodyOnThread(exchange -> leadership.read(exchange, all, topics::describe)),
                        "Describe a topic and its partitions"),
                new Route(
                        HttpMethod.DELETE,
                        "/broker/topics/{topic}",
                        Scope.ADMIN,
                        FORWARD,
                        0,
                        0,
                        leadership.guard(Bodies.withoutBody(topics::delete)),
                        "Delete a topic and its records"),
                post(
                        "/broker/commit",
                        Scope.CONSUME,
                        leadership.guardOrRelay(Bodies.onLoop(topics::commit)),
                        "Commit a group's last processed offset"),
                post(
                        "/broker/delete-before",
                        Scope.ADMIN,
                        leadership.guardOrRelay(Bodies.onLoop(topics::deleteBefore)),
                        "Delete the records below an offset"),
                post(
                        "/broker/retention",
                        Scope.ADMIN,
                        leadership.guard(Bodies.onLoop(topics::setRetention)),
                        "Set how long a topic's records stay"),
                get("/broker/groups", Scope.CONSUME, -1, Bodies.withoutBodyOnThread(groups::list), "List groups"),
                read(
                        "/broker/groups/{group}",
                        -1,
                        Bodies.withoutBodyOnThread(exchange -> leadership.read(exchange, all, groups::describe)),
                        "Describe a group: committed offsets and lag"),
                get("/health", Scope.PUBLIC, -1, Bodies.withoutBody(AdminRoutes::alive), "Whether the node answers"),
                get(
                        "/health/live",
                        Scope.PUBLIC,
                        -1,
                        Bodies.withoutBody(AdminRoutes::alive),
                        "Whether the process should go on"),
                get("/health/ready", Scope.PUBLIC, -1, ready, "Whether the node takes requests, and why not"),
                get("/ready", Scope.PUBLIC, -1, ready, "The same as /health/ready"),
                get(
                        "/metrics",
                        Scope.PUBLIC,
                        -1,
                        Bodies.withoutBodyOnThread(exchange -> {
                            JsonBuffer page = new JsonBuffer(8192);
                            metrics.write(page);
                            exchange.reply(200, "text/plain; version=0.0.4; charset=utf-8", page);
                        }),
                        "Counters and gauges for Prometheus"),
                get("/docs", Scope.PUBLIC, -1, Bodies.withoutBody(Documentation::index), "List the documentation"),
                get(
                        "/docs/{page}",
                        Scope.PUBLIC,
                        -1,
                        Bodies.withoutBodyOnThread(Documentation::page),
                        "One page of the documentation"));
    }

    private static Route post(String path, Scope scope, Handler handler, String summary) {
        return new Route(HttpMethod.POST, path, scope, FORWARD, -1, BODY_BYTES_MAX, handler, summary);
    }

    private static Route get(String path, Scope scope, int topicParameter, Handler handler, String summary) {
        return new Route(HttpMethod.GET, path, scope, List.of(), topicParameter, 0, handler, summary);
    }

    private static Route read(String path, int topicParameter, Handler handler, String summary) {
        return new Route(
                HttpMethod.GET,
                path,
                Scope.CONSUME,
                List.of(Leadership.CONSISTENCY),
                topicParameter,
                0,
                handler,
                summary);
    }

    private static void alive(Exchange exchange) {
        exchange.reply(200, Exchange.JSON, new JsonBuffer(16).ascii("{\"ok\":true}\n"));
    }

    private static void ready(Exchange exchange, Health health, boolean stopping, List<String> warnings) {
        List<String> problems = new ArrayList<>(health.problems());
        if (stopping) {
            problems.add("the node is stopping");
        }
        boolean ready = health.ready() && !stopping;
        problems.addAll(warnings);
        JsonBuffer json = new JsonBuffer(256).ascii("{\"ok\":").bool(ready);
        if (!ready) {
            Failures.notReady(json, problems, exchange.requestId());
        }
        json.ascii(",\"role\":").string(health.role());
        json.ascii(",\"term\":").number(health.term());
        json.ascii(",\"committed_index\":").number(health.committedIndex());
        json.ascii(",\"applied_index\":").number(health.appliedIndex());
        json.ascii(",\"problems\":").value(problems).ascii("}\n");
        exchange.reply(ready ? 200 : 503, Exchange.JSON, json, ready ? "" : "Retry-After: 1\r\n");
    }
}
