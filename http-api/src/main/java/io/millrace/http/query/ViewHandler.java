package io.millrace.http.query;

import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Parameters;
import io.millrace.http.route.Suggestions;
import io.millrace.query.CatalogEntry;
import io.millrace.query.QueryEngine;
import io.millrace.query.Session;
import io.millrace.query.data.ColumnInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `GET /v1/views/{view}`: rows of a view or table by the values of columns, and their changes.
///
/// The request becomes the SELECT that it stands for, with the values as parameters; so it reads what this node has
/// applied when the request comes, and answers in the same forms.
final class ViewHandler {
    static final List<String> PARAMETERS = List.of("limit", "watch", "changelog", Parameters.ANY);
    private static final List<String> OWN = PARAMETERS.subList(0, 3);
    private static final List<String> KINDS = List.of("materialized view", "table", "view");
    private static final int LIMIT_DEFAULT = 1000;
    private static final int LIMIT_MAX = 10_000;

    private final QueryEngine engine;
    private final SqlHandler sql;

    ViewHandler(QueryEngine engine, SqlHandler sql) {
        this.engine = engine;
        this.sql = sql;
    }

    void read(Exchange exchange) {
        CatalogEntry view = find(exchange);
        Parameters parameters = exchange.parameters();
        boolean watch = parameters.flag("watch");
        Session session = new Session(new ArrayList<>(), new HashMap<>(), null, SqlRequest.resumedFrom(exchange));
        String conditions = conditions(view, parameters, session.parameters());
        String select = "SELECT * FROM " + quoted(view.name()) + conditions;
        if (watch) {
            if (parameters.text("limit") != null) {
                throw new HttpFailure(
                        ErrorCode.INVALID_PARAMETER, "Changes have no end, so 'limit' cannot go with 'watch'.");
            }
            String changelog = parameters.text("changelog");
            if (changelog != null) {
                session.settings().put("changelog", changelog);
            }
            sql.serve(exchange, new SqlRequest(select + " EMIT CHANGES", session), ResultFormat.EVENTS);
        } else {
            if (parameters.text("changelog") != null) {
                throw new HttpFailure(ErrorCode.INVALID_PARAMETER, "'changelog' is for changes: add watch=true.");
            }
            long limit = parameters.integer("limit", 1, LIMIT_MAX, LIMIT_DEFAULT);
            sql.serve(exchange, new SqlRequest(select + " LIMIT " + limit, session), ResultFormat.JSON);
        }
    }

    private CatalogEntry find(Exchange exchange) {
        String name = exchange.pathParameter(0);
        CatalogEntry view = engine.catalogEntry(name)
                .filter(entry -> KINDS.contains(entry.kind()))
                .orElseThrow(() -> unknown(name, exchange));
        exchange.checkTopic(view.topic()); // a view that is only a name may read anything
        return view;
    }

    private HttpFailure unknown(String name, Exchange exchange) {
        List<String> names = engine.catalog().stream()
                .filter(entry -> KINDS.contains(entry.kind()))
                .map(CatalogEntry::name)
                .filter(exchange::maySee)
                .toList();
        return new HttpFailure(
                ErrorCode.UNKNOWN_VIEW,
                "View or table '" + name + "' does not exist." + Suggestions.didYouMean(name, names)
                        + " Streams are read with SQL, topics with /broker/consume.");
    }

    /// `WHERE "item" = CAST($1 AS VARCHAR) AND …` for each parameter that is not our own.
    private static String conditions(CatalogEntry view, Parameters parameters, List<@Nullable Object> values) {
        StringBuilder conditions = new StringBuilder();
        Map<String, ColumnInfo> columns = new HashMap<>();
        view.columns().forEach(column -> columns.put(column.name(), column));
        for (String name : parameters.names()) {
            if (OWN.contains(name)) {
                continue;
            }
            ColumnInfo column = columns.get(name);
            if (column == null) {
                List<String> known = new ArrayList<>(OWN);
                view.columns().forEach(each -> known.add(each.name()));
                throw new HttpFailure(
                        ErrorCode.UNKNOWN_PARAMETER,
                        "'" + view.name() + "' has no column '" + name + "'." + Suggestions.didYouMean(name, known)
                                + " Known: " + String.join(", ", known) + ".");
            }
            values.add(parameters.text(name));
            conditions
                    .append(conditions.isEmpty() ? " WHERE " : " AND ")
                    .append(quoted(name))
                    .append(" = CAST($")
                    .append(values.size())
                    .append(" AS ")
                    .append(comparable(column))
                    .append(')');
        }
        return conditions.toString();
    }

    private static String comparable(ColumnInfo column) {
        return switch (column.type().type()) {
            case BOOLEAN,
                    SMALLINT,
                    INTEGER,
                    BIGINT,
                    DECIMAL,
                    REAL,
                    DOUBLE,
                    VARCHAR,
                    DATE,
                    TIME,
                    TIMESTAMP,
                    TIMESTAMPTZ,
                    UUID -> column.type().toString();
            case VARBINARY, INTERVAL_DAY, INTERVAL_MONTH, ARRAY, MAP, ROW, JSON, NULL ->
                throw new HttpFailure(
                        ErrorCode.INVALID_PARAMETER,
                        "Column '" + column.name() + "' has type " + column.type()
                                + ", whose values cannot stand in an address. Use SQL.");
        };
    }

    private static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }
}
