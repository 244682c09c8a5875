package io.millrace.http.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.json.JsonBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestIdTest {
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 9, 10, 35, 36, 37, 1295, 1296, 1_234_567_890_123L, Long.MAX_VALUE})
    void theIdInAnAnswersHeadIsTheOneInItsBody(long number) {
        JsonBuffer out = new JsonBuffer(1).ascii("id-");
        HttpServer.writeBase36(out, number);
        assertThat(out).hasToString("id-" + Long.toString(number, 36));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "A-b_c.9", "0123456789012345678901234567890123456789012345678901234567890123"})
    void aClientsOwnIdIsKept(String id) {
        assertThat(HttpServer.saneRequestId(id)).isEqualTo(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "a b", "a\r\nb", "é", "01234567890123456789012345678901234567890123456789012345678901234"})
    void anIdThatCouldBreakALogOrAHeaderIsNot(String id) {
        assertThat(HttpServer.saneRequestId(id)).isNull();
    }
}
