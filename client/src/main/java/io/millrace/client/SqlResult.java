package io.millrace.client;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The whole answer of a statement that ends.
///
/// Cells are [String], [Boolean], [Long], [java.math.BigInteger], [java.math.BigDecimal], [List],
/// [java.util.Map] or null. Integers and decimals keep every digit; dates and times are text in ISO or SQL
/// form; binary is base64 text.
///
/// @param columns empty for statements without rows, such as `CREATE STREAM`
/// @param message what the server says about it, for instance that columns were inferred
/// @param elapsedMs time on the server
public record SqlResult(
        List<Column> columns,
        List<List<@Nullable Object>> rows,
        Frontier frontier,
        Optional<String> message,
        double elapsedMs) {
    public SqlResult {
        columns = List.copyOf(columns);
        List<List<@Nullable Object>> copy = new ArrayList<>(rows.size());
        for (List<@Nullable Object> row : rows) {
            copy.add(Collections.unmodifiableList(row)); // cells may be null, so List.copyOf will not do
        }
        rows = Collections.unmodifiableList(copy);
    }
}
