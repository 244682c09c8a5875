package io.millrace.faults.check;

/// A broken promise.
///
/// @param place where to look: a record's name, a partition and an offset
public record Violation(Kind kind, String place, String message) {
    /// The columns of the table of faults.
    public enum Kind {
        /// An acknowledged record, or one that somebody has read, is nowhere.
        LOST,
        /// A record is there more than once.
        DUPLICATED,
        /// A record is not where its acknowledgement said, or behind one that its producer sent later.
        REORDERED,
        /// Two nodes, or two times, differ about an offset.
        DIVERGED,
        /// A record that nobody sent, or whose every attempt was refused.
        PHANTOM,
        /// A linearizable read missed what was acknowledged before it began.
        STALE,
        /// A node acknowledged although it could not reach a majority.
        UNSAFE,
        /// A node that was alone did not say 503 or 504, or not in time.
        LATE
    }

    @Override
    public String toString() {
        return kind.name().toLowerCase(java.util.Locale.ROOT) + ": " + place + ": " + message;
    }
}
