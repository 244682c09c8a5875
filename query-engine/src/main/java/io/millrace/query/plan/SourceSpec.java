package io.millrace.query.plan;

import io.millrace.query.data.ColumnType;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What to read from a topic and how to make rows of it.
///
/// @param name of the stream or table, for messages
/// @param topic to read
/// @param format of the values
/// @param options of the format (`delimiter`, `header` …)
/// @param columns to produce, only those that the plan needs
/// @param watermark null when the stream has none
/// @param side which rows of the topic: the good ones, or those that were set aside
/// @param upsertKey indexes in `columns` of the primary key: then the input is a table, a record replaces the
///     row with the
///     same key and a tombstone removes it. Empty for streams
/// @param declared all columns that the stream's definition takes from its records (origin FIELD): a record is
///     bad when one of them cannot be decoded, whether the plan needs it or not. With only `columns` known, those
public record SourceSpec(
        String name,
        String topic,
        Format format,
        Map<String, String> options,
        List<SourceColumn> columns,
        @Nullable WatermarkSpec watermark,
        Side side,
        List<Integer> upsertKey,
        List<SourceColumn> declared) {
    public SourceSpec {
        options = Map.copyOf(options);
        columns = List.copyOf(columns);
        upsertKey = List.copyOf(upsertKey);
        declared = List.copyOf(declared);
    }

    /// A source whose definition declares nothing that the plan does not read.
    public SourceSpec(
            String name,
            String topic,
            Format format,
            Map<String, String> options,
            List<SourceColumn> columns,
            @Nullable WatermarkSpec watermark,
            Side side,
            List<Integer> upsertKey) {
        this(name, topic, format, options, columns, watermark, side, upsertKey, List.of());
    }

    public enum Format {
        JSON,
        CSV,
        TEXT,
        BYTES,
        /// rows written by a query of this engine: JSON rows with a weight header
        CHANGES
    }

    public enum Side {
        /// decodable rows that are not late
        GOOD,
        /// rows behind their own partition's watermark: columns of the stream, then `_reason`, `_watermark`
        LATE,
        /// records that cannot be decoded: `_reason`, `_partition`, `_offset`, `_value` …
        BAD
    }

    /// One column.
    ///
    /// @param name as the query sees it
    /// @param type what decoding gives
    /// @param origin where its value comes from
    /// @param path names to follow from the JSON root, one for a plain field; the column's place in a CSV line
    ///     as a number; empty
    ///     for the origins other than FIELD
    public record SourceColumn(String name, ColumnType type, Origin origin, List<String> path) {
        public SourceColumn {
            path = List.copyOf(path);
        }
    }

    /// Where a column's value comes from.
    public enum Origin {
        FIELD,
        /// VARBINARY
        KEY,
        /// BIGINT
        OFFSET,
        /// INTEGER
        PARTITION,
        /// TIMESTAMPTZ, append time of the record
        TIMESTAMP,
        /// MAP<VARCHAR, VARBINARY>
        HEADERS,
        /// VARBINARY, the raw bytes
        VALUE,
        /// VARCHAR, why a row was set aside
        REASON,
        /// TIMESTAMP, the partition's watermark when the row came
        WATERMARK
    }

    /// The watermark is the largest `columns[timeColumn]` so far minus the delay, for each partition, in log
    /// order.
    ///
    /// @param timeColumn index in `columns`; always among them when there is a watermark
    public record WatermarkSpec(int timeColumn, long delayMs) {}
}
