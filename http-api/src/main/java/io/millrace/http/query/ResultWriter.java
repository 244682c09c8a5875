package io.millrace.http.query;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.ReplyStream;
import io.millrace.http.route.Socket;
import io.millrace.query.Changelog;
import io.millrace.query.Changelog.Style;
import io.millrace.query.Frontier;
import io.millrace.query.ResultListener;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.Schema;
import io.millrace.query.format.ChangePairs;
import io.millrace.query.format.RowCsvWriter;
import io.millrace.query.format.RowJsonWriter;
import io.millrace.query.format.TextBuffer;
import io.millrace.query.format.TimeText;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes what a request's statements deliver, in one format.
///
/// What is small is answered as a whole, so that an error can still become a status. More than
/// [#WHOLE_BYTES_MAX], or a statement that does not end, becomes a stream; then errors are told within it, and a
/// JSON document that cannot be finished is cut off. A client that does not keep up blocks the calls, and so the
/// query.
///
/// Threading: the calls of one statement come one after another, from its query's thread.
final class ResultWriter implements ResultListener {
    static final int WHOLE_BYTES_MAX = 1 << 20;
    private static final int PIECE_BYTES = 64 << 10;

    private final Exchange exchange;
    private final ResultFormat format;
    private final int count;
    private final @Nullable Socket socket; // null unless the answer is messages
    private final String id;
    private final JsonBuffer out = new JsonBuffer(1024);
    private final TextBuffer text = new TextBuffer(4096);
    private @Nullable ReplyStream stream;
    private @Nullable RowJsonWriter rows;
    private @Nullable RowCsvWriter csv;
    private int statements;
    private long rowCount;
    private long startedNanos;
    private boolean columnsWritten;
    private boolean complete;
    private @Nullable Throwable failure;
    private List<String> notices = List.of();
    private Changelog changelog = Changelog.WEIGHTS;
    private Style style = Style.WEIGHTS;
    private final ChangePairs pairs = new ChangePairs();

    /// @param count statements; the results of more than one are a list
    ResultWriter(Exchange exchange, ResultFormat format, int count) {
        this(exchange, format, count, null, "");
    }

    /// Writes messages, each with the request's id.
    ResultWriter(Exchange exchange, Socket socket, String id, int count) {
        this(exchange, ResultFormat.MESSAGES, count, socket, id);
    }

    private ResultWriter(Exchange exchange, ResultFormat format, int count, @Nullable Socket socket, String id) {
        this.exchange = exchange;
        this.format = format;
        this.count = count;
        this.socket = socket;
        this.id = id;
        if (format == ResultFormat.JSON && count > 1) {
            out.ascii("{\"ok\":true,\"results\":[");
        }
    }

    /// A statement begins.
    void begin() {
        startedNanos = System.nanoTime();
        rowCount = 0;
        columnsWritten = false;
        complete = false;
        rows = null;
        csv = null;
        notices = List.of();
        changelog = Changelog.WEIGHTS;
        style = Style.WEIGHTS;
        if (format == ResultFormat.JSON) {
            out.ascii(statements > 0 ? "," : "").ascii("{\"ok\":true");
        }
        statements++;
    }

    /// What went wrong in a statement, if anything did.
    @Nullable
    Throwable failure() {
        return failure;
    }

    /// Whether the last statement came to its end.
    boolean isComplete() {
        return complete;
    }

    // ---- the statement's calls
    // -------------------------------------------------------------------------------------

    @Override
    public void changelog(Changelog wanted) {
        changelog = wanted;
        style = wanted.style();
    }

    @Override
    public void columns(Schema columns, List<String> said) {
        columnsWritten = true;
        notices = List.copyOf(said);
        rows = new RowJsonWriter(columns);
        switch (format) {
            case JSON -> {
                out.put(',');
                columns(columns);
                out.ascii(",\"rows\":[");
            }
            case NDJSON, EVENTS, MESSAGES -> {
                beginObject("columns");
                columns(columns);
                if (style == Style.UPSERT) {
                    out.ascii(",\"key\":")
                            .value(Arrays.stream(changelog.key())
                                    .mapToObj(columns::name)
                                    .toList());
                }
                if (!notices.isEmpty()) {
                    out.ascii(",\"notices\":").value(notices);
                }
                endObject();
                flush();
            }
            case CSV -> {
                csv = new RowCsvWriter(columns);
                if (columns.size() > 0) {
                    csv.header(text);
                    takeText();
                }
            }
        }
    }

    private void columns(Schema columns) {
        out.ascii("\"columns\":[");
        for (int i = 0; i < columns.size(); i++) {
            ColumnInfo column = columns.columns().get(i);
            out.ascii(i == 0 ? "{\"name\":" : ",{\"name\":").string(column.name());
            out.ascii(",\"type\":").string(column.type().toString()).put('}');
        }
        out.put(']');
    }

    @Override
    public void rows(Batch batch) {
        switch (format) {
            case JSON -> {
                for (int row = 0; row < batch.count(); row++) {
                    for (long copy = 0; copy < batch.weight(row); copy++) {
                        if (rowCount > 0) {
                            out.put(',');
                        }
                        row(batch, row);
                        rowCount++;
                        spill(WHOLE_BYTES_MAX);
                    }
                }
            }
            case NDJSON, EVENTS, MESSAGES -> changes(batch, null);
            case CSV -> csvRows(batch, false);
        }
    }

    @Override
    public void changes(Batch batch, Frontier frontier, long watermarkMs) {
        switch (format) {
            case NDJSON, EVENTS, MESSAGES -> {
                if (style == Style.WEIGHTS) {
                    changes(batch, frontier);
                } else {
                    styled(batch, frontier, watermarkMs);
                }
            }
            case CSV -> {
                if (style == Style.WEIGHTS) {
                    csvRows(batch, true);
                } else {
                    styledCsv(batch);
                }
                flush();
            }
            case JSON -> throw new IllegalStateException("a JSON document must end");
        }
    }

    /// Changes as the session wants them, in as many objects as they need.
    private void styled(Batch batch, Frontier frontier, long watermarkMs) {
        String source = style == Style.DEBEZIUM ? source(frontier, watermarkMs) : "";
        int[] start = {-1};
        pairs.visit(batch, changelog.key(), (before, after) -> {
            if (start[0] >= 0 && out.size() - start[0] >= PIECE_BYTES) {
                out.ascii("],\"more\":true");
                endObject();
                flush();
                start[0] = -1;
            }
            if (start[0] < 0) {
                beginObject("changes");
                out.ascii("\"changes\":[");
                start[0] = out.size();
            } else {
                out.put(',');
            }
            if (style == Style.UPSERT) {
                upsert(batch, before, after);
            } else {
                envelope(batch, before, after, source);
            }
            rowCount++;
        });
        if (start[0] >= 0) {
            out.ascii("],\"frontier\":").ascii(frontier.toString());
            endObject(frontier);
            flush();
        }
    }

    private void upsert(Batch batch, int before, int after) {
        RowJsonWriter writer = rowWriter();
        int[] key = changelog.key();
        out.ascii(after >= 0 ? "{\"op\":\"upsert\",\"key\":[" : "{\"op\":\"delete\",\"key\":[");
        for (int i = 0; i < key.length; i++) {
            if (i > 0) {
                text.put(',');
            }
            writer.value(batch, after >= 0 ? after : before, key[i], text);
        }
        takeText();
        out.ascii("],\"row\":");
        if (after >= 0) {
            row(batch, after);
        } else {
            out.ascii("null");
        }
        out.put('}');
    }

    private void envelope(Batch batch, int before, int after, String source) {
        out.ascii("{\"before\":");
        object(batch, before);
        out.ascii(",\"after\":");
        object(batch, after);
        out.ascii(",\"op\":\"")
                .ascii(operation(before, after))
                .ascii("\",\"source\":")
                .ascii(source);
        out.put('}');
    }

    private void object(Batch batch, int row) {
        if (row < 0) {
            out.ascii("null");
        } else {
            rowWriter().object(batch, row, text);
            takeText();
        }
    }

    private static String operation(int before, int after) {
        return before < 0 ? "c" : after < 0 ? "d" : "u";
    }

    private static String source(Frontier frontier, long watermarkMs) {
        JsonBuffer json = new JsonBuffer(128)
                .ascii("{\"connector\":\"millrace\",\"frontier\":")
                .ascii(frontier.toString())
                .ascii(",\"watermark\":");
        watermark(json, watermarkMs);
        return json.put('}').toString();
    }

    /// The operation in front of each row; of a row that is taken away, what it was.
    private void styledCsv(Batch batch) {
        RowCsvWriter writer = csvWriter();
        pairs.visit(batch, changelog.key(), (before, after) -> {
            String operation = style == Style.DEBEZIUM ? operation(before, after) : after >= 0 ? "upsert" : "delete";
            out.ascii(operation).put(',');
            writer.row(batch, after >= 0 ? after : before, text);
            takeText();
            rowCount++;
            spill(WHOLE_BYTES_MAX);
        });
    }

    /// @param frontier that the changes lead to; null for rows of a statement that ends
    private void changes(Batch batch, @Nullable Frontier frontier) {
        int row = 0;
        while (row < batch.count()) { // a large step is one logical change, told in several objects of one frontier
            beginObject("changes");
            out.ascii("\"changes\":[");
            int start = out.size();
            int first = row;
            while (row < batch.count() && out.size() - start < PIECE_BYTES) {
                out.ascii(row > first ? ",{\"weight\":" : "{\"weight\":").number(batch.weight(row));
                out.ascii(",\"row\":");
                row(batch, row);
                out.put('}');
                rowCount += Math.abs(batch.weight(row));
                row++;
            }
            out.put(']');
            boolean last = row == batch.count();
            if (frontier == null) {
                endObject();
                if (socket == null) {
                    spill(WHOLE_BYTES_MAX);
                } else {
                    flush(); // each object is a message
                }
            } else if (last) {
                out.ascii(",\"frontier\":").ascii(frontier.toString());
                endObject(frontier);
                flush();
            } else {
                out.ascii(",\"more\":true");
                endObject();
                flush();
            }
        }
    }

    @Override
    public void failedRows(Batch failed, Frontier frontier) {
        switch (format) {
            case NDJSON, EVENTS, MESSAGES -> failures(failed, frontier);
            case JSON, CSV -> {} // there is no place for them; GET /v1/queries counts them
        }
    }

    private void failures(Batch failed, Frontier frontier) {
        Schema columns = failed.schema();
        RowJsonWriter writer = new RowJsonWriter(columns);
        int row = 0;
        while (row < failed.count()) {
            beginObject("errors");
            out.ascii("\"errors\":[");
            int start = out.size();
            for (int first = row; row < failed.count() && out.size() - start < PIECE_BYTES; row++) {
                out.ascii(row > first ? ",{\"weight\":" : "{\"weight\":").number(failed.weight(row));
                for (int column = 0; column < columns.size(); column++) {
                    out.put(',').string(columns.name(column).substring(1)).put(':'); // without the underscore
                    writer.value(failed, row, column, text);
                    takeText();
                }
                out.put('}');
            }
            out.ascii("],\"frontier\":").ascii(frontier.toString());
            endObject(); // without an id: the changes of this frontier are still to come
            flush();
        }
    }

    private void row(Batch batch, int row) {
        rowWriter().array(batch, row, text);
        takeText();
    }

    private RowJsonWriter rowWriter() {
        RowJsonWriter writer = rows;
        if (writer == null) {
            throw new IllegalStateException("rows came before their columns");
        }
        return writer;
    }

    private RowCsvWriter csvWriter() {
        RowCsvWriter writer = csv;
        if (writer == null) {
            throw new IllegalStateException("rows came before their columns");
        }
        return writer;
    }

    private void csvRows(Batch batch, boolean weights) {
        RowCsvWriter writer = csvWriter();
        for (int row = 0; row < batch.count(); row++) {
            long copies = weights ? 1 : batch.weight(row);
            for (long copy = 0; copy < copies; copy++) {
                if (weights) {
                    out.number(batch.weight(row)).put(',');
                }
                writer.row(batch, row, text);
                takeText();
                rowCount++;
                spill(WHOLE_BYTES_MAX);
            }
        }
    }

    private void takeText() {
        out.raw(text.bytes(), 0, text.length());
        text.clear();
    }

    @Override
    public void progress(Frontier frontier, long watermarkMs) {
        if (format == ResultFormat.NDJSON || format == ResultFormat.EVENTS || format == ResultFormat.MESSAGES) {
            beginObject("progress");
            out.ascii("\"progress\":{\"frontier\":").ascii(frontier.toString());
            out.ascii(",\"watermark\":");
            watermark(out, watermarkMs);
            out.put('}');
            endObject(frontier);
            flush();
        }
    }

    static void watermark(JsonBuffer json, long watermarkMs) {
        if (watermarkMs == Long.MIN_VALUE) {
            json.ascii("null");
            return;
        }
        byte[] time = new byte[TimeText.LENGTH_MAX];
        int length = TimeText.writeTimestamp(watermarkMs, ' ', time, 0);
        json.ascii("\"" + new String(time, 0, length, StandardCharsets.US_ASCII) + "\"");
    }

    @Override
    public void complete(Frontier frontier, String message) {
        complete = true;
        switch (format) {
            case JSON -> {
                if (columnsWritten) {
                    out.put(']');
                } else {
                    out.ascii(",\"columns\":[],\"rows\":[]");
                }
                out.ascii(",\"row_count\":").number(rowCount);
                out.ascii(",\"frontier\":").ascii(frontier.toString());
                if (!message.isEmpty()) {
                    out.ascii(",\"message\":").string(message);
                }
                if (!notices.isEmpty()) {
                    out.ascii(",\"notices\":").value(notices);
                }
                out.ascii(",\"elapsed_ms\":").number(elapsedMs()).put('}');
            }
            case NDJSON, EVENTS, MESSAGES -> {
                beginObject("complete");
                out.ascii("\"complete\":{\"row_count\":").number(rowCount);
                out.ascii(",\"frontier\":").ascii(frontier.toString());
                out.ascii(",\"message\":").string(message);
                out.ascii(",\"elapsed_ms\":").number(elapsedMs()).put('}');
                if (socket == null) {
                    endObject(frontier);
                } else if (statements < count) {
                    out.ascii(",\"more\":true");
                    endObject();
                    flush();
                } else {
                    endObject(); // the last message waits for finish(): then the id is free
                }
            }
            case CSV -> {}
        }
    }

    private long elapsedMs() {
        return (System.nanoTime() - startedNanos) / 1_000_000;
    }

    @Override
    public void failed(SqlException thrown) {
        failure = thrown;
    }

    // ---- the answer
    // ------------------------------------------------------------------------------------------------

    /// All statements are done.
    void finish() {
        if (socket != null) {
            flush();
            return;
        }
        if (format == ResultFormat.JSON) {
            out.ascii(count > 1 ? "]}\n" : "\n");
        }
        ReplyStream open = stream;
        if (open == null) {
            exchange.reply(200, format.contentType(), out);
        } else {
            open.write(out);
            open.end();
        }
    }

    /// A statement failed, and the others are not run.
    void finish(Throwable thrown) {
        if (socket != null) {
            out.clear(); // what was begun is not whole
            beginObject("error");
            nestedError(out, thrown, exchange.requestId());
            endObject();
            flush();
            return;
        }
        ReplyStream open = stream;
        if (open == null) {
            exchange.fail(thrown);
            return;
        }
        HttpFailure told = Failures.of(thrown, exchange.requestId());
        switch (format) {
            case NDJSON, EVENTS, MESSAGES -> {
                beginObject("error");
                error(out, told, exchange.requestId());
                endObject();
                open.write(out);
                open.end();
            }
            case JSON, CSV -> open.abort();
        }
    }

    private static void error(JsonBuffer json, HttpFailure told, String requestId) {
        json.ascii("\"ok\":false,\"error\":").string(told.code());
        json.ascii(",\"message\":").string(told.message());
        json.ascii(",\"docs\":").string("/docs/errors#" + told.code());
        json.ascii(",\"request_id\":").string(requestId);
        told.fields()
                .forEach((name, value) -> json.put(',').string(name).put(':').value(value));
    }

    /// The member `error` of a message.
    static void nestedError(JsonBuffer json, Throwable thrown, String requestId) {
        json.ascii("\"error\":{");
        error(json, Failures.of(thrown, requestId), requestId);
        json.put('}');
    }

    private void beginObject(String event) {
        if (format == ResultFormat.EVENTS) {
            out.ascii("event: ").ascii(event).ascii("\ndata: ");
        }
        out.put('{');
        if (socket != null) {
            out.ascii("\"id\":").string(id).put(',');
        }
    }

    private void endObject() {
        out.ascii(format == ResultFormat.EVENTS ? "}\n\n" : socket != null ? "}" : "}\n");
    }

    /// Ends an object behind which a client may resume.
    private void endObject(Frontier frontier) {
        if (socket != null) {
            endObject();
            return;
        }
        out.put('}');
        if (format == ResultFormat.EVENTS) {
            out.ascii("\nid: ").ascii(frontier.toString()).put('\n');
        }
        out.put('\n');
    }

    /// Sends what has gathered when it is more than `bytesMax`.
    private void spill(int bytesMax) {
        if (out.size() > (stream == null ? bytesMax : PIECE_BYTES)) {
            flush();
        }
    }

    private void flush() {
        Socket conversation = socket;
        if (conversation != null) {
            conversation.write(out);
            return;
        }
        ReplyStream open = stream;
        if (open == null) {
            open = exchange.stream(200, format.contentType());
            stream = open;
        }
        open.write(out);
    }
}
