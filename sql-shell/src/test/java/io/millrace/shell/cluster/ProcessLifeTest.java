package io.millrace.shell.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Lines of `/proc/PID/stat`: state, flags and number of threads decide.
class ProcessLifeTest {
    @ParameterizedTest
    @CsvSource({
        "S, 4194304, 41, RUNNING",
        "R, 4194304, 1, RUNNING",
        "D, 4194304, 41, RUNNING",
        "T, 4194304, 41, RUNNING",
        "R, 4194308, 1, ENDING",
        "D, 4195588, 12, ENDING",
        "Z, 4195596, 12, ENDING",
        "Z, 4195596, 1, ENDED",
        "X, 4195596, 1, ENDED"
    })
    void stateFlagsAndThreadsTellHowFarItIs(String state, long flags, int threads, ProcessLife expected) {
        String stat =
                "17071 (java) Z) %s 1 17071 17071 0 -1 %d 8912 0 3 0 101 12 0 0 20 0 %d 0 5021 3000000 40000 1 2 3 4"
                        .formatted(state, flags, threads);
        assertThat(ProcessLife.of(stat)).isEqualTo(expected);
    }
}
