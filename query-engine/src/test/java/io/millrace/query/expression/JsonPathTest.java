package io.millrace.query.expression;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonPathTest {
    private static final String DOCUMENT =
            " {\"a\":{\"b\":[10,{\"c d\":\"x\\u00e9\\n\"}],\"n\":null},\"a\":{\"b\":[1,{\"c d\":\"y\\u00e9\"}],\"n\":null},"
                    + "\"\\u007a\":true} ";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "$.a.b[0]|1|1",
                "lax $.a.b[1][\"c d\"]|\"y\\u00e9\"|yé",
                "$['a'].n|null|",
                "$.z|true|true",
                "$.a.b[2]||",
                "$.a.x||",
                "$.z.y||",
                "$.a[0]||",
                "$.a.b|[1,{\"c d\":\"y\\u00e9\"}]|[1,{\"c d\":\"y\\u00e9\"}]"
            })
    void pathsFindTheLastMemberOfAName(String path, @Nullable String json, @Nullable String text) {
        JsonPath parsed = java.util.Objects.requireNonNull(JsonPath.parse(path));
        byte[] document = DOCUMENT.getBytes(StandardCharsets.UTF_8);

        assertThat(shown(parsed.json(document, 0, document.length))).isEqualTo(json);
        assertThat(shown(parsed.text(document, 0, document.length))).isEqualTo(text);
        assertThat(parsed.exists(document, 0, document.length)).isEqualTo(json != null);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "a", "$..a", "$.a[*]", "$.a?(@ > 1)", "$.", "$[", "$[-1]", "strict $.a", "$[1234567890]"})
    void otherPathsAreLeftToCalcite(String path) {
        assertThat(JsonPath.parse(path)).isNull();
    }

    @Test
    void whatIsNoJsonHasNothing() {
        for (String text : new String[] {"", " ", "{", "{\"a\":1}x", "{\"a\":01}", "nul"}) {
            byte[] document = text.getBytes(StandardCharsets.UTF_8);
            assertThat(JsonPath.member("a").json(document, 0, document.length))
                    .as(text)
                    .isNull();
            assertThat(JsonPath.ROOT.json(document, 0, document.length))
                    .as(text)
                    .isNull();
        }
    }

    private static @Nullable String shown(byte @Nullable [] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }
}
