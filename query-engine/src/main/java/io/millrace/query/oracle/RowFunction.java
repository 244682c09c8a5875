package io.millrace.query.oracle;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A calc program over one boxed row.
public interface RowFunction {
    /// The projected row; null when the condition is not true or the evaluation fails.
    @Nullable
    List<@Nullable Object> apply(List<@Nullable Object> row);

    /// Why the evaluation fails; null when it does not.
    default @Nullable String failure(List<@Nullable Object> row) {
        return null;
    }
}
