package io.millrace.shell.demo;

import io.millrace.client.JsonText;
import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import io.millrace.client.Producer;
import io.millrace.client.ProducerSettings;
import io.millrace.client.SqlResult;
import io.millrace.client.TopicSpec;
import io.millrace.shell.parse.Statement;
import io.millrace.shell.parse.StatementSplitter;
import io.millrace.shell.print.Borders;
import io.millrace.shell.print.OutputFormat;
import io.millrace.shell.print.Palette;
import io.millrace.shell.print.PrintSettings;
import io.millrace.shell.print.ResultPrinter;
import io.millrace.shell.terminal.JLineTerminal;
import io.millrace.shell.terminal.ShellTerminal;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// Starts a node, tells it what flights and airports are, replays the flights and watches two continuous
/// queries.
public final class Demo {
    private static final int PARTITIONS = 4;
    private static final int INSERT_ROWS_MAX = 500;
    private static final int SHOWN_ROWS_MAX = 10;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Optional<URI> url;
    private final Optional<String> launcher;
    private final int perSecond;
    private final List<Flight> flights;
    private final List<Airport> airports;

    /// @param url a node to use, or empty to start one
    /// @param launcher the script that starts one
    /// @param events how many flights at most
    /// @param perSecond 0 for as fast as possible
    public Demo(Optional<URI> url, Optional<String> launcher, int events, int perSecond) {
        this.url = url;
        this.launcher = launcher;
        this.perSecond = perSecond;
        List<Flight> all = Flight.load();
        this.flights = List.copyOf(all.subList(0, Math.min(events, all.size())));
        this.airports = Airport.load();
    }

    /// Prints results of both queries as text and compares all of them with [Recomputation].
    ///
    /// @return an exit code: 0 only when every result is there and right
    public int headless(PrintWriter out, PrintWriter progress, Borders borders)
            throws IOException, InterruptedException {
        try (Stage stage = open(progress)) {
            return headless(stage, out, borders);
        }
    }

    private int headless(Stage stage, PrintWriter out, Borders borders) throws InterruptedException {
        long start = System.nanoTime();
        Thread replaying = Thread.ofVirtual().name("millrace-demo-replay").start(stage.replay);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!(stage.replay.isFinished() && stage.queries.stream().allMatch(query -> query.covers(stage.replay)))) {
            boolean any = false;
            for (LiveQuery query : stage.queries) {
                any |= query.update(10);
            }
            throwIfFailed(stage);
            if (any) {
                deadline = System.nanoTime() + PATIENCE.toNanos();
            } else if (System.nanoTime() > deadline) {
                throw new MillraceException(
                        MillraceException.UNEXPECTED_ANSWER,
                        "Nothing came for " + PATIENCE.toSeconds() + " s; " + stage.replay.sent() + " of "
                                + flights.size() + " flights are sent, the queries are at "
                                + stage.queries.getFirst().table().frontier().toJson() + " and "
                                + stage.queries.getLast().table().frontier().toJson(),
                        null);
            }
        }
        Replay.join(replaying);
        double seconds = (System.nanoTime() - start) / 1e9;
        CRC32 checksum = new CRC32();
        for (LiveQuery query : stage.queries) {
            List<List<@Nullable Object>> rows = query.table().sortedRows();
            rows.forEach(row -> checksum.update((JsonText.write(row) + "\n").getBytes(StandardCharsets.UTF_8)));
            out.println(query.title());
            PrintSettings settings =
                    new PrintSettings(OutputFormat.TABLE, Integer.MAX_VALUE, Palette.PLAIN, borders, false);
            new ResultPrinter(out, settings)
                    .print(new SqlResult(
                            query.table().columns(),
                            rows.subList(0, Math.min(SHOWN_ROWS_MAX, rows.size())),
                            query.table().frontier(),
                            Optional.empty(),
                            0));
            out.println(String.format(
                    Locale.ROOT, "the first %d of %,d rows", Math.min(SHOWN_ROWS_MAX, rows.size()), rows.size()));
            out.println();
        }
        Recomputation truth = new Recomputation(flights, airports);
        String difference =
                truth.differenceInDepartures(stage.queries.getFirst().table().sortedRows());
        if (difference == null) {
            difference = truth.differenceInConnections(
                    stage.queries.getLast().table().sortedRows());
        }
        out.println(String.format(
                Locale.ROOT,
                "%,d flights, %,d rows per hour and origin, %,d connections, checksum %08x, %.1f s",
                flights.size(),
                stage.queries.getFirst().table().rowCount(),
                stage.queries.getLast().table().rowCount(),
                checksum.getValue(),
                seconds));
        out.println(
                difference == null
                        ? "All rows agree with a computation in plain Java."
                        : "WRONG: compared with a computation in plain Java, " + difference);
        out.flush();
        return difference == null ? 0 : 1;
    }

    private static void throwIfFailed(Stage stage) {
        Throwable failure = stage.replay.failure();
        if (failure != null) {
            throw failure instanceof RuntimeException known ? known : new IllegalStateException(failure);
        }
    }

    /// Shows both queries live until the person ends it.
    public int interactive(PrintWriter progress, Palette palette, Borders borders)
            throws IOException, InterruptedException {
        DemoScreen.Summary summary;
        try (Stage stage = open(progress);
                ShellTerminal terminal = JLineTerminal.system(null, palette == Palette.ANSI)) {
            Thread replaying = Thread.ofVirtual().name("millrace-demo-replay").start(stage.replay);
            summary = new DemoScreen(terminal, palette, borders, stage.queries, stage.replay).run();
            replaying.interrupt();
        }
        progress.println(summary.text());
        progress.println("Try it yourself: `millrace start` in one window, `millrace sql` in another.");
        progress.flush();
        return 0;
    }

    /// Everything that must be closed again, in that order.
    private record Stage(
            @Nullable EmbeddedNode node,
            MillraceClient client,
            Producer producer,
            Replay replay,
            List<LiveQuery> queries)
            implements AutoCloseable {
        @Override
        public void close() {
            queries.forEach(LiveQuery::close);
            client.close(); // before the producer: what it still holds need not arrive any more
            producer.close();
            if (node != null) {
                node.close();
            }
        }
    }

    private Stage open(PrintWriter progress) throws IOException, InterruptedException {
        EmbeddedNode node = null;
        MillraceClient client = null;
        try {
            URI address;
            if (url.isPresent()) {
                address = url.get();
            } else {
                say(progress, "Starting a node …");
                node = EmbeddedNode.start(launcher.orElseThrow(() -> new IOException(
                        "MILLRACE_LAUNCHER does not say where the launcher is; run this as `millrace demo`, or name a"
                                + " running node with --url")));
                address = node.uri();
                say(progress, "Node at " + address + ", data in " + node.folder());
            }
            client = MillraceClient.builder()
                    .nodes(List.of(address))
                    .retryFor(Duration.ofSeconds(30))
                    .build();
            prepare(client, progress);
            Producer producer = client.producer(ProducerSettings.DEFAULT);
            return new Stage(
                    node,
                    client,
                    producer,
                    new Replay(producer, flights, perSecond),
                    List.of(
                            query(client, "Departures and delays per hour and airport", "departures.sql"),
                            query(client, "Departures that a late plane endangers", "connections.sql")));
        } catch (IOException | InterruptedException | RuntimeException failed) {
            if (client != null) {
                client.close();
            }
            if (node != null) {
                node.close();
            }
            throw failed;
        }
    }

    private void prepare(MillraceClient client, PrintWriter progress) {
        client.topics().create(TopicSpec.named(Replay.TOPIC).withPartitions(PARTITIONS));
        for (Statement statement : StatementSplitter.split(Resources.text("setup.sql"))) {
            if (statement instanceof Statement.Sql sql) {
                var _ = client.sql().query(sql.text());
            }
        }
        say(progress, "Loading " + airports.size() + " airports …");
        for (String insert : Airport.inserts(airports, INSERT_ROWS_MAX)) {
            var _ = client.sql().query(insert);
        }
    }

    private LiveQuery query(MillraceClient client, String title, String resource) {
        // whole answers are compared in the headless form, and a person sees only the newest rows anyway
        return new LiveQuery(client, title, Resources.text(resource), Integer.MAX_VALUE);
    }

    private static void say(PrintWriter progress, String text) {
        progress.println(text);
        progress.flush();
    }
}
