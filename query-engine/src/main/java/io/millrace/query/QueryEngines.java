package io.millrace.query;

import io.millrace.query.sql.SqlFronts;
import io.millrace.query.worker.Engine;
import org.jspecify.annotations.Nullable;

/// Makes query engines.
public final class QueryEngines {
    private QueryEngines() {}

    /// An engine over these ports that keeps no checkpoints; persistent queries that the catalogue knows start at
    /// once, in the background.
    public static QueryEngine open(
            EngineSettings settings, InputPort inputs, OutputPort outputs, CatalogPort definitions) {
        return open(settings, inputs, outputs, definitions, null);
    }

    /// @param checkpoints null to keep none
    public static QueryEngine open(
            EngineSettings settings,
            InputPort inputs,
            OutputPort outputs,
            CatalogPort definitions,
            @Nullable CheckpointFolder checkpoints) {
        Engine engine = new Engine(settings, SqlFronts.create(), inputs, outputs, definitions, checkpoints);
        engine.start();
        return engine;
    }
}
