package io.millrace.query.expression;

import java.util.Locale;
import java.util.TimeZone;
import org.apache.calcite.DataContext;
import org.apache.calcite.adapter.java.JavaTypeFactory;
import org.apache.calcite.linq4j.QueryProvider;
import org.apache.calcite.schema.SchemaPlus;
import org.jspecify.annotations.Nullable;

/// What Calcite's functions ask about their surroundings: UTC, no locale, one moment.
final class EvaluationContext implements DataContext {
    private final long nowMs;
    private final @Nullable Object @Nullable [] input;

    EvaluationContext(long nowMs) {
        this(nowMs, null);
    }

    private EvaluationContext(long nowMs, @Nullable Object @Nullable [] input) {
        this.nowMs = nowMs;
        this.input = input;
    }

    /// The same with a row for Calcite's executor.
    EvaluationContext withInput(@Nullable Object[] row) {
        return new EvaluationContext(nowMs, row);
    }

    @Override
    public @Nullable SchemaPlus getRootSchema() {
        return null;
    }

    @Override
    public JavaTypeFactory getTypeFactory() {
        return ExpressionTypes.FACTORY;
    }

    @Override
    public QueryProvider getQueryProvider() {
        throw new UnsupportedOperationException("expressions run no queries");
    }

    @Override
    public @Nullable Object get(String name) {
        if (name.equals(Variable.UTC_TIMESTAMP.camelName)
                || name.equals(Variable.CURRENT_TIMESTAMP.camelName)
                || name.equals(Variable.LOCAL_TIMESTAMP.camelName)) {
            return nowMs;
        }
        if (name.equals("inputRecord")) {
            return input;
        }
        if (name.equals(Variable.TIME_ZONE.camelName)) {
            return TimeZone.getTimeZone("UTC");
        }
        if (name.equals(Variable.LOCALE.camelName)) {
            return Locale.ROOT;
        }
        if (name.equals(Variable.USER.camelName) || name.equals(Variable.SYSTEM_USER.camelName)) {
            return "millrace";
        }
        return null;
    }
}
