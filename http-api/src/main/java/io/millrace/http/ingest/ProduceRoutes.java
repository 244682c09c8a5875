package io.millrace.http.ingest;

import io.millrace.http.cluster.Leadership;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.Route;
import io.millrace.http.route.Scope;
import io.millrace.replication.ReplicatedLog;
import io.netty.handler.codec.http.HttpMethod;
import java.util.List;

/// The routes that take records.
public final class ProduceRoutes {
    /// A larger JSON body is parsed off the event loop.
    private static final int INLINE_BYTES_MAX = 64 << 10;

    private ProduceRoutes() {}

    public static List<Route> of(ReplicatedLog log, IngestSettings settings, Metrics metrics, Leadership leadership) {
        Ingest ingest = new Ingest(log, settings, metrics);
        return List.of(
                new Route(
                        HttpMethod.POST,
                        "/broker/topics/{topic}/produce",
                        Scope.PRODUCE,
                        ProduceOptions.NAMES,
                        0,
                        settings.bodyBytesMax(),
                        leadership.guardTopic(exchange -> new SingleProduce(ingest, exchange), ingest::partitionOf),
                        "Append one record, whose value is the body"),
                new Route(
                        HttpMethod.POST,
                        "/broker/topics/{topic}/produce-ndjson",
                        Scope.PRODUCE,
                        ProduceOptions.NDJSON_NAMES,
                        0,
                        settings.bodyBytesMax(),
                        leadership.guardTopic(exchange -> new NdjsonProduce(ingest, exchange), ingest::partitionOf),
                        "Append one record a line"),
                new Route(
                        HttpMethod.POST,
                        "/broker/topics/{topic}/produce-batch",
                        Scope.PRODUCE,
                        ProduceOptions.NAMES,
                        0,
                        settings.bodyBytesMax(),
                        leadership.guardTopic(
                                Bodies.onLoop((exchange, body, length) -> {
                                    if (length <= INLINE_BYTES_MAX) {
                                        BatchBody.handle(ingest, exchange, body, length);
                                    } else {
                                        Thread.ofVirtual()
                                                .name("batch-" + exchange.requestId())
                                                .start(() -> {
                                                    try {
                                                        BatchBody.handle(ingest, exchange, body, length);
                                                    } catch (RuntimeException | Error failure) {
                                                        exchange.fail(failure);
                                                    }
                                                });
                                    }
                                }),
                                ingest::partitionOf),
                        "Append records given as JSON"));
    }
}
