package io.millrace.query.sql;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.SourceSpec.Origin;
import java.util.List;
import java.util.Set;

/// Columns that every stream has and `SELECT *` leaves out.
final class PseudoColumns {
    static final Relation.Field TIMESTAMP =
            field("_timestamp", ColumnType.of(SqlType.TIMESTAMPTZ).withNullable(false), Origin.TIMESTAMP);
    static final Relation.Field PARTITION =
            field("_partition", ColumnType.of(SqlType.INTEGER).withNullable(false), Origin.PARTITION);
    static final Relation.Field OFFSET =
            field("_offset", ColumnType.of(SqlType.BIGINT).withNullable(false), Origin.OFFSET);
    static final Relation.Field KEY = field("_key", ColumnType.of(SqlType.VARBINARY), Origin.KEY);
    static final Relation.Field VALUE = field("_value", ColumnType.of(SqlType.VARBINARY), Origin.VALUE);
    static final Relation.Field REASON = field("_reason", ColumnType.of(SqlType.VARCHAR), Origin.REASON);
    static final Relation.Field WATERMARK = field("_watermark", ColumnType.of(SqlType.TIMESTAMP), Origin.WATERMARK);
    private static final Relation.Field HEADERS =
            field("_headers", ColumnType.map(ColumnType.of(SqlType.VARBINARY)), Origin.HEADERS);

    static final List<Relation.Field> ALL = List.of(KEY, OFFSET, PARTITION, TIMESTAMP, HEADERS, VALUE);

    static final Set<String> NAMES = Set.of("_key", "_offset", "_partition", "_timestamp", "_headers", "_value");

    private PseudoColumns() {}

    private static Relation.Field field(String name, ColumnType type, Origin origin) {
        return new Relation.Field(name, type, origin, List.of(), null);
    }
}
