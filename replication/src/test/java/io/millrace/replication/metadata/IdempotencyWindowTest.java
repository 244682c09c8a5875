package io.millrace.replication.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdempotencyWindowTest {
    private record Key(long high, long low) {}

    private record Fact(long firstOffset, int count, long bodyHash, long timeMs) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void itRemembersWhatAnInsertionOrderedMapRemembers(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        int keysMax = 1 + random.nextInt(200);
        IdempotencyWindow window = new IdempotencyWindow(keysMax);
        Map<Key, Fact> model = new LinkedHashMap<>();
        long timeMs = 0;
        for (int step = 0; step < 5_000; step++) {
            timeMs += random.nextInt(3);
            // few distinct homes, so that the table has long runs to shift
            Key key = new Key(random.nextInt(3), random.nextInt(300) * (random.nextBoolean() ? 1L : 1L << 40));
            int place = window.find(key.high(), key.low());
            Fact known = model.get(key);
            assertThat(place >= 0).as("seed %d step %d", seed, step).isEqualTo(known != null);
            if (known != null) {
                assertThat(new Fact(
                                window.firstOffset(place), window.count(place), window.bodyHash(place), known.timeMs()))
                        .as("seed %d step %d", seed, step)
                        .isEqualTo(known);
            } else {
                Fact fact = new Fact(random.nextLong(), random.nextInt(), random.nextLong(), timeMs);
                window.add(key.high(), key.low(), fact.firstOffset(), fact.count(), fact.bodyHash(), timeMs);
                model.put(key, fact);
                if (model.size() > keysMax) {
                    model.remove(model.keySet().iterator().next());
                }
            }
            if (random.nextInt(50) == 0) {
                long before = timeMs - random.nextInt(100);
                window.forgetBefore(before);
                model.values().removeIf(fact -> fact.timeMs() < before);
            }
            if (random.nextInt(200) == 0) {
                long later = random.nextInt(10_000);
                timeMs += later;
                window.shift(later);
                model.replaceAll((ignored, fact) ->
                        new Fact(fact.firstOffset(), fact.count(), fact.bodyHash(), fact.timeMs() + later));
            }
            if (random.nextInt(500) == 0) {
                window = copy(window, keysMax);
            }
            assertThat(window.size()).as("seed %d step %d", seed, step).isEqualTo(model.size());
        }
    }

    private static IdempotencyWindow copy(IdempotencyWindow window, int keysMax) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        window.writeTo(new DataOutputStream(bytes));
        return IdempotencyWindow.readFrom(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())), keysMax);
    }
}
