package io.millrace.query.expression;

import io.millrace.query.plan.CalcProgram;
import java.lang.reflect.Method;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.calcite.DataContext;
import org.apache.calcite.rex.RexLocalRef;
import org.codehaus.commons.compiler.CompileException;
import org.codehaus.janino.ClassBodyEvaluator;

/// Makes programs executable: columns that are only moved are copied, everything else becomes one generated
/// class.
///
/// Classes are cached by their text (literals of text, decimals and patterns are not part of it), so that the
/// same query with other constants is not compiled again. Thread-safe.
public final class ExpressionCompiler {
    private static final int CACHED_CLASSES_MAX = 256;

    private static final Map<String, Class<?>> CLASSES =
            Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Class<?>> eldest) {
                    return size() > CACHED_CLASSES_MAX;
                }
            });

    private ExpressionCompiler() {}

    /// Compiles a program; CURRENT_TIMESTAMP and its kin mean now.
    ///
    /// @throws UnsupportedExpressionException when there is no way to evaluate one of its expressions
    public static CompiledCalc compile(CalcProgram program) {
        return compile(program, System.currentTimeMillis());
    }

    /// Compiles a program.
    ///
    /// @param nowMs what CURRENT_TIMESTAMP and its kin mean, the same for every row
    public static CompiledCalc compile(CalcProgram program, long nowMs) {
        CompiledCalc copy = copyOnly(program);
        if (copy != null) {
            return copy;
        }
        CalcWriter.Written written = new CalcWriter(program).write();
        Class<?> generated = CLASSES.get(written.classBody());
        try {
            if (generated == null) {
                generated = load(written.classBody());
                CLASSES.put(written.classBody(), generated);
            }
            GeneratedCalc calc =
                    (GeneratedCalc) generated.getDeclaredConstructor().newInstance();
            Method prepare = generated.getMethod("prepare", Object[].class, DataContext.class);
            prepare.invoke(calc, written.constants(), new EvaluationContext(nowMs));
            return calc.withCopies(written.copies(), !written.hasCondition());
        } catch (CompileException | ReflectiveOperationException e) {
            throw new UnsupportedExpressionException(
                    "generated code does not compile: " + e.getMessage() + "\n" + written.classBody(), e);
        }
    }

    private static Class<?> load(String classBody) throws CompileException {
        return cook(classBody).getClazz();
    }

    /// The compiled classes of a generated text by name, for tests of their size.
    static Map<String, byte[]> bytecodes(String classBody) throws CompileException {
        return cook(classBody).getBytecodes();
    }

    private static ClassBodyEvaluator cook(String classBody) throws CompileException {
        ClassBodyEvaluator evaluator = new ClassBodyEvaluator();
        evaluator.setParentClassLoader(ExpressionCompiler.class.getClassLoader());
        evaluator.setClassName("io.millrace.query.expression.generated.Calc");
        evaluator.setExtendedClass(GeneratedCalc.class);
        evaluator.cook(classBody);
        return evaluator;
    }

    private static @org.jspecify.annotations.Nullable CompiledCalc copyOnly(CalcProgram program) {
        if (program.rex().getCondition() != null) {
            return null;
        }
        List<RexLocalRef> projects = program.rex().getProjectList();
        int[] columns = new int[projects.size()];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = Nodes.inputOf(program, projects.get(i));
            if (columns[i] < 0
                    || program.input().type(columns[i]).type().storage()
                            != program.output().type(i).type().storage()) {
                return null;
            }
        }
        return new CopyCalc(columns);
    }
}
