package io.millrace.query.sql;

import io.millrace.query.InputPort;
import io.millrace.query.QueryEngine.ParsedStatement;
import io.millrace.query.Session;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Plans a few statements of every kind, so that the first real one does not wait for thousands of classes.
final class WarmUp {
    private static final Catalog CATALOG = new Catalog(
            Map.of(
                    "warm_up",
                    "CREATE STREAM warm_up (k VARCHAR, v BIGINT, ts TIMESTAMP(3),"
                            + " WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)"),
            new NoTopics());
    private static final List<String> STATEMENTS = List.of(
            "SELECT k, v * 2 FROM warm_up WHERE v > 10 AND k LIKE 'a%' EMIT CHANGES",
            "SELECT window_end, k, COUNT(*), SUM(v), AVG(v) FROM TABLE(TUMBLE(TABLE warm_up, DESCRIPTOR(ts),"
                    + " INTERVAL '1' MINUTE)) GROUP BY window_end, k EMIT FINAL",
            "SELECT a.k FROM warm_up a LEFT JOIN warm_up b ON a.k = b.k AND a.ts BETWEEN b.ts - INTERVAL '1' MINUTE"
                    + " AND b.ts WHERE a.k IN (SELECT k FROM warm_up)");

    private WarmUp() {}

    static void run(SqlFront front) {
        for (String sql : STATEMENTS) {
            for (ParsedStatement statement : front.parse(sql)) {
                PlannedStatement planned = front.plan(statement, Session.create(), CATALOG);
                if (!(planned instanceof PlannedStatement.Query)) {
                    throw new IllegalStateException("a SELECT was planned as " + planned);
                }
            }
        }
    }

    /// A log without topics.
    private static final class NoTopics implements InputPort {
        @Override
        public Optional<InputTopic> topic(String name) {
            return Optional.empty();
        }

        @Override
        public List<InputTopic> topics() {
            return List.of();
        }

        @Override
        public io.millrace.log.RecordReader open(String topic, int partition, long fromOffset) {
            throw new IllegalArgumentException("there is no topic " + topic);
        }

        @Override
        public long earliestOffset(String topic, int partition) {
            return 0;
        }

        @Override
        public long endOffset(String topic, int partition) {
            return 0;
        }

        @Override
        public long offsetAtTime(String topic, int partition, long timestampMs) {
            return 0;
        }

        @Override
        public AutoCloseable onChange(Runnable listener) {
            return () -> {};
        }
    }
}
