package io.millrace.http.query;

import io.millrace.http.cluster.Leadership;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.Bodies.Plain;
import io.millrace.http.route.Route;
import io.millrace.http.route.Scope;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryInfo;
import io.netty.handler.codec.http.HttpMethod;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The routes of SQL.
public final class QueryRoutes {
    static final int SQL_BYTES_MAX = 1 << 20;

    private QueryRoutes() {}

    public static List<Route> of(QueryEngine engine, Metrics metrics, Leadership leadership) {
        SqlHandler sql = new SqlHandler(engine, metrics, leadership);
        QueryHandlers queries = new QueryHandlers(engine);
        ViewHandler views = new ViewHandler(engine, sql);
        metrics.group("queries", () -> metrics(engine.queries()));
        return List.of(
                new Route(
                        HttpMethod.POST,
                        "/v1/sql",
                        Scope.QUERY,
                        List.of(),
                        -1,
                        SQL_BYTES_MAX,
                        Bodies.onThread(sql::handle),
                        "Run SQL statements"),
                new Route(
                        HttpMethod.GET,
                        "/v1/sql",
                        Scope.QUERY,
                        List.of(),
                        -1,
                        0,
                        Bodies.withoutBody(sql::converse),
                        "Open a WebSocket for SQL statements"),
                route(HttpMethod.GET, "/v1/queries", queries::list, "List the queries that run"),
                route(HttpMethod.GET, "/v1/queries/{id}", queries::describe, "Describe a query that runs"),
                route(HttpMethod.POST, "/v1/queries/{id}/pause", queries::pause, "Pause a query"),
                route(HttpMethod.POST, "/v1/queries/{id}/resume", queries::resume, "Let a paused query go on"),
                route(HttpMethod.DELETE, "/v1/queries/{id}", queries::delete, "End a query"),
                new Route(
                        HttpMethod.GET,
                        "/v1/views/{view}",
                        Scope.QUERY,
                        ViewHandler.PARAMETERS,
                        -1,
                        0,
                        Bodies.withoutBodyOnThread(exchange -> leadership.readHere(exchange, views::read)),
                        "Read a view or table by the values of columns, or watch its changes"),
                route(HttpMethod.GET, "/v1/catalog", queries::catalog, "List what can be queried, with columns"));
    }

    private static Route route(HttpMethod method, String path, Plain handler, String summary) {
        return new Route(method, path, Scope.QUERY, List.of(), -1, 0, Bodies.withoutBodyOnThread(handler), summary);
    }

    private static Map<String, Double> metrics(List<QueryInfo> queries) {
        Map<String, Double> values = new TreeMap<>();
        values.put("queries_running", (double) queries.size());
        for (QueryInfo query : queries) {
            if (query.output() != null) { // ad-hoc queries come and go; each would be a series for ever
                String label = "{query=\"" + query.id() + "\"}";
                values.put("query_rows_in_total" + label, (double) query.rowsIn());
                values.put("query_rows_out_total" + label, (double) query.rowsOut());
                values.put("query_late_rows_total" + label, (double) query.lateRows());
                values.put("query_bad_rows_total" + label, (double) query.badRows());
                values.put("query_lag_records" + label, (double) query.lag());
                values.put("query_state_bytes" + label, (double) query.stateBytes());
            }
        }
        return values;
    }
}
