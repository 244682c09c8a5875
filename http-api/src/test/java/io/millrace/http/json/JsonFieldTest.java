package io.millrace.http.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.http.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonFieldTest {
    @Test
    void findsWhatATreeFinds() throws Exception {
        long seed = Seeds.first(20_261_121);
        SplittableRandom random = new SplittableRandom(seed);
        JsonField field = new JsonField("a.b");
        for (int round = 0; round < 3000; round++) {
            Object tree = tree(random, 3);
            byte[] bytes = new JsonBuffer().value(tree).toBytes();
            boolean found = field.find(bytes, 0, bytes.length);
            Object expected =
                    tree instanceof Map<?, ?> map && map.get("a") instanceof Map<?, ?> inner ? inner.get("b") : null;
            assertThat(found)
                    .as("seed %d: %s", seed, new String(bytes, StandardCharsets.UTF_8))
                    .isEqualTo(expected != null);
            if (expected != null) {
                String text =
                        new String(field.value(), field.valueStart(), field.valueLength(), StandardCharsets.UTF_8);
                assertThat(text)
                        .as("seed %d", seed)
                        .isEqualTo(
                                expected instanceof String string
                                        ? string
                                        : new JsonBuffer().value(expected).toString());
            }
        }
    }

    private static Object tree(SplittableRandom random, int depth) {
        return switch (random.nextInt(depth == 0 ? 3 : 8)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextBoolean();
            case 2 -> List.of("x", "ü\"\\\n\u0001", "😀", "").get(random.nextInt(4));
            case 3 -> List.of(tree(random, depth - 1), tree(random, depth - 1));
            default -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (String name : List.of("x", "a", "b", "\"q\"")) {
                    if (random.nextBoolean()) {
                        map.put(name, tree(random, depth - 1));
                    }
                }
                yield map;
            }
        };
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "{\"a",
                "{\"a\"",
                "{\"a\":",
                "{\"x\":1",
                "{\"x\":1,}",
                "{x:1}",
                "{\"x\":[1,]}",
                "{\"x\" 1}",
                "{\"a\":\"\\ud800\"}",
                "{\"a\":\"\\u12\"}",
                "{\"a\":\"\\q\"}",
                "{\"a\":\"\u0001\"}"
            })
    void whatIsNotJsonIsRefusedAndNeverReadPastItsEnd(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> new JsonField("a").find(bytes, 0, bytes.length))
                .isInstanceOf(MalformedJsonException.class);
    }

    @Test
    void utf8IsCheckedAsTheDecoderOfThePlatformDoes() {
        long seed = Seeds.first(20_261_121);
        SplittableRandom random = new SplittableRandom(seed);
        byte[] bytes = new byte[4];
        for (int round = 0; round < 200_000; round++) {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (random.nextInt(3) == 0 ? random.nextInt(128) : 0x80 + random.nextInt(128));
            }
            boolean valid;
            try {
                StandardCharsets.UTF_8.newDecoder().decode(java.nio.ByteBuffer.wrap(bytes));
                valid = true;
            } catch (java.nio.charset.CharacterCodingException malformed) {
                valid = false;
            }
            assertThat(Utf8.isValid(bytes, 0, bytes.length))
                    .as("seed %d: %s", seed, java.util.Arrays.toString(bytes))
                    .isEqualTo(valid);
        }
    }
}
