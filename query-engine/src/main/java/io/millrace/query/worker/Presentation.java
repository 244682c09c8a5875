package io.millrace.query.worker;

import io.millrace.query.data.Batch;
import io.millrace.query.plan.PlanNode.SortKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// ORDER BY, OFFSET and LIMIT of a query that ends, applied to its complete answer.
final class Presentation {
    private static final int ROWS_A_BATCH = 4096;

    private Presentation() {}

    /// Cuts `answer` (rows with weights) into batches in order. Without ORDER BY the order is that of arrival.
    ///
    /// @param fetch −1 for all
    static List<Batch> arrange(Batch answer, List<SortKey> order, long offset, long fetch) {
        Integer[] rows = rowsOf(answer);
        if (!order.isEmpty()) {
            java.util.Arrays.sort(rows, comparator(answer, order));
        }
        List<Batch> batches = new ArrayList<>();
        Batch batch = new Batch(answer.schema());
        long skip = offset;
        long left = fetch < 0 ? Long.MAX_VALUE : fetch;
        for (Integer row : rows) {
            long copies = answer.weight(row);
            long skipped = Math.min(skip, copies);
            skip -= skipped;
            copies = Math.min(copies - skipped, left);
            left -= copies;
            if (copies > 0) {
                batch.appendRow(answer, row, copies);
            }
            if (batch.count() == ROWS_A_BATCH) {
                batches.add(batch);
                batch = new Batch(answer.schema());
            }
            if (left == 0) {
                break;
            }
        }
        if (batch.count() > 0) {
            batches.add(batch);
        }
        return batches;
    }

    private static Integer[] rowsOf(Batch answer) {
        List<Integer> rows = new ArrayList<>(answer.count());
        for (int row = 0; row < answer.count(); row++) {
            if (answer.weight(row) > 0) {
                rows.add(row);
            }
        }
        return rows.toArray(Integer[]::new);
    }

    /// Equal keys keep the order of arrival.
    private static Comparator<Integer> comparator(Batch answer, List<SortKey> order) {
        return (left, right) -> {
            for (SortKey key : order) {
                var column = answer.column(key.column());
                boolean leftNull = column.isNull(left);
                boolean rightNull = column.isNull(right);
                int result;
                if (leftNull || rightNull) {
                    result = Boolean.compare(leftNull, rightNull) * (key.nullsFirst() ? -1 : 1);
                } else {
                    result = column.compare(left, column, right) * (key.descending() ? -1 : 1);
                }
                if (result != 0) {
                    return result;
                }
            }
            return 0;
        };
    }
}
