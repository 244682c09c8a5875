package io.millrace.shell.demo;

import io.millrace.client.Frontier;
import io.millrace.client.MillraceClient;
import io.millrace.shell.print.LiveTable;
import io.millrace.shell.run.ChangeFeed;
import java.util.List;
import java.util.Optional;

/// One of the demo's queries and what it has answered so far.
///
/// Threading: one thread.
final class LiveQuery implements AutoCloseable {
    private final String title;
    private final ChangeFeed feed;
    private final LiveTable table;

    LiveQuery(MillraceClient client, String title, String sql, int rowsMax) {
        this.title = title;
        this.table = new LiveTable(System.nanoTime(), rowsMax);
        this.feed = ChangeFeed.of(client.sql().changes(sql));
    }

    String title() {
        return title;
    }

    LiveTable table() {
        return table;
    }

    /// Applies what has arrived, waiting up to `waitMs` for the first.
    ///
    /// @return whether anything came
    /// @throws IllegalStateException when the query ended or failed
    boolean update(long waitMs) throws InterruptedException {
        boolean any = false;
        long wait = waitMs;
        for (int count = 0; count < 1_000; count++) {
            Optional<ChangeFeed.Signal> signal = feed.poll(wait);
            if (signal.isEmpty()) {
                return any;
            }
            switch (signal.get()) {
                case ChangeFeed.Signal.Event event -> table.apply(event.event(), System.nanoTime());
                case ChangeFeed.Signal.Ended _ -> throw new IllegalStateException("The query '" + title + "' ended");
                case ChangeFeed.Signal.Failed failed -> throw failure(failed.cause());
            }
            any = true;
            wait = 0;
        }
        return true;
    }

    private static RuntimeException failure(Throwable cause) {
        return cause instanceof RuntimeException known ? known : new IllegalStateException(cause);
    }

    /// Whether everything the replay has sent is included.
    boolean covers(Replay replay) {
        Frontier frontier = table.frontier();
        List<Long> next = frontier.offsets().get(Replay.TOPIC);
        return next != null && replay.isCoveredBy(next);
    }

    @Override
    public void close() {
        feed.close();
    }
}
