package io.millrace.query.worker;

import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.SqlException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/// Where a persistent query began: what is before it is no part of its answer. Kept as a note beside the
/// definition, so that a recovery notices when input that it needs has gone.
///
/// Text, a line each:
///
/// ```
/// millrace-beginning 1
/// definition <sha-256 of the definition's text>
/// output <id of the topic that it writes>
/// input <topic> <id of the topic>          (for each)
/// frontier <first offsets>
/// ```
///
/// @param inputs ids by topic
record Beginning(String definition, long output, Map<String, Long> inputs, Frontier frontier) {
    private static final String HEAD = "millrace-beginning 1";

    Beginning {
        inputs = Map.copyOf(inputs);
    }

    /// With what can be read now.
    static Beginning now(String definition, long output, Iterable<String> topics, InputPort inputs) {
        Map<String, Long> ids = new TreeMap<>();
        Map<String, long[]> first = new TreeMap<>();
        for (String name : topics) {
            InputPort.InputTopic topic = inputs.topic(name)
                    .orElseThrow(() -> new SqlException("unknown_topic", "Topic '" + name + "' does not exist."));
            long[] offsets = new long[topic.partitions()];
            for (int partition = 0; partition < offsets.length; partition++) {
                offsets[partition] = inputs.earliestOffset(name, partition);
            }
            ids.put(name, topic.id());
            first.put(name, offsets);
        }
        return new Beginning(definition, output, ids, new Frontier(first));
    }

    static String hash(String definition) {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256").digest(definition.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-256", impossible);
        }
    }

    String encode() {
        StringBuilder text = new StringBuilder(HEAD)
                .append("\ndefinition ")
                .append(definition)
                .append("\noutput ")
                .append(output);
        new TreeMap<>(inputs)
                .forEach((topic, id) ->
                        text.append("\ninput ").append(topic).append(' ').append(id));
        return text.append("\nfrontier ").append(frontier).append('\n').toString();
    }

    /// @throws SqlException it was written by another version
    static Beginning decode(String query, String text) {
        String[] lines = text.split("\n", -1);
        String definition = "";
        long output = -1;
        Map<String, Long> inputs = new TreeMap<>();
        Frontier frontier = null;
        if (!lines[0].equals(HEAD)) {
            throw new SqlException(
                    "internal_error",
                    "The note of query '%s' begins with '%s', this program reads '%s'."
                            .formatted(query, lines[0], HEAD));
        }
        for (String line : lines) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "definition" -> definition = words[1];
                case "output" -> output = Long.parseLong(words[1]);
                case "input" -> inputs.put(words[1], Long.parseLong(words[2]));
                case "frontier" -> frontier = Frontier.parse(words[1]);
                default -> {} // the head, and what later versions add
            }
        }
        if (frontier == null) {
            throw new SqlException("internal_error", "The note of query '%s' has no frontier.".formatted(query));
        }
        return new Beginning(definition, output, inputs, frontier);
    }

    /// Refuses topics that are not those which the query has read.
    void checkTopics(InputPort topics) {
        inputs.forEach((name, id) -> {
            InputPort.InputTopic topic = topics.topic(name)
                    .orElseThrow(() -> new SqlException("unknown_topic", "Topic '" + name + "' does not exist."));
            if (topic.id() != id) {
                throw new SqlException(
                        "input_deleted",
                        "Topic '%s' has been deleted and made again since the query began to read it.".formatted(name));
            }
        });
    }

    /// Refuses a start from `from` when records behind it have been deleted.
    static void checkReadable(Frontier from, InputPort inputs) {
        from.offsets().forEach((topic, offsets) -> {
            for (int partition = 0; partition < offsets.length; partition++) {
                long earliest = inputs.earliestOffset(topic, partition);
                if (earliest > offsets[partition]) {
                    throw TopicFeed.deleted(topic, partition, offsets[partition], earliest);
                }
            }
        });
    }
}
