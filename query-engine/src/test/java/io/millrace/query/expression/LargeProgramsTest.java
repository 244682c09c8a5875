package io.millrace.query.expression;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.CalcProgram;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// However large a program is, its methods stay below 8000 bytecodes, beyond which HotSpot only interprets
/// them.
class LargeProgramsTest {
    private static final Schema TABLE = Schema.of(
            new ColumnInfo("big", ColumnType.of(SqlType.BIGINT)),
            new ColumnInfo("num", ColumnType.of(SqlType.INTEGER)),
            new ColumnInfo("txt", ColumnType.of(SqlType.VARCHAR)));

    static Stream<Arguments> programs() {
        return Stream.of(
                Arguments.of(
                        "300 outputs",
                        list(300, ", ", i -> "case when num > " + i + " then big + num * " + i + " else -big end"),
                        ""),
                Arguments.of("300 texts", list(300, ", ", i -> "upper(txt) || '" + i + "'"), ""),
                Arguments.of(
                        "CASE of 400",
                        "case " + list(400, " ", i -> "when num = " + i + " then big + " + i) + " end",
                        ""),
                Arguments.of(
                        "CASE of 200 texts",
                        "case " + list(200, " ", i -> "when txt = 't" + i + "' then 'x" + i + "'") + " else txt end",
                        ""),
                Arguments.of("sum of 400", list(400, " + ", i -> "(big + " + i + ")"), ""),
                Arguments.of("OR of 150", "num", list(150, " or ", i -> "big = " + (i * 3) + " and num > " + i)),
                Arguments.of(
                        "AND of 150", "num", list(150, " and ", i -> "(big <> " + (i * 7 + 1000) + " or num is null)")),
                Arguments.of("IN of 1000", "num", "big in (" + list(1000, ", ", i -> Integer.toString(i * 5)) + ")"));
    }

    private static String list(int count, String separator, java.util.function.IntFunction<String> item) {
        return IntStream.range(0, count).mapToObj(item).collect(Collectors.joining(separator));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("programs")
    void methodsStaySmallAndResultsRight(String name, String select, String where) throws Exception {
        CalcProgram program = SqlExpressions.program(TABLE, select, where);

        for (byte[] bytes : ExpressionCompiler.bytecodes(
                        new CalcWriter(program).write().classBody())
                .values()) {
            for (MethodModel method : ClassFile.of().parse(bytes).methods()) {
                if (method.methodName().equalsString("prepare")) {
                    continue; // runs once
                }
                method.findAttribute(java.lang.classfile.Attributes.code())
                        .ifPresent(code -> assertThat(code.codeLength())
                                .as("%s: %s", name, method.methodName().stringValue())
                                .isLessThan(8_000));
            }
        }
        Batch input = new Batch(TABLE);
        for (long i = 0; i < 60; i++) {
            Object text = ("t" + i * 5).getBytes(StandardCharsets.UTF_8);
            input.appendValues(Arrays.asList(i % 7 == 0 ? null : i * 5, i % 11 == 0 ? null : i * 9, text), 1);
        }
        Batch output = new Batch(program.output());
        ExpressionCompiler.compile(program).apply(input, output, (batch, row, reason) -> {
            throw new AssertionError(reason);
        });
        var interpreter = RowInterpreter.of(program);
        int at = 0;
        for (int row = 0; row < input.count(); row++) {
            if (interpreter.apply(input.row(row)) instanceof RowInterpreter.Result.Passed(var values)) {
                assertThat(readable(output.row(at++)))
                        .as("%s row %d", name, row)
                        .isEqualTo(readable(values));
            }
        }
        assertThat(output.count()).isEqualTo(at);
    }

    private static String readable(List<?> values) {
        return values.stream()
                .map(value -> value instanceof byte[] bytes
                        ? new String(bytes, StandardCharsets.UTF_8)
                        : String.valueOf(value))
                .toList()
                .toString();
    }
}
