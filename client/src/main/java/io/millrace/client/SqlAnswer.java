package io.millrace.client;

import java.util.concurrent.Flow;

/// What a statement turned out to be, for callers that cannot know beforehand.
public sealed interface SqlAnswer {

    /// It ended, and this is its answer.
    record Complete(SqlResult result) implements SqlAnswer {}

    /// It goes on. The connection is open: subscribe (once), and cancel the subscription to end the query.
    record Continuous(Flow.Publisher<ChangeEvent> changes) implements SqlAnswer {}
}
