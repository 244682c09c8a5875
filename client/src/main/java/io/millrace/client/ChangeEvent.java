package io.millrace.client;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One message of a continuous query: [Columns] first, then [Changes] and [Progress] as they come.
public sealed interface ChangeEvent {

    /// What the rows of the following [Changes] mean.
    record Columns(List<Column> columns) implements ChangeEvent {
        public Columns {
            columns = List.copyOf(columns);
        }
    }

    /// The step from the frontier before to `frontier`, whole.
    record Changes(List<Change> changes, Frontier frontier) implements ChangeEvent {
        public Changes {
            changes = List.copyOf(changes);
        }
    }

    /// Nothing changed up to `frontier`; `watermark` says up to when windows are complete, where the query has
    /// event time.
    record Progress(Frontier frontier, Optional<String> watermark) implements ChangeEvent {}

    /// A row that appeared `weight` times, or disappeared where the weight is negative.
    ///
    /// @param row cells as in [SqlResult]
    record Change(long weight, List<@Nullable Object> row) {
        public Change {
            row = Collections.unmodifiableList(row);
        }
    }
}
