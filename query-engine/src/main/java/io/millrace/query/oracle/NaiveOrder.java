package io.millrace.query.oracle;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// SQL's order of boxed values, nulls last.
final class NaiveOrder {
    private NaiveOrder() {}

    static int compare(@Nullable Object a, @Nullable Object b) {
        if (a == null || b == null) {
            return a == b ? 0 : a == null ? 1 : -1;
        }
        return switch (a) {
            case Long x -> x.compareTo((Long) b);
            case Double x -> Double.valueOf(x + 0.0).compareTo((Double) b + 0.0);
            case BigDecimal x -> x.compareTo((BigDecimal) b);
            case byte[] x -> Arrays.compareUnsigned(x, (byte[]) b);
            case List<?> x -> {
                List<?> y = (List<?>) b;
                for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
                    int order = compare(x.get(i), y.get(i));
                    if (order != 0) {
                        yield order;
                    }
                }
                yield Integer.compare(x.size(), y.size());
            }
            default -> throw new IllegalArgumentException("no order for " + a.getClass());
        };
    }
}
