package io.millrace.client.sql;

import io.millrace.client.ChangeEvent;
import io.millrace.client.MillraceException;
import io.millrace.client.SqlAnswer;
import io.millrace.client.SqlClient;
import io.millrace.client.SqlResult;
import io.millrace.client.transport.Answer;
import io.millrace.client.transport.Call;
import io.millrace.client.transport.LinePublisher;
import io.millrace.client.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/// `POST /v1/sql`.
public final class HttpSqlClient implements SqlClient {
    private static final String NDJSON = "application/x-ndjson";
    private static final Set<String> READING =
            Set.of("select", "with", "values", "table", "show", "describe", "desc", "explain");

    private final Transport transport;
    private final Duration statementTimeout;

    /// @param statementTimeout how long a statement may take before its answer begins
    public HttpSqlClient(Transport transport, Duration statementTimeout) {
        this.transport = transport;
        this.statementTimeout = statementTimeout;
    }

    @Override
    public SqlResult query(String sql, @Nullable Object... parameters) {
        return SqlJson.result(
                transport.whole(call(sql, Map.of(), Call.JSON, parameters)).json());
    }

    @Override
    public SqlAnswer execute(String sql, Map<String, String> session, @Nullable Object... parameters) {
        // without a preference the server answers JSON when the statement ends and NDJSON when it does not
        return switch (transport.wholeOrStream(call(sql, session, "*/*", parameters))) {
            case Answer.Whole whole -> complete(whole);
            case Answer.Stream stream -> new SqlAnswer.Continuous(new LinePublisher<>(() -> stream, SqlJson::events));
        };
    }

    private static SqlAnswer complete(Answer.Whole whole) {
        return new SqlAnswer.Complete(SqlJson.result(whole.json()));
    }

    @Override
    public Flow.Publisher<ChangeEvent> changes(String sql, @Nullable Object... parameters) {
        Call call = call(sql, Map.of(), NDJSON, parameters);
        return new LinePublisher<>(() -> transport.wholeOrStream(call), SqlJson::events);
    }

    private Call call(String sql, Map<String, String> session, String accept, @Nullable Object... parameters) {
        if (sql.isBlank()) {
            throw new MillraceException("empty_statement", "There is no statement in the text", null);
        }
        return Call.post("/v1/sql", SqlJson.request(sql, session, parameters))
                .accepting(accept)
                .within(statementTimeout)
                .withRepeatable(onlyReads(sql));
    }

    /// Whether running it again after a lost answer is harmless. Comments before the first word make it "no",
    /// which is safe.
    static boolean onlyReads(String sql) {
        String text = sql.strip();
        int end = 0;
        while (end < text.length() && Character.isLetter(text.charAt(end))) {
            end++;
        }
        boolean single = text.indexOf(';') < 0 || text.indexOf(';') == text.length() - 1;
        return single && READING.contains(text.substring(0, end).toLowerCase(Locale.ROOT));
    }

    /// The relations that `/v1/catalog` lists, whichever of its groups they are in.
    public List<io.millrace.client.Catalog.Relation> relations() {
        io.millrace.client.transport.JsonObject answer =
                transport.whole(Call.get("/v1/catalog")).json();
        List<io.millrace.client.Catalog.Relation> relations = new ArrayList<>();
        answer.fields().forEach((group, value) -> {
            if (!(value instanceof List<?> list)) {
                return;
            }
            String kind =
                    group.endsWith("s") ? group.substring(0, group.length() - 1).replace('_', ' ') : group;
            for (Object item : list) {
                if (item instanceof String name) {
                    relations.add(new io.millrace.client.Catalog.Relation(name, kind, List.of()));
                } else if (item instanceof Map<?, ?>) {
                    var relation = io.millrace.client.transport.JsonObject.of(item, "");
                    String ownKind = relation.textOrNull("kind") != null
                            ? relation.textOrNull("kind")
                            : relation.textOrNull("type");
                    String name = relation.textOrNull("name") != null
                            ? relation.textOrNull("name")
                            : relation.textOrNull("topic");
                    if (name != null) {
                        relations.add(new io.millrace.client.Catalog.Relation(
                                name,
                                (ownKind == null ? kind : ownKind)
                                        .toLowerCase(Locale.ROOT)
                                        .replace('_', ' '),
                                SqlJson.columns(relation.listOrEmpty("columns"))));
                    }
                }
            }
        });
        return relations;
    }
}
