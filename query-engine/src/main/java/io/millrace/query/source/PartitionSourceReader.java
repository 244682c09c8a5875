package io.millrace.query.source;

import io.millrace.log.RecordHeader;
import io.millrace.log.RecordReader;
import io.millrace.query.data.Batch;
import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Column;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.ObjectColumn;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.plan.SourceSpec.Format;
import io.millrace.query.plan.SourceSpec.Origin;
import io.millrace.query.plan.SourceSpec.Side;
import io.millrace.query.plan.SourceSpec.SourceColumn;
import io.millrace.query.plan.SourceSpec.WatermarkSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads one partition: decodes, judges, keeps the watermark.
///
/// For each record in log order: a bad one goes to the bad side; a good one whose event time lies before the
/// watermark that the records before it have made goes to the late side; any other is good and may raise the
/// watermark. A row without event time is good and raises nothing.
final class PartitionSourceReader implements SourceReader {
    private static final int CHUNK_BYTES = 1 << 20;

    /// header of records written by queries: how often the row is added (negative: taken away)
    static final String WEIGHT_HEADER = "weight";

    private final SourceSpec source;
    private final RowDecoder decoder;
    private final RecordReader records;
    private final int partition;
    private final SourceColumn[] columns;
    private final @Nullable WatermarkSpec watermarkSpec;
    private final String stream; // whose markers count; `orders` also when this reads `orders$late`
    private final boolean table;
    private final @Nullable KeyDecoder keyDecoder;

    private boolean pending; // the reader stands on a record that has not been consumed
    private long watermarkMs = Long.MIN_VALUE;
    private long lateCount;
    private long badCount;

    PartitionSourceReader(SourceSpec source, RowDecoder decoder, RecordReader records, int partition) {
        this.source = source;
        this.decoder = decoder;
        this.records = records;
        this.partition = partition;
        columns = source.columns().toArray(SourceColumn[]::new);
        watermarkSpec = source.watermark();
        int suffix = source.side() == Side.GOOD ? -1 : source.name().lastIndexOf('$');
        stream = suffix < 0 ? source.name() : source.name().substring(0, suffix);
        table = !source.upsertKey().isEmpty();
        keyDecoder = table ? new KeyDecoder(source) : null;
        if (watermarkSpec != null
                && columns[watermarkSpec.timeColumn()].type().type().storage()
                        != io.millrace.query.data.SqlType.Storage.LONG) {
            throw new IllegalArgumentException("the watermark column of '" + source.name() + "' is "
                    + columns[watermarkSpec.timeColumn()].type() + "; it must be a timestamp");
        }
    }

    @Override
    public int read(Batch into, long endOffset, int rowsMax) throws IOException {
        int consumed = 0;
        int rowsBefore = into.count();
        while (into.count() - rowsBefore < rowsMax) {
            if (!pending && !records.next()) {
                if (!records.fill(endOffset, CHUNK_BYTES)) {
                    break;
                }
                continue;
            }
            pending = records.offset() >= endOffset;
            if (pending) {
                break; // loaded for an earlier, larger end
            }
            consume(into);
            consumed++;
        }
        return consumed;
    }

    @Override
    public void resume(long watermarkMs, long lateCount, long badCount) {
        this.watermarkMs = watermarkMs;
        this.lateCount = lateCount;
        this.badCount = badCount;
    }

    private void consume(Batch into) {
        if (records.isMarker()) {
            raiseWatermark();
            return;
        }
        if (records.valueLength() < 0) {
            if (table) {
                tombstone(into);
            } else {
                bad(into, "no value");
            }
            return;
        }
        String reason = decoder.decode(records.bytes(), records.valueStart(), records.valueLength());
        if (reason == null && table) {
            reason = missingKey();
        }
        long weight = 1;
        if (reason == null && source.format() == Format.CHANGES && records.headerCount() > 0) {
            weight = weightHeader();
            if (weight == 0) {
                reason = "header '" + WEIGHT_HEADER + "' is not a whole number other than 0";
            }
        }
        if (reason != null) {
            bad(into, reason);
            return;
        }
        WatermarkSpec spec = watermarkSpec;
        if (spec != null) {
            SourceColumn time = columns[spec.timeColumn()];
            boolean known = time.origin() != Origin.FIELD || !decoder.isNull(spec.timeColumn());
            if (known) {
                long eventMs = time.origin() == Origin.FIELD ? decoder.longAt(spec.timeColumn()) : pseudoTime(time);
                if (eventMs < watermarkMs) {
                    lateCount++;
                    if (source.side() == Side.LATE) {
                        append(into, weight, "late by " + (watermarkMs - eventMs) + " ms");
                    }
                    return;
                }
                // saturates: a time at the edge of the range must not wrap
                long candidate = eventMs < Long.MIN_VALUE + spec.delayMs() ? Long.MIN_VALUE : eventMs - spec.delayMs();
                watermarkMs = Math.max(watermarkMs, candidate);
            }
        }
        if (source.side() == Side.GOOD) {
            append(into, weight, null);
        }
    }

    /// The partition was idle: its watermark follows the others'.
    private void raiseWatermark() {
        WatermarkMarker marker = WatermarkMarker.decode(records.bytes(), records.valueStart(), records.valueLength());
        if (watermarkSpec != null && marker != null && marker.stream().equals(stream)) {
            watermarkMs = Math.max(watermarkMs, marker.watermarkMs());
        }
    }

    private long pseudoTime(SourceColumn time) {
        return switch (time.origin()) {
            case TIMESTAMP -> records.timestampMs();
            case OFFSET -> records.offset();
            default -> throw new IllegalStateException("column '" + time.name() + "' is no time");
        };
    }

    private void bad(Batch into, String reason) {
        badCount++;
        if (source.side() != Side.BAD) {
            return;
        }
        for (int i = 0; i < columns.length; i++) {
            Column column = into.column(i);
            if (columns[i].origin() == Origin.FIELD) {
                column.appendNull();
            } else {
                appendPseudo(columns[i], column, reason);
            }
        }
        into.endRow(1);
    }

    private void append(Batch into, long weight, @Nullable String reason) {
        for (int i = 0; i < columns.length; i++) {
            if (columns[i].origin() == Origin.FIELD) {
                decoder.append(i, into.column(i));
            } else {
                appendPseudo(columns[i], into.column(i), reason);
            }
        }
        into.endRow(weight);
    }

    private @Nullable String missingKey() {
        for (int column : source.upsertKey()) {
            if (columns[column].origin() == Origin.FIELD && decoder.isNull(column)) {
                return "primary key column '" + columns[column].name() + "' is missing or null";
            }
        }
        return null;
    }

    private void tombstone(Batch into) {
        KeyDecoder keys = keyDecoder;
        if (keys == null) {
            throw new IllegalStateException("only tables have tombstones");
        }
        String reason = keys.decode(records.bytes(), records.keyStart(), records.keyLength());
        if (reason != null) {
            bad(into, reason);
            return;
        }
        if (source.side() != Side.GOOD) {
            return;
        }
        for (int i = 0; i < columns.length; i++) {
            Column column = into.column(i);
            if (!keys.append(i, column)) {
                if (columns[i].origin() == Origin.FIELD) {
                    column.appendNull();
                } else {
                    appendPseudo(columns[i], column, null);
                }
            }
        }
        into.endRow(-1);
    }

    private void appendPseudo(SourceColumn column, Column into, @Nullable String reason) {
        switch (column.origin()) {
            case KEY -> {
                if (records.keyLength() < 0) {
                    into.appendNull();
                } else {
                    ((BytesColumn) into).append(records.bytes(), records.keyStart(), records.keyLength());
                }
            }
            case VALUE -> {
                if (records.valueLength() < 0) {
                    into.appendNull();
                } else {
                    ((BytesColumn) into).append(records.bytes(), records.valueStart(), records.valueLength());
                }
            }
            case OFFSET -> ((LongColumn) into).append(records.offset());
            case PARTITION -> ((LongColumn) into).append(partition);
            case TIMESTAMP -> ((LongColumn) into).append(records.timestampMs());
            case HEADERS -> {
                Map<String, Object> headers = new LinkedHashMap<>();
                if (records.headerCount() > 0) {
                    for (RecordHeader header : records.headers()) {
                        headers.put(header.name(), header.value());
                    }
                }
                ((ObjectColumn) into).append(headers);
            }
            case REASON -> {
                if (reason == null) {
                    into.appendNull();
                } else {
                    ((BytesColumn) into).append(reason);
                }
            }
            case WATERMARK -> {
                if (watermarkMs == Long.MIN_VALUE) {
                    into.appendNull();
                } else {
                    ((LongColumn) into).append(watermarkMs);
                }
            }
            case FIELD -> throw new IllegalStateException("field");
        }
    }

    /// The weight header's value; 0 when it makes no sense.
    private long weightHeader() {
        for (RecordHeader header : records.headers()) {
            if (header.name().equals(WEIGHT_HEADER)) {
                try {
                    return Long.parseLong(new String(header.value(), StandardCharsets.ISO_8859_1).strip());
                } catch (NumberFormatException e) {
                    return 0;
                }
            }
        }
        return 1;
    }

    @Override
    public long position() {
        return pending ? records.offset() : records.position();
    }

    @Override
    public long watermarkMs() {
        return watermarkMs;
    }

    @Override
    public long lateCount() {
        return lateCount;
    }

    @Override
    public long badCount() {
        return badCount;
    }

    @Override
    public void close() throws IOException {
        records.close();
    }
}
