package io.millrace.shell;

import io.millrace.client.MillraceClient;
import io.millrace.client.SqlResult;
import io.millrace.client.TopicDescription;
import io.millrace.client.TopicSpec;
import io.millrace.shell.print.OutputFormat;
import io.millrace.shell.print.PrintSettings;
import io.millrace.shell.print.ResultPrinter;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `millrace topic …`.
@Command(
        name = "topic",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description = "List, create, describe and delete topics.",
        subcommands = {TopicTool.Listing.class, TopicTool.Create.class, TopicTool.Describe.class, TopicTool.Delete.class
        })
final class TopicTool implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "Say what to do with topics: list, create, describe or delete");
    }

    private static void print(Streams streams, @Nullable OutputFormat format, SqlResult result) {
        OutputFormat chosen =
                format != null ? format : streams.outIsTerminal() ? OutputFormat.TABLE : OutputFormat.NDJSON;
        new ResultPrinter(
                        streams.out(),
                        new PrintSettings(chosen, Integer.MAX_VALUE, streams.palette(), streams.borders(), false))
                .print(result);
    }

    /// `millrace topic list`.
    @Command(name = "list", mixinStandardHelpOptions = true, description = "List all topics, one a line.")
    static final class Listing implements Callable<Integer> {
        private final Streams streams;

        @Mixin
        private ConnectionOptions connection = new ConnectionOptions();

        Listing(Streams streams) {
            this.streams = streams;
        }

        @Override
        public Integer call() {
            try (MillraceClient client = connection.connect(streams)) {
                client.topics().list().forEach(streams.out()::println);
                return 0;
            }
        }
    }

    /// `millrace topic create`.
    @Command(name = "create", mixinStandardHelpOptions = true, description = "Create a topic. The same again is fine.")
    static final class Create implements Callable<Integer> {
        private final Streams streams;

        @Mixin
        private ConnectionOptions connection = new ConnectionOptions();

        @Parameters(index = "0", paramLabel = "TOPIC", description = "Its name.")
        private String topic = "";

        @Option(
                names = {"-p", "--partitions"},
                paramLabel = "COUNT",
                description = "How many partitions. Default: the server's, usually 8.")
        private @Nullable Integer partitions;

        @Option(
                names = {"-r", "--replication"},
                paramLabel = "COUNT",
                description = "How many replicas of each partition. Default: the server's.")
        private @Nullable Integer replication;

        @Option(names = "--compact", description = "Keep only the newest record of each key.")
        private boolean compact;

        @Option(names = "--retention-ms", paramLabel = "MS", description = "Records older than this may go.")
        private @Nullable Long retentionMs;

        @Option(
                names = "--retention-bytes",
                paramLabel = "BYTES",
                description = "The oldest records go when a partition is larger than this.")
        private @Nullable Long retentionBytes;

        Create(Streams streams) {
            this.streams = streams;
        }

        @Override
        public Integer call() {
            TopicSpec spec = TopicSpec.named(topic)
                    .withRetention(Optional.ofNullable(retentionMs), Optional.ofNullable(retentionBytes));
            if (partitions != null) {
                spec = spec.withPartitions(partitions);
            }
            if (replication != null) {
                spec = spec.withReplication(replication);
            }
            if (compact) {
                spec = spec.withCleanup("compact");
            }
            try (MillraceClient client = connection.connect(streams)) {
                client.topics().create(spec);
                streams.err().println("Topic '" + topic + "' is ready.");
                return 0;
            }
        }
    }

    /// `millrace topic describe`.
    @Command(name = "describe", mixinStandardHelpOptions = true, description = "Show the partitions of a topic.")
    static final class Describe implements Callable<Integer> {
        private final Streams streams;

        @Mixin
        private ConnectionOptions connection = new ConnectionOptions();

        @Parameters(index = "0", paramLabel = "TOPIC", description = "Its name.")
        private String topic = "";

        @Option(
                names = "--format",
                paramLabel = "FORMAT",
                description = "table, vertical, csv, json or ndjson. Default: table on a terminal, else ndjson.")
        private @Nullable OutputFormat format;

        Describe(Streams streams) {
            this.streams = streams;
        }

        @Override
        public Integer call() {
            try (MillraceClient client = connection.connect(streams)) {
                Optional<TopicDescription> description = client.topics().describe(topic);
                if (description.isEmpty()) {
                    streams.err().println("Topic '" + topic + "' does not exist. `millrace topic list` lists all.");
                    return 1;
                }
                print(streams, format, TopicTables.describe(description.get()));
                return 0;
            }
        }
    }

    /// `millrace topic delete`.
    @Command(name = "delete", mixinStandardHelpOptions = true, description = "Delete a topic and its records for good.")
    static final class Delete implements Callable<Integer> {
        private final Streams streams;

        @Mixin
        private ConnectionOptions connection = new ConnectionOptions();

        @Parameters(index = "0", paramLabel = "TOPIC", description = "Its name.")
        private String topic = "";

        Delete(Streams streams) {
            this.streams = streams;
        }

        @Override
        public Integer call() {
            try (MillraceClient client = connection.connect(streams)) {
                if (!client.topics().delete(topic)) {
                    streams.err().println("Topic '" + topic + "' does not exist.");
                    return 1;
                }
                streams.err().println("Topic '" + topic + "' is deleted.");
                return 0;
            }
        }
    }
}
