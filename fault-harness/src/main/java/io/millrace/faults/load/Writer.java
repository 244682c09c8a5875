package io.millrace.faults.load;

import io.millrace.faults.history.Event;
import io.millrace.faults.history.History;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Sends records of one producer and writes down what becomes of them. Follows redirects, asks the next node
/// when one fails.
///
/// Threading: one thread.
final class Writer {
    private static final int REDIRECTS_MAX = 4;

    /// For answers of a node that was given no limit.
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /// Answers by code, of all writers of a workload.
    static final class Tally {
        final Map<String, AtomicLong> answers = new ConcurrentHashMap<>();

        long count200() {
            AtomicLong count = answers.get("200");
            return count == null ? 0 : count.get();
        }

        void count(String code) {
            answers.computeIfAbsent(code, _ -> new AtomicLong()).incrementAndGet();
        }
    }

    private final Nodes nodes;
    private final Transport transport;
    private final History history;
    private final Tally tally;
    private final String topic;
    private final String producer;
    private final int partition;
    private final boolean keyed;
    private final boolean lines;
    private final long timeoutMs;
    private final boolean stays;
    private int node;

    Writer(
            Nodes nodes,
            Transport transport,
            History history,
            Tally tally,
            String topic,
            String producer,
            int partition,
            boolean keyed,
            boolean lines,
            long timeoutMs,
            int firstNode) {
        this(nodes, transport, history, tally, topic, producer, partition, keyed, lines, timeoutMs, false, firstNode);
    }

    private Writer(
            Nodes nodes,
            Transport transport,
            History history,
            Tally tally,
            String topic,
            String producer,
            int partition,
            boolean keyed,
            boolean lines,
            long timeoutMs,
            boolean stays,
            int firstNode) {
        this.nodes = nodes;
        this.transport = transport;
        this.history = history;
        this.tally = tally;
        this.topic = topic;
        this.producer = producer;
        this.partition = partition;
        this.keyed = keyed;
        this.lines = lines;
        this.timeoutMs = timeoutMs;
        this.stays = stays;
        this.node = firstNode % nodes.count();
    }

    /// Writes to one node that is alone: follows no redirect, gives the node no time limit, and notes what it
    /// says.
    static Writer toNodeAlone(
            Nodes nodes,
            Transport transport,
            History history,
            Tally tally,
            String topic,
            String producer,
            int partition,
            int node) {
        return new Writer(nodes, transport, history, tally, topic, producer, partition, false, false, 0, true, node);
    }

    /// One attempt: a request, and the redirects that it meets.
    Outcome send(long sequence, int count) throws InterruptedException {
        history.add(new Event.Sent(history.nowNs(), producer, sequence, count, partition, keyed));
        Request request = request(sequence, count);
        for (int redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
            long sentNs = history.nowNs();
            Answer answer;
            try {
                answer = transport.send(request.to(node));
            } catch (Transport.NotSentException notSent) {
                tally.count("no connection");
                answered(sentNs, "no connection");
                askTheNext();
                return refused(sequence, count, "no connection");
            } catch (IOException failed) {
                tally.count("no answer");
                answered(sentNs, "no answer");
                askTheNext();
                history.add(new Event.Unknown(history.nowNs(), producer, sequence, count, failed.toString()));
                return Outcome.UNKNOWN;
            }
            if (answer.isOk()) {
                tally.count("200");
                answered(sentNs, "200");
                return acknowledged(answer, sentNs, sequence, count);
            }
            String code = answer.code();
            tally.count(code);
            answered(sentNs, code);
            if (answer.status() == Answer.REDIRECT && !stays) {
                int leader = nodes.indexOf(answer.location());
                if (leader < 0) {
                    history.add(new Event.Note(
                            history.nowNs(), nodes.name(node) + " redirects to a stranger: " + answer.location()));
                    askTheNext();
                    return refused(sequence, count, "redirect to " + answer.location());
                }
                node = leader;
                continue;
            }
            if (answer.status() == Answer.UNKNOWN) {
                history.add(new Event.Unknown(history.nowNs(), producer, sequence, count, code));
                askTheNext();
                return Outcome.UNKNOWN;
            }
            askTheNext();
            return refused(sequence, count, code);
        }
        askTheNext();
        return refused(sequence, count, "redirected too often");
    }

    private void answered(long sentNs, String code) {
        if (stays) {
            history.add(new Event.Answered(history.nowNs(), sentNs, nodes.name(node), code));
        }
    }

    private Outcome refused(long sequence, int count, String code) {
        history.add(new Event.Refused(history.nowNs(), producer, sequence, count, code));
        return Outcome.REFUSED;
    }

    private void askTheNext() {
        if (!stays) {
            node = (node + 1) % nodes.count();
        }
    }

    private Request request(long sequence, int count) {
        StringBuilder path = new StringBuilder("/broker/topics/")
                .append(topic)
                .append(lines ? "/produce-ndjson" : "/produce")
                .append("?partition=")
                .append(partition);
        if (timeoutMs > 0) {
            path.append("&timeout_ms=").append(timeoutMs);
        }
        if (keyed) {
            path.append("&idempotency_key=").append(producer).append('-').append(sequence);
        }
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < count; i++) {
            if (i > 0) {
                body.append('\n');
            }
            body.append(RecordText.of(Event.name(producer, sequence + i)));
        }
        // the node must be the first to give up, so that its 504 is heard
        Duration patience = timeoutMs > 0 ? Duration.ofMillis(timeoutMs + 1_000) : PATIENCE;
        return Request.post(node, path.toString(), body.toString(), patience);
    }

    private Outcome acknowledged(Answer answer, long sentNs, long sequence, int count) {
        Map<String, @Nullable Object> body = answer.json();
        if (Boolean.FALSE.equals(body.get("synced"))) {
            tally.count("200 not synced");
            history.add(new Event.Unknown(history.nowNs(), producer, sequence, count, "200, but not synced"));
            return Outcome.UNKNOWN;
        }
        List<Map<String, @Nullable Object>> parts = Json.objects(body, "partitions");
        if (parts.size() <= 1) {
            long offset = Json.number(body, lines ? "first_offset" : "offset", Event.NO_OFFSET);
            history.add(new Event.Acknowledged(
                    history.nowNs(),
                    sentNs,
                    producer,
                    sequence,
                    count,
                    (int) Json.number(body, "partition", -1),
                    offset,
                    nodes.name(node)));
        } else {
            long next = sequence;
            for (Map<String, @Nullable Object> part : parts) {
                int partCount = (int) Json.number(part, "count", 0);
                history.add(new Event.Acknowledged(
                        history.nowNs(),
                        sentNs,
                        producer,
                        next,
                        partCount,
                        (int) Json.number(part, "partition", -1),
                        Json.number(part, "first_offset", Event.NO_OFFSET),
                        nodes.name(node)));
                next += partCount;
            }
        }
        return Outcome.ACKNOWLEDGED;
    }
}
