package io.millrace.query.operator;

import io.millrace.query.data.Schema;
import io.millrace.query.expression.CompiledCalc;
import java.util.List;

/// Filter and projection: linear, `Δout = calc(Δin)`. No state.
public final class CalcOperator extends Operator {
    private final CompiledCalc calc;
    private final CompiledCalc.Failures failures;

    public CalcOperator(Schema schema, Operator input, CompiledCalc calc, CompiledCalc.Failures failures) {
        super(schema, List.of(input));
        this.calc = calc;
        this.failures = failures;
    }

    @Override
    void step(StepContext context) {
        if (input().count() > 0) {
            calc.apply(input(), owned, failures);
        }
    }
}
