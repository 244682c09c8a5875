package io.millrace.replication.simulation;

import org.jspecify.annotations.Nullable;

/// Something happened that must never happen.
final class Violation extends AssertionError {
    private static final long serialVersionUID = 1;

    private final Invariant invariant;

    Violation(Invariant invariant, String what, @Nullable Object... arguments) {
        super(invariant + ": " + what.formatted(arguments));
        this.invariant = invariant;
    }

    Violation(Invariant invariant, Throwable cause, String what) {
        super(invariant + ": " + what, cause);
        this.invariant = invariant;
    }

    Invariant invariant() {
        return invariant;
    }
}
