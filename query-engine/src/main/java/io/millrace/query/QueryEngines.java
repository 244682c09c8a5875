package io.millrace.query;

import io.millrace.query.sql.SqlFronts;
import io.millrace.query.worker.Engine;

/// Makes query engines.
public final class QueryEngines {
    private QueryEngines() {}

    /// An engine over these ports; persistent queries that the catalogue knows start at once, in the
    /// background.
    public static QueryEngine open(
            EngineSettings settings, InputPort inputs, OutputPort outputs, CatalogPort definitions) {
        Engine engine = new Engine(settings, SqlFronts.create(), inputs, outputs, definitions);
        engine.start();
        return engine;
    }
}
