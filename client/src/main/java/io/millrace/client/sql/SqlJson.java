package io.millrace.client.sql;

import io.millrace.client.ChangeEvent;
import io.millrace.client.Column;
import io.millrace.client.Frontier;
import io.millrace.client.MillraceException;
import io.millrace.client.SqlResult;
import io.millrace.client.transport.Json;
import io.millrace.client.transport.JsonObject;
import io.millrace.client.transport.Transport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The wire form of results and changes.
final class SqlJson {
    private SqlJson() {}

    static String request(String sql, Map<String, String> session, @Nullable Object... parameters) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("sql", sql);
        if (parameters.length > 0) {
            List<@Nullable Object> values = new ArrayList<>(parameters.length);
            for (Object parameter : parameters) {
                values.add(parameter);
            }
            body.put("parameters", values);
        }
        if (!session.isEmpty()) {
            body.put("session", session);
        }
        return Json.write(body);
    }

    static SqlResult result(JsonObject answer) {
        List<List<@Nullable Object>> rows = new ArrayList<>();
        for (Object row : answer.listOrEmpty("rows")) {
            rows.add(cells(row));
        }
        return new SqlResult(
                columns(answer.listOrEmpty("columns")),
                rows,
                frontier(answer.get("frontier")),
                Optional.ofNullable(answer.textOrNull("message")).or(() -> notice(answer)),
                answer.get("elapsed_ms") instanceof Number number ? number.doubleValue() : 0);
    }

    private static Optional<String> notice(JsonObject answer) {
        List<String> notices = new ArrayList<>();
        for (Object notice : answer.listOrEmpty("notices")) {
            notices.add(notice instanceof String text ? text : Json.write(notice));
        }
        return notices.isEmpty() ? Optional.empty() : Optional.of(String.join("\n", notices));
    }

    /// One line of a continuous answer. Fields that are not known are skipped, so servers may add some.
    static List<ChangeEvent> events(String line) {
        JsonObject object = JsonObject.parse(line);
        if (object.has("error")) {
            Object error = object.get("error");
            throw Transport.error(error instanceof Map<?, ?> ? object.object("error") : object, 200, null);
        }
        List<ChangeEvent> events = new ArrayList<>(2);
        if (object.has("columns")) {
            events.add(new ChangeEvent.Columns(columns(object.list("columns"))));
        }
        if (object.has("changes")) {
            List<ChangeEvent.Change> changes = new ArrayList<>();
            for (Object change : object.list("changes")) {
                JsonObject one = JsonObject.of(change, line);
                if (!one.has("weight")) {
                    throw new MillraceException(
                            "unsupported_changelog",
                            "Changes are read by their weights here, and the session asks for others: RESET changelog"
                                    + " (raw requests to /v1/sql can have any)",
                            null);
                }
                changes.add(new ChangeEvent.Change(one.integer("weight"), cells(one.list("row"))));
            }
            events.add(new ChangeEvent.Changes(changes, frontier(object.get("frontier"))));
        }
        if (object.has("progress")) {
            JsonObject progress = object.object("progress");
            events.add(
                    new ChangeEvent.Progress(frontier(progress.get("frontier")), watermark(progress.get("watermark"))));
        }
        return events;
    }

    private static Optional<String> watermark(@Nullable Object value) {
        return switch (value) {
            case null -> Optional.empty();
            case String text -> Optional.of(text);
            case Long milliseconds ->
                Optional.of(Instant.ofEpochMilli(milliseconds).toString());
            default -> Optional.of(Json.write(value));
        };
    }

    static Frontier frontier(@Nullable Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            return Frontier.EMPTY;
        }
        Map<String, List<Long>> offsets = new LinkedHashMap<>();
        map.forEach((topic, next) -> {
            List<Long> numbers = new ArrayList<>();
            if (next instanceof List<?> list) {
                for (Object number : list) {
                    if (number instanceof Long offset) {
                        numbers.add(offset);
                    }
                }
            }
            offsets.put(String.valueOf(topic), numbers);
        });
        return new Frontier(offsets);
    }

    static List<Column> columns(List<?> list) {
        List<Column> columns = new ArrayList<>(list.size());
        for (Object item : list) {
            JsonObject column = JsonObject.of(item, "");
            String type = column.textOrNull("type");
            columns.add(new Column(column.text("name"), type == null ? "" : type));
        }
        return columns;
    }

    private static List<@Nullable Object> cells(@Nullable Object row) {
        if (!(row instanceof List<?> list)) {
            throw JsonObject.unexpected("expected a row, which is an array of cells", Json.write(row));
        }
        List<@Nullable Object> cells = new ArrayList<>(list.size());
        for (Object cell : list) {
            cells.add(cell);
        }
        return cells;
    }
}
