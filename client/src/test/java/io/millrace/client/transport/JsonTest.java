package io.millrace.client.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @Test
    void numbersKeepEveryDigit() {
        assertThat(Json.parse("9223372036854775807")).isEqualTo(Long.MAX_VALUE);
        assertThat(Json.parse("-9223372036854775808")).isEqualTo(Long.MIN_VALUE);
        assertThat(Json.parse("9223372036854775808")).isEqualTo(new BigInteger("9223372036854775808"));
        assertThat(Json.parse("0.10")).isEqualTo(new BigDecimal("0.10"));
        assertThat(Json.parse("12345678901234567890.123456789"))
                .isEqualTo(new BigDecimal("12345678901234567890.123456789"));
        assertThat(Json.parse("-0")).isEqualTo(0L);
        assertThat(Json.parse("1e3")).isEqualTo(new BigDecimal("1e3"));
    }

    @Test
    void stringsKeepEveryCharacter() {
        assertThat(Json.parse("\"\\u00e9\\n\\\"\\\\\\/\\ud83d\\ude00\"")).isEqualTo("é\n\"\\/😀");
        assertThat(Json.write("a\u0001\"\\\n😀")).isEqualTo("\"a\\u0001\\\"\\\\\\n😀\"");
        assertThat(Json.write("\ud83d")).isEqualTo("\"\\ud83d\"");
    }

    @Test
    void lastOfRepeatedNamesCounts() {
        assertThat(Json.parse("{\"a\":1,\"a\":2}")).isEqualTo(Map.of("a", 2L));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "[1,]",
                "{\"a\"}",
                "{\"a\":}",
                "{a:1}",
                "01",
                "1.",
                ".5",
                "1e",
                "+1",
                "-",
                "nul",
                "\"",
                "\"\\x\"",
                "\"\\u12\"",
                "\"\n\"",
                "[1 2]",
                "1 2",
                "{\"a\":1,}",
                "tru e",
                "\"\\",
                "1e99999999999"
            })
    void textThatIsNotJsonIsRefusedWithThePlace(String text) {
        assertThatThrownBy(() -> Json.parse(text))
                .isInstanceOf(Json.JsonException.class)
                .hasMessageContaining("at character");
    }

    @Test
    void nestingIsLimited() {
        assertThat(Json.parse("[".repeat(512) + "]".repeat(512))).isInstanceOf(List.class);
        assertThatThrownBy(() -> Json.parse("[".repeat(513) + "]".repeat(513)))
                .isInstanceOf(Json.JsonException.class)
                .hasMessageContaining("512");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void whatIsWrittenIsReadBackTheSame(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 500; i++) {
            Object value = random(random, 0);
            assertThat(Json.parse(Json.write(value)))
                    .as("seed %d, value %d", seed, i)
                    .isEqualTo(value);
        }
    }

    private static @Nullable Object random(SplittableRandom random, int depth) {
        return switch (random.nextInt(depth > 4 ? 6 : 8)) {
            case 0 -> null;
            case 1 -> random.nextBoolean();
            case 2 -> random.nextLong() >> random.nextInt(64);
            case 3 -> new BigDecimal(BigInteger.valueOf(random.nextLong()), 1 + random.nextInt(30));
            case 4 ->
                BigInteger.valueOf(random.nextLong()).shiftLeft(64).setBit(70).abs();
            case 5 -> text(random);
            case 6 -> {
                List<@Nullable Object> list = new ArrayList<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    list.add(random(random, depth + 1));
                }
                yield list;
            }
            default -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    map.put(text(random), random(random, depth + 1));
                }
                yield map;
            }
        };
    }

    private static String text(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i > 0; i--) {
            text.append((char) random.nextInt(random.nextBoolean() ? 0x80 : 0x10000));
        }
        return text.toString();
    }
}
