package io.millrace.query.worker;

import io.millrace.query.CatalogPort;
import io.millrace.query.EngineSettings;
import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.OutputPort;
import io.millrace.query.OutputPort.Stamp;
import io.millrace.query.ResultListener;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.format.RowJsonWriter;
import io.millrace.query.format.TextBuffer;
import io.millrace.query.sql.PlannedStatement.CreateQuery;
import io.millrace.query.sql.PlannedStatement.Query;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// VERIFY QUERY: computes the answer of a persistent query from its input once more, up to where the query is, and
/// compares it with what its topic holds.
///
/// The query goes on meanwhile. While the parts of a step are being written to several partitions the topic holds
/// half of it; so a difference counts only when it is there at every one of [#ATTEMPTS] looks. Equality cannot be
/// an accident. A stream whose query was replaced holds the results of the earlier one too, which nothing expects.
final class VerifyTask extends QueryTask {
    private static final int ATTEMPTS = 5;
    private static final long PAUSE_MS = 200;
    private static final Schema RESULT = new Schema(List.of(
            new ColumnInfo("verdict", ColumnType.of(SqlType.VARCHAR)),
            new ColumnInfo("rows", ColumnType.of(SqlType.BIGINT)),
            new ColumnInfo("missing", ColumnType.of(SqlType.BIGINT)),
            new ColumnInfo("unexpected", ColumnType.of(SqlType.BIGINT)),
            new ColumnInfo("example", ColumnType.of(SqlType.VARCHAR)),
            new ColumnInfo("frontier", ColumnType.of(SqlType.VARCHAR))));

    private final CreateQuery definition;
    private final Query stored;
    private final Parts parts;
    private final InputPort inputs;
    private final OutputPort outputs;
    private final CatalogPort notes;
    private final String definitionHash;
    private final EngineSettings settings;
    private final ResultListener listener;

    /// What one look found.
    ///
    /// @param rows that the topic holds
    /// @param missing rows that should be there and are not
    /// @param unexpected rows that are there and should not
    /// @param example one of them, null when there is none
    private record Finding(
            Frontier frontier,
            long rows,
            long missing,
            long unexpected,
            @Nullable String example) {
        boolean equal() {
            return missing == 0 && unexpected == 0;
        }
    }

    /// @param text of the definition
    /// @param stored reads everything that the query's topic holds
    VerifyTask(
            String id,
            String sql,
            CreateQuery definition,
            String text,
            Query stored,
            Parts parts,
            InputPort inputs,
            OutputPort outputs,
            CatalogPort notes,
            EngineSettings settings,
            ResultListener listener,
            Runnable ended) {
        super(id, sql, null, ended);
        this.definition = definition;
        this.stored = stored;
        this.parts = parts;
        this.inputs = inputs;
        this.outputs = outputs;
        this.notes = notes;
        definitionHash = Beginning.hash(text);
        this.settings = settings;
        this.listener = listener;
    }

    @Override
    void work() throws IOException, InterruptedException {
        Finding finding = look();
        for (int attempt = 1; attempt < ATTEMPTS && (finding == null || !finding.equal()); attempt++) {
            awaitWake(PAUSE_MS);
            finding = look();
        }
        if (isCancelled()) {
            listener.failed(new SqlException("query_cancelled", "The query was cancelled."));
            return;
        }
        if (finding == null) {
            throw new SqlException(
                    "query_busy",
                    "Query '" + definition.queryId() + "' wrote whenever its topic was looked at.",
                    0,
                    0,
                    "PAUSE QUERY " + definition.queryId() + " first, and RESUME it afterwards.");
        }
        Batch rows = new Batch(RESULT);
        rows.appendValues(
                Arrays.asList(
                        utf8(finding.equal() ? "equal" : "different"),
                        finding.rows(),
                        finding.missing(),
                        finding.unexpected(),
                        finding.example() == null ? null : utf8(finding.example()),
                        utf8(finding.frontier().toString())),
                1);
        listener.columns(RESULT, List.of());
        listener.rows(rows);
        listener.complete(finding.frontier(), "VERIFY QUERY");
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /// Null when the query wrote just then.
    private @Nullable Finding look() throws IOException {
        String topic = Objects.requireNonNull(definition.create().topic(), "a persistent query writes a topic");
        Map<Integer, Stamp> stamps = outputs.stamps(definition.queryId(), topic);
        CatalogPort.Note note = notes.note(definition.queryId());
        boolean partly = stamps.values().stream().anyMatch(stamp -> stamp.ahead() != null);
        if (partly || note.version() == 0) {
            return null;
        }
        Beginning beginning = Beginning.decode(definition.queryId(), note.text());
        if (!beginning.definition().equals(definitionHash)) {
            return null; // it was replaced, and its successor has not begun
        }
        Frontier frontier = stamps.values().stream()
                .max(Comparator.comparingLong(Stamp::step))
                .map(Stamp::frontier)
                .orElse(Frontier.EMPTY);
        Integral difference = new Integral(definition.query().schema());
        long rows;
        try (Execution reading = new Execution(stored.plan(), parts, inputs, RowFailures::refuse)) {
            Frontier end = reading.end();
            if (!outputs.stamps(definition.queryId(), topic).equals(stamps)) {
                return null;
            }
            rows = add(reading, end, -1, difference);
        }
        if (!stamps.isEmpty()) {
            // what retention has deleted went into the answer and cannot go into it again
            Beginning.checkReadable(beginning.frontier(), inputs);
            try (Execution again = new Execution(
                    definition.query().plan(),
                    parts,
                    inputs,
                    new RowFailures(definition.failOnError()),
                    beginning.frontier()::offset)) {
                add(again, frontier, 1, difference);
            }
        }
        return finding(frontier, rows, difference);
    }

    /// Adds the answer up to `limit`, times `sign`.
    ///
    /// @return rows of the answer
    private long add(Execution execution, Frontier limit, int sign, Integral difference) throws IOException {
        long rows = 0;
        boolean first = true;
        while (!isCancelled() && (first || !execution.frontier().includes(limit))) {
            Frontier before = execution.frontier();
            Batch changes = execution.step(limit, settings.stepRowsMax());
            Batch signed = new Batch(changes.schema());
            for (int row = 0; row < changes.count(); row++) {
                signed.appendRow(changes, row, sign * changes.weight(row));
                rows += changes.weight(row);
            }
            difference.add(signed);
            if (difference.count() > settings.resultRowsMax()) {
                throw new SqlException(
                        "result_too_large",
                        "The answer has more than %,d rows, which is the limit of what can be compared."
                                .formatted(settings.resultRowsMax()));
            }
            if (!first && execution.frontier().equals(before)) {
                break; // the rest up to the limit are records that carry no rows
            }
            first = false;
        }
        return rows;
    }

    private Finding finding(Frontier frontier, long rows, Integral difference) {
        Batch left = difference.rows();
        long missing = 0;
        long unexpected = 0;
        String example = null;
        for (int row = 0; row < left.count(); row++) {
            long weight = left.weight(row);
            missing += Math.max(0, weight);
            unexpected += Math.max(0, -weight);
            if (weight != 0 && example == null) {
                TextBuffer text = new TextBuffer(128);
                new RowJsonWriter(definition.query().schema()).object(left, row, text);
                example = (weight > 0 ? "missing " : "unexpected ")
                        + new String(text.toByteArray(), StandardCharsets.UTF_8);
            }
        }
        return new Finding(frontier, rows, missing, unexpected, example);
    }

    @Override
    void report(SqlException failure) {
        listener.failed(failure);
    }
}
