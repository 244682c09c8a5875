package io.millrace.query.sql;

import io.millrace.query.data.ColumnType;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.calcite.sql.SqlNode;
import org.jspecify.annotations.Nullable;

/// Something that can stand in FROM, with what is known about it.
///
/// @param definition canonical text, empty for a bare topic
/// @param inferred columns were guessed from records
sealed interface Relation {
    String name();

    Kind kind();

    /// What `SELECT *` gives, in order.
    List<Field> fields();

    String definition();

    enum Kind {
        STREAM("stream"),
        TABLE("table"),
        VIEW("view"),
        MATERIALIZED_VIEW("materialized view"),
        TOPIC("topic");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        String word() {
            return word;
        }
    }

    /// @param computed the expression of a computed column, over the others; null when the record holds it
    record Field(
            String name,
            ColumnType type,
            SourceSpec.Origin origin,
            List<String> path,
            @Nullable SqlNode computed) {
        boolean isComputed() {
            return computed != null;
        }
    }

    /// A delay behind the largest value of a time column.
    record Watermark(String column, long delayMs) {}

    /// Read from a topic.
    ///
    /// @param hidden columns that `SELECT *` leaves out
    /// @param key names of the primary key's columns, empty for a stream
    /// @param declared what decides whether a record can be decoded: for rows set aside, the fields of the stream
    ///     they were set aside from
    /// @param writer the query that writes it, null when others do
    record Stored(
            String name,
            Kind kind,
            List<Field> fields,
            List<Field> hidden,
            String topic,
            SourceSpec.Format format,
            Map<String, String> options,
            @Nullable Watermark watermark,
            SourceSpec.Side side,
            List<String> key,
            boolean inferred,
            List<Field> declared,
            boolean appendOnly,
            @Nullable SqlNode writer,
            String definition)
            implements Relation {
        Optional<Field> field(String wanted) {
            for (List<Field> list : List.of(fields, hidden)) {
                for (Field field : list) {
                    if (field.name().equals(wanted)) {
                        return Optional.of(field);
                    }
                }
            }
            return Optional.empty();
        }
    }

    /// The rows that a query leaves out because they cannot be evaluated: `v$bad` of a view or of what a query
    /// writes. Computed from the log like the query's answer, and stored nowhere.
    ///
    /// @param definition of the query
    /// @param scope where the names in the query are looked up
    record Failing(String name, Relations scope, String definition) implements Relation {
        @Override
        public Kind kind() {
            return Kind.STREAM;
        }

        @Override
        public List<Field> fields() {
            return PlanNode.FAILED.columns().stream()
                    .map(column -> new Field(column.name(), column.type(), SourceSpec.Origin.FIELD, List.of(), null))
                    .toList();
        }
    }

    /// A name for a query.
    ///
    /// @param scope where the names in the query are looked up: with what the definition pins
    record View(String name, List<Field> fields, SqlNode query, Relations scope, String definition)
            implements Relation {
        @Override
        public Kind kind() {
            return Kind.VIEW;
        }
    }
}
