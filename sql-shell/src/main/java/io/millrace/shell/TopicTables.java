package io.millrace.shell;

import io.millrace.client.Column;
import io.millrace.client.Frontier;
import io.millrace.client.SqlResult;
import io.millrace.client.TopicAdmin;
import io.millrace.client.TopicDescription;
import io.millrace.client.TopicDescription.PartitionDescription;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Topics as results, so that they print in every format.
public final class TopicTables {
    private TopicTables() {}

    public static SqlResult list(TopicAdmin topics) {
        List<List<@Nullable Object>> rows = new ArrayList<>();
        for (String topic : topics.list()) {
            rows.add(row(topic));
        }
        return result(List.of(new Column("topic", "VARCHAR")), rows);
    }

    public static SqlResult describe(TopicDescription topic) {
        List<Column> columns = List.of(
                new Column("partition", "INTEGER"),
                new Column("leader", "VARCHAR"),
                new Column("replicas", "VARCHAR"),
                new Column("earliest", "BIGINT"),
                new Column("next", "BIGINT"),
                new Column("high_watermark", "BIGINT"),
                new Column("bytes", "BIGINT"));
        List<List<@Nullable Object>> rows = new ArrayList<>();
        for (PartitionDescription partition : topic.partitions()) {
            rows.add(row(
                    (long) partition.partition(),
                    partition.leader().isEmpty() ? null : partition.leader(),
                    String.join(", ", partition.replicas()),
                    known(partition.earliestOffset()),
                    known(partition.nextOffset()),
                    known(partition.highWatermark()),
                    known(partition.sizeBytes())));
        }
        return result(columns, rows);
    }

    private static @Nullable Object known(long number) {
        return number < 0 ? null : number;
    }

    private static List<@Nullable Object> row(@Nullable Object... cells) {
        return Arrays.asList(cells);
    }

    private static SqlResult result(List<Column> columns, List<List<@Nullable Object>> rows) {
        return new SqlResult(columns, rows, Frontier.EMPTY, Optional.empty(), 0);
    }
}
