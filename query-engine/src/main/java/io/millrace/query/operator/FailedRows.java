package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import io.millrace.query.format.RowJsonWriter;
import io.millrace.query.format.TextBuffer;
import io.millrace.query.plan.PlanNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Gathers failed rows as rows of [PlanNode#FAILED]. Made for few rows: takes some objects for each.
public final class FailedRows implements FailedRow.Sink {
    private final Batch rows = new Batch(PlanNode.FAILED);
    private final TextBuffer text = new TextBuffer(256);
    private @Nullable Schema schema; // of the last row
    private @Nullable RowJsonWriter writer; // for that schema

    @Override
    public void failed(FailedRow failed) {
        RowJsonWriter json = writer;
        Schema its = failed.input().schema();
        if (json == null || its != schema) {
            json = new RowJsonWriter(its);
            writer = json;
            schema = its;
        }
        Batch one = new Batch(its);
        // rows that are equal must be told alike, or what comes as one would not go as the other
        one.appendValues(
                failed.input().row(failed.row()).stream()
                        .map(value -> value instanceof Double number ? number + 0.0 : value)
                        .toList(),
                1);
        text.clear();
        json.object(one, 0, text);
        String topic = failed.topic();
        rows.appendValues(
                Arrays.asList(
                        utf8(failed.reason()),
                        utf8(failed.operator()),
                        topic == null ? null : utf8(topic),
                        topic == null ? null : (long) failed.partition(),
                        topic == null ? null : failed.offset(),
                        text.toByteArray()),
                failed.weight());
    }

    private static byte[] utf8(String value) {
        return value.getBytes(StandardCharsets.UTF_8);
    }

    /// What has gathered; equal rows are not summed.
    public Batch rows() {
        return rows;
    }

    public void clear() {
        rows.clear();
    }
}
