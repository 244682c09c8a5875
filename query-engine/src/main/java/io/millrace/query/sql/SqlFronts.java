package io.millrace.query.sql;

/// Makes the front.
public final class SqlFronts {
    private SqlFronts() {}

    public static SqlFront create() {
        return create(new SampledInference());
    }

    static SqlFront create(ColumnInference inference) {
        return new CalciteFront(inference, Optimizer.Witness.NONE, System::currentTimeMillis);
    }
}
