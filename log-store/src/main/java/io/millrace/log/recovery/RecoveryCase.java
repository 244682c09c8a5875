package io.millrace.log.recovery;

/// Everything that can be met when a log is opened, by label. Code, messages and tests use the labels; the
/// table with the reasons stands at [Recovery].
public enum RecoveryCase {
    CLEAN_END(Action.KEEP),
    EMPTY_LAST_SEGMENT(Action.KEEP),
    TORN_TAIL(Action.CUT),
    ZEROS_AT_TAIL(Action.CUT),
    BEHIND_MANIFEST(Action.CUT),
    INDEX_REBUILT(Action.REPAIR),
    ORPHAN_INDEX(Action.REPAIR),
    BELOW_EARLIEST(Action.REPAIR),
    LEADING_SEGMENTS_GONE(Action.KEEP),
    ZEROS_THEN_GOOD_BATCHES(Action.REFUSE),
    BAD_BATCH_THEN_GOOD_BATCHES(Action.REFUSE),
    OFFSETS_NOT_CONTIGUOUS(Action.REFUSE),
    MISSING_SEGMENT(Action.REFUSE),
    FOREIGN_FILE(Action.REFUSE),
    SHORTER_THAN_MANIFEST(Action.REFUSE),
    BAD_BATCH_BEFORE_MANIFEST(Action.REFUSE),
    MANIFEST_MISMATCH(Action.REFUSE);

    /// What is done about a case.
    public enum Action {
        /// Nothing; the log is used as it is.
        KEEP,
        /// Bytes that were never acknowledged are removed.
        CUT,
        /// Files that say nothing of their own are rebuilt or removed.
        REPAIR,
        /// The log is not opened, and nothing in it is changed.
        REFUSE
    }

    private final Action action;

    RecoveryCase(Action action) {
        this.action = action;
    }

    public Action action() {
        return action;
    }
}
