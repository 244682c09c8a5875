package io.millrace.query;

/// @param stepRowsMax records that one step reads of all its inputs together
/// @param stepPauseMs shortest time between two steps of a query that has caught up; lets records gather
/// @param queriesMax statements that run at the same time
/// @param stateBytesMax state that one query may keep
/// @param idleTimeoutMs time after which a partition that brings nothing is marked as idle
/// @param resultRowsMax rows that a query that ends may hold before they are delivered
public record EngineSettings(
        int stepRowsMax, long stepPauseMs, int queriesMax, long stateBytesMax, long idleTimeoutMs, long resultRowsMax) {
    public static final EngineSettings DEFAULT = new EngineSettings(32_768, 2, 64, 512L << 20, 1000, 10_000_000);
}
