package io.millrace.query.sql;

import io.millrace.log.RecordReader;
import io.millrace.query.InputPort;
import io.millrace.query.QueryEngine.ParsedStatement;
import io.millrace.query.Session;
import io.millrace.query.SqlException;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.util.Litmus;

/// A front over a log that exists only by name, with definitions that CREATE adds to.
final class FrontFixture {
    /// 2026-01-02 03:04:05.678.
    static final long NOW_MS = 1_767_323_045_678L;

    final Map<String, String> definitions = new HashMap<>();
    final Map<String, List<ColumnInfo>> topics = new HashMap<>();
    final SqlFront front;
    List<Object> parameters = List.of();

    FrontFixture() {
        topics.put(
                "clicks",
                List.of(
                        new ColumnInfo("page", ColumnType.of(SqlType.VARCHAR)),
                        new ColumnInfo("ms", ColumnType.of(SqlType.BIGINT)),
                        new ColumnInfo("at", ColumnType.of(SqlType.TIMESTAMP)),
                        new ColumnInfo(
                                "who",
                                ColumnType.row(List.of(
                                        new ColumnInfo("name", ColumnType.of(SqlType.VARCHAR)),
                                        new ColumnInfo("age", ColumnType.of(SqlType.BIGINT)))))));
        topics.put("kv.users", List.of(new ColumnInfo("name", ColumnType.of(SqlType.VARCHAR))));
        topics.put("raw", List.of());
        front = new CalciteFront(
                (inputs, topic) -> topics.getOrDefault(topic.name(), List.of()), FrontFixture::check, () -> NOW_MS);
    }

    /// The types of a plan must survive every phase, whatever rules ran.
    private static void check(String phase, RelNode before, RelNode after) {
        if (!RelOptUtil.areRowTypesEqual(before.getRowType(), after.getRowType(), false)
                && !RelOptUtil.equal("before", before.getRowType(), "after", after.getRowType(), Litmus.IGNORE)) {
            throw new AssertionError("phase '" + phase + "' changed the row type from "
                    + before.getRowType().getFullTypeString() + " to "
                    + after.getRowType().getFullTypeString());
        }
    }

    Catalog catalog() {
        return new Catalog(definitions, new NamedTopics());
    }

    PlannedStatement plan(ParsedStatement statement) {
        return front.plan(
                statement, new Session(parameters, new HashMap<>(Map.of("on_error", "skip")), null, null), catalog());
    }

    PlannedStatement plan(String sql) {
        List<ParsedStatement> statements = front.parse(sql);
        PlannedStatement last = null;
        for (ParsedStatement statement : statements) {
            last = plan(statement);
            apply(last);
        }
        if (last == null) {
            throw new IllegalArgumentException("no statement in " + sql);
        }
        return last;
    }

    void apply(PlannedStatement planned) {
        switch (planned) {
            case PlannedStatement.Create create -> definitions.put(create.key(), create.text());
            case PlannedStatement.CreateQuery create ->
                definitions.put(create.create().key(), create.create().text());
            case PlannedStatement.Drop drop -> definitions.remove(String.valueOf(drop.key()));
            case PlannedStatement.Query query -> {}
            case PlannedStatement.Insert insert -> {}
            case PlannedStatement.Rows rows -> {}
            case PlannedStatement.ShowQueries show -> {}
            case PlannedStatement.Analyze analyze -> {}
            case PlannedStatement.SetOption option -> {}
            case PlannedStatement.Control control -> {}
        }
    }

    /// What planning the SQL gives, as scenario files write it.
    String describe(String sql) {
        try {
            return describe(plan(sql));
        } catch (SqlException problem) {
            return "error " + problem.code() + " at " + problem.line() + ":" + problem.column() + "\n"
                    + problem.getMessage() + (problem.hint() == null ? "" : "\nhint: " + problem.hint());
        }
    }

    static String describe(PlannedStatement planned) {
        return switch (planned) {
            case PlannedStatement.Query query -> query(query);
            case PlannedStatement.Create create ->
                create.message() + " " + create.key() + (create.exists() ? " (exists)" : "") + " topic "
                        + create.topic() + " x" + create.partitions() + (create.compacted() ? " compacted" : "") + "\n"
                        + create.text();
            case PlannedStatement.CreateQuery create ->
                describe(create.create()) + "\nkey "
                        + java.util.Arrays.stream(create.keyColumns())
                                .mapToObj(column -> create.query().schema().name(column))
                                .toList()
                        + (create.appendOnly() ? " append-only" : "") + "\n" + query(create.query());
            case PlannedStatement.Drop drop ->
                drop.message() + " " + drop.key() + (drop.missing() ? " (missing)" : "") + " query " + drop.queryId()
                        + " topic " + drop.topic();
            case PlannedStatement.Insert insert ->
                (insert.delete() ? "delete from " : "insert into ") + insert.topic() + " "
                        + insert.columns().columns() + " key "
                        + java.util.Arrays.toString(insert.keyColumns()) + "\n" + query(insert.query());
            case PlannedStatement.Rows rows -> rows(rows);
            case PlannedStatement.ShowQueries show -> "show queries";
            case PlannedStatement.Analyze analyze -> "analyze\n" + query(analyze.query());
            case PlannedStatement.SetOption option -> "set " + option.name() + " = '" + option.value() + "'";
            case PlannedStatement.Control control -> control.action() + " " + control.queryId();
        };
    }

    private static String query(PlannedStatement.Query query) {
        List<String> lines = new ArrayList<>();
        lines.add(query.schema().columns().stream()
                .map(column -> column.name() + " " + column.type())
                .toList()
                .toString());
        lines.addAll(Explain.plan(query));
        query.notices().forEach(notice -> lines.add("notice: " + notice));
        return String.join("\n", lines);
    }

    private static String rows(PlannedStatement.Rows rows) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows.rows().count(); i++) {
            List<String> values = new ArrayList<>();
            for (Object value : rows.rows().row(i)) {
                values.add(
                        value instanceof byte[] text
                                ? new String(text, StandardCharsets.UTF_8)
                                : String.valueOf(value));
            }
            lines.add(String.join(" | ", values).stripTrailing());
        }
        rows.notices().forEach(notice -> lines.add("notice: " + notice));
        return String.join("\n", lines);
    }

    /// Topics without records.
    private final class NamedTopics implements InputPort {
        @Override
        public Optional<InputTopic> topic(String name) {
            return topics.containsKey(name) ? Optional.of(new InputTopic(name, 1, 4)) : Optional.empty();
        }

        @Override
        public List<InputTopic> topics() {
            return topics.keySet().stream()
                    .sorted()
                    .map(name -> new InputTopic(name, 1, 4))
                    .toList();
        }

        @Override
        public RecordReader open(String topic, int partition, long fromOffset) {
            throw new UnsupportedOperationException("planning reads no records");
        }

        @Override
        public long earliestOffset(String topic, int partition) {
            return 0;
        }

        @Override
        public long endOffset(String topic, int partition) {
            return 10;
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
