package io.millrace.query.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateTest {
    private static final Schema SCHEMA = Schema.of(
            new ColumnInfo("a", ColumnType.of(SqlType.BIGINT)),
            new ColumnInfo("s", ColumnType.of(SqlType.VARCHAR)),
            new ColumnInfo("n", ColumnType.decimal(12, 2)),
            new ColumnInfo("d", ColumnType.of(SqlType.DOUBLE)));
    private static final int[] ALL = {0, 1, 2, 3};

    private static RowTable table() {
        return new RowTable(SCHEMA.columns().stream().map(ColumnInfo::type).toList(), false, 1, true);
    }

    /// A row for each number, different from all others.
    private static List<@Nullable Object> row(int number) {
        String text = "x".repeat(number % 23) + number / 23;
        return Arrays.asList(
                number % 7 == 0 ? null : (Object) (long) (number / 3),
                number % 11 == 0 ? null : text.getBytes(StandardCharsets.UTF_8),
                number % 5 == 0 ? BigDecimal.valueOf(number, 2) : null,
                number % 13 == 0 && number % 11 != 0 ? null : (Object) (number / 10.0));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aTableAgreesWithAMapThroughGrowthRemovalAndCheckpoints(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        RowTable table = table();
        Map<Integer, Integer> slots = new HashMap<>();
        int domain = 60_000;
        for (int round = 0; round < 60; round++) {
            Batch batch = new Batch(SCHEMA);
            int[] numbers = random.ints(2_000, 0, domain).toArray();
            for (int number : numbers) {
                batch.appendValues(row(number), 1);
            }
            table.encode(batch, ALL);
            boolean removes = round % 3 == 2;
            for (int i = 0; i < numbers.length; i++) {
                Integer known = slots.get(numbers[i]);
                assertThat(table.find(i)).as("seed %d", seed).isEqualTo(known == null ? RowTable.NONE : known);
                if (removes && known != null) {
                    table.remove(known);
                    slots.remove(numbers[i]);
                } else if (!removes) {
                    int slot = table.findOrAdd(i);
                    assertThat(table.added()).isEqualTo(known == null);
                    if (known == null) {
                        table.setPayload(slot, 0, numbers[i]);
                        slots.put(numbers[i], slot);
                    }
                    assertThat(table.payload(slot, 0)).as("seed %d", seed).isEqualTo(numbers[i]);
                }
            }
            assertThat(table.size()).isEqualTo(slots.size());
            if (round % 20 == 19) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                table.save(new DataOutputStream(bytes));
                table = table();
                table.restore(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
            }
        }
        for (Map.Entry<Integer, Integer> entry : slots.entrySet()) {
            List<@Nullable Object> expected = row(entry.getKey());
            for (int column = 0; column < ALL.length; column++) {
                assertThat(table.boxedAt(entry.getValue(), column)).isEqualTo(expected.get(column));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void lookingUpAWholeBatchIsLookingUpEachRow(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        RowTable whole = table();
        RowTable single = table();
        for (int round = 0; round < 40; round++) {
            Batch batch = new Batch(SCHEMA);
            int count = random.nextInt(1, 500);
            for (int i = 0; i < count; i++) {
                batch.appendValues(row(random.nextInt(3_000)), 1);
            }
            whole.encode(batch, ALL);
            single.encode(batch, ALL);
            int[] slots = new int[count];
            int added = whole.findOrAddAll(count, slots);
            List<Integer> expectedAdded = new ArrayList<>();
            for (int row = 0; row < count; row++) {
                int slot = single.findOrAdd(row);
                assertThat(slots[row]).as("seed %d", seed).isEqualTo(slot);
                if (single.added()) {
                    expectedAdded.add(slot);
                }
            }
            assertThat(Arrays.stream(whole.addedSlots()).limit(added).boxed().toList())
                    .isEqualTo(expectedAdded);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 65, 20_000})
    void aClearedTableIsEmptyAndUsableWhateverItHeldBefore(int size) {
        RowTable table = table();
        for (int rows : new int[] {size, 3, 3, size, 0, 1, size}) {
            table.clear();
            assertThat(table.size()).isZero();
            Batch batch = new Batch(SCHEMA);
            for (int i = 0; i < rows; i++) {
                batch.appendValues(row(i), 1);
            }
            table.encode(batch, ALL);
            for (int i = 0; i < rows; i++) {
                assertThat(table.find(i)).isEqualTo(RowTable.NONE);
                assertThat(table.findOrAdd(i)).isEqualTo(i);
            }
            assertThat(table.size()).isEqualTo(rows);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void textIsOrderedByItsBytesWhereverItIsKept(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        RowTable table = new RowTable(List.of(ColumnType.of(SqlType.VARBINARY)), false, 0, true);
        Schema schema = Schema.of(new ColumnInfo("b", ColumnType.of(SqlType.VARBINARY)));
        Batch batch = new Batch(schema);
        List<byte[]> values = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            byte[] value = new byte[random.nextInt(0, 19)];
            for (int k = 0; k < value.length; k++) {
                value[k] = (byte) (random.nextInt(3) * 127); // 0, 127, -2: zero bytes and large ones
            }
            values.add(value);
            batch.appendValues(List.of(value), 1);
        }
        table.encode(batch, new int[] {0});
        int[] slots = new int[values.size()];
        table.findOrAddAll(slots.length, slots);
        for (int i = 0; i < slots.length; i++) {
            for (int k = 0; k < slots.length; k++) {
                int expected = Integer.signum(Arrays.compareUnsigned(values.get(i), values.get(k)));
                assertThat(Integer.signum(table.compare(slots[i], slots[k], 0)))
                        .as("seed %d: %s and %s", seed, Arrays.toString(values.get(i)), Arrays.toString(values.get(k)))
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aForestAgreesWithTreeSets(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] keyOf = random.ints(2_000, 0, 1 << 30).distinct().toArray();
        OrderedForest forest = new OrderedForest((slot, other) -> Integer.compare(keyOf[slot], keyOf[other]));
        OrderedForest.Walk walk = forest.new Walk();
        int[] roots = {OrderedForest.EMPTY, OrderedForest.EMPTY, OrderedForest.EMPTY};
        List<TreeSet<Integer>> sets = List.of(new TreeSet<>(), new TreeSet<>(), new TreeSet<>());
        for (int i = 0; i < 20_000; i++) {
            int slot = random.nextInt(keyOf.length);
            int tree = slot % 3;
            if (sets.get(tree).remove(keyOf[slot])) {
                roots[tree] = forest.remove(roots[tree], slot);
            } else {
                sets.get(tree).add(keyOf[slot]);
                roots[tree] = forest.insert(roots[tree], slot);
            }
            if (i % 500 == 0) {
                int from = random.nextInt(1 << 30);
                List<Integer> found = new ArrayList<>();
                walk.beginAfter(roots[tree], other -> keyOf[other] < from);
                for (int next = walk.next(); next != OrderedForest.EMPTY; next = walk.next()) {
                    found.add(keyOf[next]);
                }
                assertThat(found)
                        .as("seed %d", seed)
                        .containsExactlyElementsOf(sets.get(tree).tailSet(from));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 10})
    void panesDropWhatLiesWhollyBelowTheWaterline(int shift) {
        SplittableRandom random = new SplittableRandom(shift);
        TimePanes panes = new TimePanes(shift);
        TreeMap<Integer, Long> times = new TreeMap<>();
        long waterline = -5_000;
        for (int i = 0; i < 5_000; i++) {
            int slot = random.nextInt(300);
            Long known = times.remove(slot);
            if (known != null) {
                panes.remove(slot, known);
            } else {
                long time = waterline + random.nextLong(0, 6_000);
                times.put(slot, time);
                panes.add(slot, time);
            }
            if (random.nextInt(20) == 0) {
                waterline += random.nextLong(0, 500);
                long limit = waterline;
                List<Integer> dropped = new ArrayList<>();
                panes.dropBelow(limit, dropped::add);
                List<Integer> expected = times.entrySet().stream()
                        .filter(entry -> entry.getValue() >> shift < limit >> shift)
                        .map(Map.Entry::getKey)
                        .toList();
                assertThat(dropped).containsExactlyInAnyOrderElementsOf(expected);
                expected.forEach(times::remove);
            }
        }
    }
}
