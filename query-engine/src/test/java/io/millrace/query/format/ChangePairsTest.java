package io.millrace.query.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What belongs together in the changes of a step, compared with tables that apply it.
class ChangePairsTest {
    private static final Schema SCHEMA = new Schema(List.of(
            new ColumnInfo("k", ColumnType.of(SqlType.BIGINT)), new ColumnInfo("v", ColumnType.of(SqlType.BIGINT))));

    private static Batch batch(@Nullable Long[]... rows) {
        Batch batch = new Batch(SCHEMA);
        for (@Nullable Long[] row : rows) {
            batch.appendValues(Arrays.asList(row[0], row[1]), Objects.requireNonNull(row[2]));
        }
        return batch;
    }

    private static List<String> visited(Batch batch, int... key) {
        List<String> changes = new ArrayList<>();
        new ChangePairs()
                .visit(
                        batch,
                        key,
                        (before, after) -> changes.add(
                                (before < 0 ? "" : batch.row(before)) + ">" + (after < 0 ? "" : batch.row(after))));
        return changes;
    }

    @Test
    void aRowThatGoesAndOneThatComesUnderTheSameKeyAreOneUpdate() {
        Batch batch = batch(
                new Long[] {1L, 10L, -1L}, new Long[] {2L, 20L, -1L}, new Long[] {1L, 11L, 1L}, new Long[] {3L, 30L, 1L
                });
        assertThat(visited(batch, 0)).containsExactly("[1, 10]>[1, 11]", "[2, 20]>", ">[3, 30]");
    }

    @Test
    void withoutAKeyNothingBelongsTogetherAndCopiesComeOneByOne() {
        Batch batch = batch(new Long[] {1L, 10L, -2L}, new Long[] {1L, 11L, 2L});
        assertThat(visited(batch)).containsExactly("[1, 10]>", "[1, 10]>", ">[1, 11]", ">[1, 11]");
    }

    @Test
    void noKeyIsAKeyToo() {
        Batch batch = batch(new Long[] {null, 10L, -1L}, new Long[] {null, 11L, 1L}, new Long[] {0L, 5L, 1L});
        assertThat(visited(batch, 0)).containsExactly("[null, 10]>[null, 11]", ">[0, 5]");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aTableThatAppliesTheChangesIsTheOneTheyWereMadeFrom(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<Long, Long> truth = new TreeMap<>();
        Map<Long, Long> applied = new TreeMap<>();
        ChangePairs pairs = new ChangePairs();
        for (int step = 0; step < 50; step++) {
            Map<List<Long>, Long> weights = new HashMap<>();
            for (int i = random.nextInt(200); i >= 0; i--) {
                long key = random.nextLong(60);
                Long value = random.nextInt(3) == 0 ? null : random.nextLong(4);
                Long old = value == null ? truth.remove(key) : truth.put(key, value);
                if (old != null) {
                    weights.merge(List.of(key, old), -1L, Long::sum);
                }
                if (value != null) {
                    weights.merge(List.of(key, value), 1L, Long::sum);
                }
            }
            Batch batch = new Batch(SCHEMA);
            weights.forEach((row, weight) -> {
                if (weight != 0) {
                    batch.appendValues(row, weight);
                }
            });
            pairs.visit(batch, new int[] {0}, (before, after) -> {
                Long key = value(batch, 0, Math.max(before, after));
                Long removed = after < 0 ? applied.remove(key) : applied.put(key, value(batch, 1, after));
                assertThat(removed)
                        .as("seed %d, key %d", seed, key)
                        .isEqualTo(before < 0 ? null : value(batch, 1, before));
            });
            assertThat(applied).as("seed %d, step %d", seed, step).isEqualTo(truth);
        }
    }

    private static Long value(Batch batch, int column, int row) {
        return (Long) Objects.requireNonNull(batch.column(column).objectAt(row));
    }
}
