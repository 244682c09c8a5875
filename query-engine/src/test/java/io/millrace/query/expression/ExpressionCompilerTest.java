package io.millrace.query.expression;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.CalcProgram;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ExpressionCompilerTest {
    private static final Schema TABLE = Schema.of(
            new ColumnInfo("a", ColumnType.of(SqlType.BIGINT)),
            new ColumnInfo("b", ColumnType.of(SqlType.INTEGER)),
            new ColumnInfo("s", ColumnType.of(SqlType.VARCHAR)));

    private final List<String> failures = new ArrayList<>();

    private Batch run(String select, String where, @Nullable Object... values) {
        CalcProgram program = SqlExpressions.program(TABLE, select, where);
        Batch input = new Batch(TABLE);
        for (int i = 0; i < values.length; i += 3) {
            input.appendValues(Arrays.asList(boxed(values[i]), boxed(values[i + 1]), boxed(values[i + 2])), 1);
        }
        Batch output = new Batch(program.output());
        ExpressionCompiler.compile(program)
                .apply(input, output, (batch, row, reason) -> failures.add(row + ": " + reason));
        return output;
    }

    private static @Nullable Object boxed(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case Integer number -> number.longValue();
            case String text -> text.getBytes(StandardCharsets.UTF_8);
            default -> value;
        };
    }

    private static List<@Nullable Object> readable(Batch batch, int row) {
        List<@Nullable Object> values = new ArrayList<>();
        for (Object value : batch.row(row)) {
            values.add(value instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : value);
        }
        return values;
    }

    @Test
    void rowsThatFailAreReportedAndTheOthersComeThroughInOrder() {
        Batch output = run("a, 10 / a, s || '!', b + 1", "", 1, 1, "x", 0, 2, "y", 2, null, null, 3, 2147483647, "z");

        assertThat(failures).containsExactly("1: division by zero", "3: INTEGER out of range");
        assertThat(output.count()).isEqualTo(2);
        assertThat(readable(output, 0)).containsExactly(1L, 10L, "x!", 2L);
        assertThat(readable(output, 1)).containsExactly(2L, 5L, null, null);
    }

    @Test
    void castsOfTextSayWhatCouldNotBeCast() {
        run("cast(s as integer)", "", 1, 1, "abc", 2, 2, "99999999999", 3, 3, " 12 ");

        assertThat(failures).containsExactly("0: cannot cast 'abc' to INTEGER", "1: INTEGER out of range");
    }

    @Test
    void conditionsKeepOnlyRowsWhereTheyAreTrue() {
        Batch output = run(
                "a",
                "s in ('x', 'y', 'z', 'q') and (a > 1 or b is null)",
                1,
                1,
                "x",
                2,
                2,
                "y",
                1,
                null,
                "z",
                5,
                5,
                "n");

        assertThat(output.count()).isEqualTo(2);
        assertThat(readable(output, 0)).containsExactly(2L);
        assertThat(readable(output, 1)).containsExactly(1L);
    }

    @Test
    void functionsOfTheLibraryRun() {
        Batch output = run(
                "upper(s), substring(s from 2 for 2), case when a > 1 then 'big' else s end, s like 'h%o', coalesce(s, 'none')",
                "", 1, 1, "hello", 2, 2, null);

        assertThat(readable(output, 0)).containsExactly("HELLO", "el", "hello", 1L, "hello");
        assertThat(readable(output, 1)).containsExactly(null, null, "big", null, "none");
    }
}
