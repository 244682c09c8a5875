package io.millrace.http.query;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Suggestions;
import io.millrace.query.CatalogEntry;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryInfo;
import io.millrace.query.data.ColumnInfo;
import java.util.List;

/// Queries that run, and what can be queried.
final class QueryHandlers {
    private static final List<String> KINDS = List.of("stream", "table", "view", "materialized view", "topic");

    private final QueryEngine engine;

    QueryHandlers(QueryEngine engine) {
        this.engine = engine;
    }

    void list(Exchange exchange) {
        exchange.checkTopic("");
        JsonBuffer json = new JsonBuffer(1024).ascii("{\"ok\":true,\"queries\":[");
        List<QueryInfo> queries = engine.queries();
        for (int i = 0; i < queries.size(); i++) {
            json.ascii(i == 0 ? "{" : ",{");
            fields(json, queries.get(i));
            json.put('}');
        }
        exchange.reply(200, Exchange.JSON, json.ascii("]}\n"));
    }

    void describe(Exchange exchange) {
        exchange.checkTopic("");
        String id = exchange.pathParameter(0);
        QueryInfo query = engine.query(id).orElseThrow(() -> unknown(id));
        JsonBuffer json = new JsonBuffer(1024).ascii("{\"ok\":true,");
        fields(json, query);
        exchange.reply(200, Exchange.JSON, json.ascii("}\n"));
    }

    private HttpFailure unknown(String id) {
        List<String> ids = engine.queries().stream().map(QueryInfo::id).toList();
        return new HttpFailure(
                ErrorCode.UNKNOWN_QUERY, "No query '" + id + "' runs." + Suggestions.didYouMean(id, ids));
    }

    private static void fields(JsonBuffer json, QueryInfo query) {
        json.ascii("\"id\":").string(query.id());
        json.ascii(",\"sql\":").string(query.sql());
        json.ascii(",\"output\":").string(query.output());
        json.ascii(",\"state\":").string(query.state());
        json.ascii(",\"failure\":").string(query.failure());
        json.ascii(",\"frontier\":").ascii(query.frontier().toString());
        json.ascii(",\"lag\":").number(query.lag());
        json.ascii(",\"watermark\":");
        ResultWriter.watermark(json, query.watermarkMs());
        json.ascii(",\"rows_in\":").number(query.rowsIn());
        json.ascii(",\"rows_out\":").number(query.rowsOut());
        json.ascii(",\"late_rows\":").number(query.lateRows());
        json.ascii(",\"bad_rows\":").number(query.badRows());
        json.ascii(",\"state_bytes\":").number(query.stateBytes());
        json.ascii(",\"plan\":").value(query.plan());
    }

    void pause(Exchange exchange) {
        act(exchange, engine::pause, "paused");
    }

    void resume(Exchange exchange) {
        act(exchange, engine::resume, "running");
    }

    void delete(Exchange exchange) {
        act(exchange, engine::cancel, "ended");
    }

    private void act(Exchange exchange, java.util.function.Predicate<String> action, String state) {
        exchange.checkTopic("");
        String id = exchange.pathParameter(0);
        if (!action.test(id)) {
            throw unknown(id);
        }
        JsonBuffer json = new JsonBuffer(128).ascii("{\"ok\":true,\"id\":").string(id);
        exchange.reply(
                200, Exchange.JSON, json.ascii(",\"state\":").string(state).ascii("}\n"));
    }

    void catalog(Exchange exchange) {
        JsonBuffer json = new JsonBuffer(4096).ascii("{\"ok\":true");
        List<CatalogEntry> entries = engine.catalog().stream()
                .filter(entry -> exchange.maySee(entry.name()))
                .toList();
        for (String kind : KINDS) {
            json.ascii(",\"").ascii(kind.replace(' ', '_')).ascii("s\":[");
            boolean first = true;
            for (CatalogEntry entry : entries) {
                if (entry.kind().equals(kind)) {
                    json.ascii(first ? "" : ",");
                    entry(json, entry);
                    first = false;
                }
            }
            json.put(']');
        }
        exchange.reply(200, Exchange.JSON, json.ascii("}\n"));
    }

    private static void entry(JsonBuffer json, CatalogEntry entry) {
        json.ascii("{\"name\":").string(entry.name());
        json.ascii(",\"kind\":").string(entry.kind());
        json.ascii(",\"topic\":").string(entry.topic().isEmpty() ? null : entry.topic());
        json.ascii(",\"definition\":").string(entry.definition().isEmpty() ? null : entry.definition());
        json.ascii(",\"columns\":[");
        boolean first = true;
        for (ColumnInfo column : entry.columns()) {
            json.ascii(first ? "{\"name\":" : ",{\"name\":").string(column.name());
            json.ascii(",\"type\":").string(column.type().toString()).put('}');
            first = false;
        }
        json.ascii("]}");
    }
}
