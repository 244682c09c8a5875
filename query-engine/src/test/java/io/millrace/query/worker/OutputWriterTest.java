package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.BatchWriter;
import io.millrace.log.RecordBuffer;
import io.millrace.query.Frontier;
import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How steps become appends.
class OutputWriterTest {
    private static final Schema SCHEMA = new Schema(List.of(new ColumnInfo("name", ColumnType.of(SqlType.VARCHAR))));
    private static final Frontier FRONTIER = new Frontier(Map.of("in", new long[] {10}));

    @TempDir
    Path folder;

    private int runs;

    @Test
    void aStepIsOneAppendUpToExactlyTheLimit() throws Exception {
        Batch changes = rows("carp", "bream", "roach", "tench");
        TopicWriter encoded = encoder();
        encoded.encode(changes, 0);
        int size = BatchWriter.sizeBytesMax(Objects.requireNonNull(encoded.take(0)));

        assertThat(appends(changes, size - 1)).isEqualTo(2);
        assertThat(appends(changes, size)).isEqualTo(1);
        assertThat(appends(changes, size + 1)).isEqualTo(1);
    }

    @Test
    void aRecordLargerThanTheLimitIsAnAppendOfItsOwn() throws Exception {
        assertThat(appends(rows("carp", "bream", "x".repeat(500), "tench"), 200))
                .isEqualTo(3);
    }

    @Test
    void theOrderOfPartsDependsOnNothingButContent() {
        RecordBuffer one = buffer("b", "a", null, "d", "c", "a");
        RecordBuffer other = buffer("d", "a", "c", "a", null, "b");

        for (int skip = 0; skip <= 6; skip++) {
            assertThat(sizes(one.inOrderOfContent(skip, 120)))
                    .as("skipped %d", skip)
                    .isEqualTo(sizes(other.inOrderOfContent(skip, 120)));
        }
        assertThat(one.inOrderOfContent(6, 120)).isEmpty();
        assertThat(one.inOrderOfContent(0, 1)).hasSize(6);
        assertThat(one.inOrderOfContent(4, 1 << 20)).hasSize(1);
    }

    private static List<List<Integer>> sizes(List<RecordBuffer> parts) {
        return parts.stream()
                .map(part -> List.of(part.count(), part.sizeBytes()))
                .toList();
    }

    private static RecordBuffer buffer(@Nullable String... values) {
        RecordBuffer buffer = new RecordBuffer();
        for (String value : values) {
            byte[] key = "k".getBytes(StandardCharsets.UTF_8);
            byte[] bytes = value == null ? null : value.repeat(7).getBytes(StandardCharsets.UTF_8);
            buffer.add(0, key, 0, 1, bytes, 0, bytes == null ? -1 : bytes.length, List.of());
        }
        return buffer;
    }

    private int appends(Batch changes, int limit) throws Exception {
        try (LocalTopics topics = new LocalTopics(folder.resolve("run" + ++runs))) {
            topics.create("out", 1);
            topics.limitAppends(limit);
            OutputWriter writer = new OutputWriter("q", "out", topics, new OutputWriter.Waiter() {
                @Override
                public boolean await(long ms, String reason) {
                    throw new AssertionError("nothing was refused, yet: " + reason);
                }

                @Override
                public void done() {}
            });
            writer.own();
            writer.encode(encoder(), 1);
            writer.write(changes, 1, FRONTIER, 0);
            assertThat(topics.endOffset("out", 0)).isEqualTo(changes.count());
            return topics.stampedAppends();
        }
    }

    private static TopicWriter encoder() {
        return new TopicWriter(new RowEncoder(SCHEMA), 1, new int[0], false, TopicWriter.Spread.BY_CONTENT);
    }

    private static Batch rows(String... names) {
        Batch batch = new Batch(SCHEMA);
        for (String name : names) {
            batch.appendValues(Arrays.asList((Object) name.getBytes(StandardCharsets.UTF_8)), 1);
        }
        return batch;
    }
}
