package io.millrace.http.subscribe;

import io.millrace.http.cluster.Leadership;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.Route;
import io.millrace.http.route.Scope;
import io.millrace.replication.ReplicatedLog;
import io.netty.handler.codec.http.HttpMethod;
import java.util.List;

/// The routes that give records out.
public final class SubscribeRoutes {
    private SubscribeRoutes() {}

    public static List<Route> of(
            ReplicatedLog log, SubscribeSettings settings, Metrics metrics, Leadership leadership) {
        Subscriptions subscriptions = new Subscriptions(log, settings, metrics);
        return List.of(
                new Route(
                        HttpMethod.GET,
                        "/broker/consume/{topic}/{group}/{partition}",
                        Scope.CONSUME,
                        Subscriptions.CONSUME_NAMES,
                        0,
                        0,
                        Bodies.withoutBody(exchange -> leadership.read(
                                exchange, () -> subscriptions.upToDate(exchange), subscriptions::consume)),
                        "Read records of one partition"),
                new Route(
                        HttpMethod.GET,
                        "/broker/tail/{topic}",
                        Scope.CONSUME,
                        Subscriptions.TAIL_NAMES,
                        0,
                        0,
                        Bodies.withoutBodyOnThread(exchange -> leadership.readHere(
                                exchange, () -> log.cluster().barriers(), subscriptions::tail)),
                        "Follow the records of a topic"));
    }
}
