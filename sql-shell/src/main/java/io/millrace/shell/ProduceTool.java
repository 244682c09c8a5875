package io.millrace.shell;

import io.millrace.client.JsonText;
import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import io.millrace.client.NewRecord;
import io.millrace.client.Producer;
import io.millrace.client.ProducerSettings;
import io.millrace.client.RecordMetadata;
import io.millrace.shell.print.ErrorPrinter;
import io.millrace.shell.run.RunOutcome;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `millrace produce TOPIC`.
@Command(
        name = "produce",
        mixinStandardHelpOptions = true,
        description = "Append the lines of a file or of standard input to a topic, one record a line.",
        footer = {
            "",
            "Blank lines are skipped, and a line that is a JSON string is unwrapped, as the HTTP route does it.",
            "The exit code is 0 only when every record is acknowledged: fsynced on a majority of the replicas,",
            "unless --ack says otherwise.",
            "",
            "@|bold Examples:|@",
            "  millrace produce orders --key-field customer.id orders.ndjson",
            "  printf 'k1:one\\nk2:two\\n' | millrace produce -K: words"
        })
final class ProduceTool implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private ConnectionOptions connection = new ConnectionOptions();

    @Parameters(index = "0", paramLabel = "TOPIC", description = "Where to.")
    private String topic = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "FILE", description = "What; - or nothing is standard input.")
    private String file = "-";

    @Option(
            names = "--key-field",
            paramLabel = "NAME",
            description = "Take the key from this field of each JSON line; dots go deeper, for instance user.id.")
    private @Nullable String keyField;

    @Option(
            names = {"-K", "--key-delimiter"},
            paramLabel = "DELIMITER",
            description = "Each line is KEY DELIMITER VALUE.")
    private @Nullable String keyDelimiter;

    @Option(
            names = {"-p", "--partition"},
            paramLabel = "NUMBER",
            description = "Put all records there. Default: the key decides, or they are spread.")
    private @Nullable Integer partition;

    @Option(
            names = {"-H", "--header"},
            paramLabel = "NAME=VALUE",
            description = "Give every record this header. May be repeated.")
    private Map<String, String> headers = new LinkedHashMap<>();

    @Option(names = "--ack", paramLabel = "LEVEL", description = "quorum, all, leader or none. Default: the topic's.")
    private @Nullable Acknowledge acknowledge;

    @Option(
            names = {"-q", "--quiet"},
            description = "Do not report how many records were produced.")
    private boolean quiet;

    private enum Acknowledge {
        QUORUM,
        ALL,
        LEADER,
        NONE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    ProduceTool(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        if (keyField != null && keyDelimiter != null || "".equals(keyDelimiter)) {
            streams.err().println("The key comes from --key-field or from -K DELIMITER, one of them, and not empty.");
            return RunOutcome.USAGE.exitCode();
        }
        try (InputStream in = file.equals("-") ? streams.in() : Files.newInputStream(Path.of(file));
                MillraceClient client = connection.connect(streams)) {
            return produce(client, new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)));
        } catch (NoSuchFileException missing) {
            streams.err().println("There is no file " + missing.getFile());
            return RunOutcome.USAGE.exitCode();
        }
    }

    private int produce(MillraceClient client, BufferedReader lines) throws IOException {
        ProducerSettings settings = ProducerSettings.DEFAULT.withLinger(Duration.ofMillis(5));
        if (acknowledge != null) {
            settings = settings.withAcknowledgement(ProducerSettings.Acknowledgement.valueOf(acknowledge.name()));
        }
        AtomicLong acknowledged = new AtomicLong();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        long lineNumber = 0;
        String problem = null;
        try (Producer producer = client.producer(settings)) {
            String line = lines.readLine();
            while (line != null && failure.get() == null) {
                lineNumber++;
                if (!line.isBlank()) {
                    CompletableFuture<RecordMetadata> sent = producer.send(toRecord(line));
                    sent.whenComplete((_, broken) -> {
                        if (broken == null) {
                            acknowledged.incrementAndGet();
                        } else {
                            failure.compareAndSet(null, broken);
                        }
                    });
                }
                line = lines.readLine();
            }
        } catch (IllegalArgumentException badLine) {
            problem = "Line " + lineNumber + ": " + badLine.getMessage();
        }
        if (!quiet) {
            long count = acknowledged.get();
            streams.err()
                    .println(String.format(
                            Locale.ROOT,
                            "%,d %s acknowledged in '%s'",
                            count,
                            count == 1 ? "record" : "records",
                            topic));
        }
        Throwable broken = failure.get();
        if (broken instanceof MillraceException known) {
            ErrorPrinter.lines(known, null, streams.errorPalette()).forEach(streams.err()::println);
            return RunOutcome.of(known).exitCode();
        }
        if (broken != null) {
            throw new IllegalStateException(broken);
        }
        if (problem != null) {
            streams.err().println(streams.errorPalette().error("ERROR:") + " " + problem);
            return RunOutcome.FAILED.exitCode();
        }
        return 0;
    }

    private NewRecord toRecord(String line) {
        String key = null;
        String value = line;
        String delimiter = keyDelimiter;
        if (delimiter != null) {
            int at = line.indexOf(delimiter);
            if (at < 0) {
                throw new IllegalArgumentException("there is no '" + delimiter + "' that ends a key");
            }
            key = line.substring(0, at);
            value = line.substring(at + delimiter.length());
        } else if (keyField != null) {
            key = keyFrom(line, keyField);
        }
        String stripped = value.strip();
        if (stripped.length() > 1 && stripped.startsWith("\"") && stripped.endsWith("\"")) {
            value = unwrapped(stripped, value);
        }
        NewRecord content = key == null ? NewRecord.of(topic, value) : NewRecord.of(topic, key, value);
        if (!headers.isEmpty()) {
            content = content.withHeaders(headers);
        }
        return partition == null ? content : content.inPartition(partition);
    }

    private static String unwrapped(String json, String otherwise) {
        try {
            return JsonText.parse(json) instanceof String text ? text : otherwise;
        } catch (IllegalArgumentException notJson) {
            return otherwise; // it only looks like a JSON string
        }
    }

    private static @Nullable String keyFrom(String line, String path) {
        Object at;
        try {
            at = JsonText.parse(line);
        } catch (IllegalArgumentException notJson) {
            throw new IllegalArgumentException("it is not JSON, so it has no field '" + path
                    + "' to take the key from (" + notJson.getMessage() + ")");
        }
        for (String name : path.split("\\.")) {
            at = at instanceof Map<?, ?> object ? object.get(name) : null;
        }
        return switch (at) {
            case null -> null;
            case String text -> text;
            case Object other -> JsonText.write(other);
        };
    }
}
