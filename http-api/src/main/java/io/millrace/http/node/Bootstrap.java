package io.millrace.http.node;

import io.millrace.http.cluster.ClusterRoutes;
import io.millrace.http.cluster.Identity;
import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Route;
import io.millrace.http.route.RouteTable;
import io.millrace.http.route.Scope;
import io.netty.handler.codec.http.HttpMethod;
import java.util.List;
import java.util.function.Supplier;

/// What a node serves until its log is open: that it lives, why it is not ready, and who it is.
///
/// Threading: any.
final class Bootstrap {
    private static final long REPEAT_LOG_NANOS = 10_000_000_000L;

    private volatile List<String> problems = List.of("the node is starting");
    private long loggedNanos; // guarded by this

    /// Says what the start waits for.
    ///
    /// @return whether it is new, or has not been said for a while
    synchronized boolean waitsFor(List<String> reasons) {
        boolean changed = !reasons.equals(problems);
        problems = List.copyOf(reasons);
        long now = System.nanoTime();
        if (changed || now - loggedNanos > REPEAT_LOG_NANOS) {
            loggedNanos = now;
            return true;
        }
        return false;
    }

    RouteTable routes(Supplier<Identity> identity) {
        return new RouteTable(
                List.of(
                        plain("/health", this::alive),
                        plain("/health/live", this::alive),
                        plain("/health/ready", this::ready),
                        plain("/ready", this::ready),
                        ClusterRoutes.identity(identity)),
                () -> new HttpFailure(
                        ErrorCode.NOT_READY, "The node is not ready: " + String.join("; ", problems) + "."));
    }

    private static Route plain(String path, Bodies.Plain handler) {
        return new Route(HttpMethod.GET, path, Scope.PUBLIC, List.of(), -1, 0, Bodies.withoutBody(handler), "");
    }

    private void alive(Exchange exchange) {
        exchange.reply(200, Exchange.JSON, new JsonBuffer(16).ascii("{\"ok\":true}\n"));
    }

    private void ready(Exchange exchange) {
        exchange.reply(
                503,
                Exchange.JSON,
                Failures.notReady(new JsonBuffer(512).ascii("{\"ok\":false"), problems, exchange.requestId())
                        .ascii(",\"role\":\"starting\",\"term\":0,\"committed_index\":-1,\"applied_index\":-1")
                        .ascii(",\"problems\":")
                        .value(problems)
                        .ascii("}\n"),
                "Retry-After: 1\r\n");
    }
}
