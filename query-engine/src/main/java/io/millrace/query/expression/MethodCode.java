package io.millrace.query.expression;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// One method of generated code while it is written: its statements, the columns it reads, and what it has
/// computed already in the scope that is open and in those around it.
final class MethodCode {
    private final StringBuilder text = new StringBuilder();
    private final SortedSet<Integer> columns = new TreeSet<>();
    private final Deque<Scope> scopes = new ArrayDeque<>();

    MethodCode() {
        open();
    }

    private static final class Scope {
        final Map<Integer, ValueCode> computed = new HashMap<>();
        final List<Integer> order = new ArrayList<>();
    }

    /// A point to go back to while the same scope is open.
    record Mark(int length, int computed) {}

    StringBuilder text() {
        return text;
    }

    /// Input columns that it reads.
    SortedSet<Integer> columns() {
        return columns;
    }

    void open() {
        scopes.push(new Scope());
    }

    void close() {
        scopes.pop();
    }

    /// The value of a shared expression, if it is computed wherever control has come from.
    @Nullable
    ValueCode computed(int expression) {
        for (Scope scope : scopes) {
            ValueCode value = scope.computed.get(expression);
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    void remember(int expression, ValueCode value) {
        Scope scope = scopes.element();
        scope.computed.put(expression, value);
        scope.order.add(expression);
    }

    Mark mark() {
        return new Mark(text.length(), scopes.element().order.size());
    }

    /// Drops what has been written and computed since.
    void backTo(Mark mark) {
        text.setLength(mark.length);
        Scope scope = scopes.element();
        while (scope.order.size() > mark.computed) {
            scope.computed.remove(scope.order.removeLast());
        }
    }
}
