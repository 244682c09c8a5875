package io.millrace.shell;

import io.millrace.client.Consumer;
import io.millrace.client.ConsumerSettings;
import io.millrace.client.JsonText;
import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import io.millrace.client.ReceivedRecord;
import io.millrace.client.TailStart;
import io.millrace.client.TopicDescription;
import io.millrace.client.TopicDescription.PartitionDescription;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `millrace consume TOPIC`.
@Command(
        name = "consume",
        mixinStandardHelpOptions = true,
        description = "Print the records of a topic as they come, until Ctrl-C.",
        footer = {
            "",
            "Without --group all partitions are followed and nothing is remembered. With --group reading resumes",
            "after the records that the group has committed, and what is printed is committed.",
            "",
            "@|bold Formats:|@",
            "  text       the value, one record a line (default)",
            "  json       one object a line with offset, partition, timestamp_ms, key, value and headers",
            "  otherwise  a pattern: %%t topic, %%p partition, %%o offset, %%T time in ms, %%k key, %%s value, %%h headers,",
            "             %%S size of the value in bytes, \\n line end, \\t tab, %%%% percent sign",
            "",
            "@|bold Examples:|@",
            "  millrace consume orders --from start --exit",
            "  millrace consume orders --from -10 --format '%%p:%%o %%k %%s\\n'",
            "  millrace consume orders --from @2026-01-01T00:00:00Z --format json"
        })
final class ConsumeTool implements Callable<Integer> {
    private static final String NO_GROUP = "millrace-consume";

    private final Streams streams;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection = new ConnectionOptions();

    @Parameters(index = "0", paramLabel = "TOPIC", description = "What to read.")
    private String topic = "";

    @Option(
            names = {"-g", "--group"},
            paramLabel = "GROUP",
            description = "Resume and commit as this group.")
    private @Nullable String group;

    @Option(
            names = {"--from", "-o"},
            paramLabel = "PLACE",
            description = "start, end, -COUNT or @TIME. Default: end; with --group where the group is, or else start.")
    private @Nullable String from;

    @Option(names = "--format", paramLabel = "FORMAT", description = "text, json or a pattern; see below.")
    private String format = "text";

    @Option(
            names = {"-n", "--count"},
            paramLabel = "COUNT",
            description = "Exit after so many records.")
    private long count = Long.MAX_VALUE;

    @Option(
            names = {"-e", "--exit"},
            description = "Exit at the end of what is there now.")
    private boolean exitAtEnd;

    ConsumeTool(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (count < 1) {
            throw new ParameterException(spec.commandLine(), "--count must be at least 1, not " + count);
        }
        TailStart start;
        try {
            String text = from;
            start = text != null
                    ? TailStart.parse(text)
                    : group != null || exitAtEnd ? new TailStart.Start() : new TailStart.End();
        } catch (IllegalArgumentException unreadable) {
            throw new ParameterException(spec.commandLine(), unreadable.getMessage());
        }
        boolean placeNeedsTail = switch (start) {
            case TailStart.Start() -> false;
            case TailStart.End() -> false;
            case TailStart.Last _ -> true;
            case TailStart.At _ -> true;
        };
        if (placeNeedsTail && group != null) {
            throw new ParameterException(spec.commandLine(), "with --group, --from is start or end");
        }
        if (placeNeedsTail && exitAtEnd) {
            throw new ParameterException(spec.commandLine(), "with --exit, --from is start or end");
        }
        try (MillraceClient client = connection.connect(streams)) {
            if (group != null || exitAtEnd) {
                poll(client, start);
            } else {
                follow(client, start);
            }
            return 0;
        }
    }

    private void poll(MillraceClient client, TailStart start) {
        ConsumerSettings settings = ConsumerSettings.group(topic, group == null ? NO_GROUP : group)
                .startingAt(
                        start.equals(new TailStart.End())
                                ? ConsumerSettings.StartAt.LATEST
                                : ConsumerSettings.StartAt.EARLIEST);
        Map<Integer, Long> ends = exitAtEnd ? ends(client) : Map.of();
        long left = count;
        try (Consumer consumer = client.consumer(settings)) {
            while (left > 0) {
                List<ReceivedRecord> records = consumer.poll(Duration.ofMillis(exitAtEnd ? 200 : 2_000));
                Map<Integer, ReceivedRecord> last = new LinkedHashMap<>();
                for (ReceivedRecord received : records) {
                    boolean beyondEnd = exitAtEnd && received.offset() >= ends.getOrDefault(received.partition(), 0L);
                    if (left > 0 && !beyondEnd) {
                        print(received);
                        last.put(received.partition(), received);
                        left--;
                    }
                }
                boolean nobodyReads = streams.out().checkError(); // flushes
                if (group != null) {
                    last.values().forEach(consumer::commit);
                }
                if (nobodyReads || exitAtEnd && reached(consumer.positions(), ends)) {
                    return;
                }
            }
        }
    }

    private Map<Integer, Long> ends(MillraceClient client) {
        TopicDescription described = client.topics()
                .describe(topic)
                .orElseThrow(() -> new MillraceException(
                        "unknown_topic", 404, "Topic '" + topic + "' does not exist", null, null, null, null));
        Map<Integer, Long> ends = new LinkedHashMap<>();
        for (PartitionDescription each : described.partitions()) {
            ends.put(
                    each.partition(), Math.max(0, each.highWatermark() < 0 ? each.nextOffset() : each.highWatermark()));
        }
        return ends;
    }

    private static boolean reached(Map<Integer, Long> positions, Map<Integer, Long> ends) {
        return ends.entrySet().stream()
                .allMatch(end -> end.getValue() == 0 || positions.getOrDefault(end.getKey(), -1L) >= end.getValue());
    }

    private void follow(MillraceClient client, TailStart start) throws InterruptedException {
        Following following = new Following();
        client.tail(topic, start).subscribe(following);
        following.done.await();
        Throwable failure = following.failure;
        if (failure instanceof MillraceException known) {
            throw known;
        }
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }

    private final class Following implements Flow.Subscriber<ReceivedRecord> {
        private final CountDownLatch done = new CountDownLatch(1);
        private volatile @Nullable Throwable failure;
        private volatile Flow.@Nullable Subscription source;
        private long left = count;

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            source = subscription;
            subscription.request(1);
        }

        @Override
        public void onNext(ReceivedRecord received) {
            print(received);
            Flow.Subscription subscription = source;
            if (subscription == null) {
                return;
            }
            if (--left == 0 || streams.out().checkError()) { // checkError flushes
                subscription.cancel();
                done.countDown();
            } else {
                subscription.request(1);
            }
        }

        @Override
        public void onError(Throwable cause) {
            failure = cause;
            done.countDown();
        }

        @Override
        public void onComplete() {
            done.countDown();
        }
    }

    private void print(ReceivedRecord received) {
        PrintWriter out = streams.out();
        switch (format) {
            case "text" -> out.println(received.text());
            case "json" -> out.println(JsonText.write(object(received)));
            default -> out.print(expand(received));
        }
    }

    private static Map<String, @Nullable Object> object(ReceivedRecord received) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        object.put("offset", received.offset());
        object.put("partition", received.partition());
        object.put("timestamp_ms", received.timestampMs());
        putText(object, "key", received.key().orElse(null));
        putText(object, "value", received.value());
        object.put("headers", received.headers());
        return object;
    }

    private static void putText(Map<String, @Nullable Object> object, String name, byte @Nullable [] bytes) {
        if (bytes == null) {
            object.put(name, null);
            return;
        }
        try {
            object.put(
                    name,
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes))
                            .toString());
        } catch (CharacterCodingException binary) {
            object.put(name + "_b64", Base64.getEncoder().encodeToString(bytes));
        }
    }

    private String expand(ReceivedRecord received) {
        StringBuilder out = new StringBuilder();
        for (int at = 0; at < format.length(); at++) {
            char c = format.charAt(at);
            char next = at + 1 < format.length() ? format.charAt(at + 1) : '\0';
            if (c == '\\' && (next == 'n' || next == 't' || next == '\\')) {
                out.append(next == 'n' ? '\n' : next == 't' ? '\t' : '\\');
                at++;
            } else if (c == '%') {
                at++;
                switch (next) {
                    case 't' -> out.append(topic);
                    case 'p' -> out.append(received.partition());
                    case 'o' -> out.append(received.offset());
                    case 'T' -> out.append(received.timestampMs());
                    case 'k' -> out.append(received.keyText().orElse(""));
                    case 's' -> out.append(received.text());
                    case 'S' -> out.append(received.value().length);
                    case 'h' -> out.append(JsonText.write(received.headers()));
                    case '%' -> out.append('%');
                    case '\0' -> out.append('%');
                    default -> out.append('%').append(next);
                }
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
