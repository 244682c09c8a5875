package io.millrace.faults.load;

import io.millrace.faults.check.Violation.Kind;

/// A bug that is planted between clients and nodes, and what the checker must call it.
public enum Lie {
    /// Says that it is synced at once, and sends it a little later: what is in memory by then dies with a node.
    ACKNOWLEDGES_FROM_MEMORY(Kind.LOST),
    /// Says of what a node refused that it is synced.
    ACKNOWLEDGES_ERRORS(Kind.LOST),
    /// Answers some produce requests by itself and sends them nowhere.
    ACKNOWLEDGES_NOTHING(Kind.LOST),
    /// Sends every produce request without a key twice.
    SENDS_TWICE(Kind.DUPLICATED),
    /// Forgets idempotency keys, and now and then the first answer to a request.
    FORGETS_KEYS(Kind.DUPLICATED),
    /// Sends the lines of a body in the opposite order.
    REVERSES_LINES(Kind.REORDERED),
    /// Answers linearizable reads from what it heard long ago.
    ANSWERS_FROM_CACHE(Kind.STALE),
    /// Keeps what a node says of a write it could not make to itself for a while.
    ANSWERS_LATE(Kind.LATE),
    /// Says of some records that are written that they are not.
    DENIES(Kind.PHANTOM);

    private final Kind caughtAs;

    Lie(Kind caughtAs) {
        this.caughtAs = caughtAs;
    }

    public Kind caughtAs() {
        return caughtAs;
    }
}
