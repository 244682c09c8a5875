package io.millrace.faults.load;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Stands between clients and nodes and breaks one promise: see [Lie].
public final class LyingTransport implements Transport {
    private static final Pattern KEY = Pattern.compile("&idempotency_key=[^&]*");
    private static final Pattern PARTITION = Pattern.compile("[?&]partition=(\\d+)");
    private static final int NOW_AND_THEN = 20;
    private static final long MEMORY_MS = 100;
    static final long LATE_MS = 2_500;
    private static final int ERROR = 500;

    private final Transport honest;
    private final Lie lie;
    private final AtomicInteger produced = new AtomicInteger();
    private final Map<String, Answer> cache = new ConcurrentHashMap<>();

    public LyingTransport(Transport honest, Lie lie) {
        this.honest = honest;
        this.lie = lie;
    }

    @Override
    public Answer send(Request request) throws IOException, InterruptedException {
        if (!request.path().contains("/produce")) {
            return lie == Lie.ANSWERS_FROM_CACHE ? fromCache(request) : honest.send(request);
        }
        boolean nowAndThen = produced.incrementAndGet() % NOW_AND_THEN == 0;
        return switch (lie) {
            case ACKNOWLEDGES_FROM_MEMORY -> {
                Thread.ofVirtual().start(() -> sendLater(request));
                yield claim(request);
            }
            case ACKNOWLEDGES_ERRORS -> {
                Answer answer = honest.send(request);
                yield answer.isOk() || answer.status() == Answer.REDIRECT ? answer : claim(request);
            }
            case ACKNOWLEDGES_NOTHING -> nowAndThen ? claim(request) : honest.send(request);
            case SENDS_TWICE -> {
                Answer answer = honest.send(request);
                yield answer.isOk() && !KEY.matcher(request.path()).find() ? honest.send(request) : answer;
            }
            case FORGETS_KEYS -> {
                Answer answer =
                        honest.send(request.withPath(KEY.matcher(request.path()).replaceFirst("")));
                if (nowAndThen && answer.isOk()) {
                    throw new SocketTimeoutException("the answer got lost");
                }
                yield answer;
            }
            case REVERSES_LINES -> honest.send(request.withBody(reversed(body(request))));
            case ANSWERS_FROM_CACHE -> honest.send(request);
            case ANSWERS_LATE -> {
                Answer answer = honest.send(request);
                if (answer.status() >= ERROR) {
                    Thread.sleep(LATE_MS);
                }
                yield answer;
            }
            case DENIES -> {
                Answer answer = honest.send(request);
                yield nowAndThen && answer.isOk() ? new Answer(503, "{\"ok\":false,\"error\":\"denied\"}", "") : answer;
            }
        };
    }

    private void sendLater(Request request) {
        try {
            Thread.sleep(MEMORY_MS);
            honest.send(request.withPath(request.path() + "&forward=true"));
        } catch (IOException | InterruptedException forgotten) {
            // that is the bug
        }
    }

    private Answer fromCache(Request request) throws IOException, InterruptedException {
        boolean isLatest = request.body() == null && request.path().contains(Workload.READER_GROUP);
        if (!isLatest) {
            return honest.send(request);
        }
        Answer known = cache.get(request.path());
        if (known == null) {
            known = honest.send(request);
            if (known.isOk()) {
                cache.put(request.path(), known);
            }
        }
        return known;
    }

    /// What a node answers when it has synced, except that the offset is not known.
    private static Answer claim(Request request) {
        Matcher partition = PARTITION.matcher(request.path());
        return new Answer(
                Answer.OK,
                "{\"ok\":true,\"offset\":null,\"partition\":%s,\"synced\":true}"
                        .formatted(partition.find() ? partition.group(1) : "0"),
                "");
    }

    private static String body(Request request) {
        String body = request.body();
        return body == null ? "" : body;
    }

    private static String reversed(String lines) {
        List<String> reversed = Arrays.asList(lines.split("\n", -1));
        Collections.reverse(reversed);
        return String.join("\n", reversed);
    }
}
