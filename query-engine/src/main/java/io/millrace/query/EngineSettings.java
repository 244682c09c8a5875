package io.millrace.query;

/// @param stepRowsMax records that one step reads of all its inputs together
/// @param stepPauseMs shortest time between two steps of a query that has caught up; lets records gather
/// @param queriesMax statements that run at the same time
/// @param stateBytesMax state that one query may keep
/// @param idleTimeoutMs time after which a partition that brings nothing is marked as idle
/// @param resultRowsMax rows that a query that ends may hold before they are delivered
/// @param checkpointIntervalMs time between two checkpoints of a persistent query; longer when they take long
public record EngineSettings(
        int stepRowsMax,
        long stepPauseMs,
        int queriesMax,
        long stateBytesMax,
        long idleTimeoutMs,
        long resultRowsMax,
        long checkpointIntervalMs) {
    public static final EngineSettings DEFAULT =
            new EngineSettings(32_768, 2, 64, 512L << 20, 1000, 10_000_000, 30_000);

    /// With the default interval of checkpoints.
    public EngineSettings(
            int stepRowsMax,
            long stepPauseMs,
            int queriesMax,
            long stateBytesMax,
            long idleTimeoutMs,
            long resultRowsMax) {
        this(stepRowsMax, stepPauseMs, queriesMax, stateBytesMax, idleTimeoutMs, resultRowsMax, 30_000);
    }
}
