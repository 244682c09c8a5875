package io.millrace.replication.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class TruncationsTest {
    private final Truncations truncations = new Truncations();

    @Test
    void entriesThatTakeThePlaceOfOthersAreUncertainUntilTheFlushAfterTheFilesWereCut() throws Exception {
        assertThat(truncations.areOver(Long.MAX_VALUE - 1)).isTrue();
        Future<?> cut = truncations.truncate(15);
        assertThat(truncations.areOver(14)).isTrue();
        assertThat(truncations.areOver(15)).isFalse();
        assertThat(truncations.areOver(16)).isFalse();
        assertThat(truncations.flush(20)).isCompleted(); // of what the worker had been given before
        assertThat(truncations.areOver(15)).isFalse();
        cut.get();
        assertThat(truncations.areOver(15))
                .as("its flush index is corrected after this")
                .isFalse();
        assertThat(truncations.flush(16)).isCompleted();
        assertThat(truncations.areOver(15)).isTrue();
        assertThat(truncations.areOver(20)).isTrue();
    }

    @Test
    void severalTruncationsAreAllWaitedFor() throws Exception {
        Future<?> first = truncations.truncate(15);
        Future<?> second = truncations.truncate(12);
        first.get();
        first.get(); // counts once
        assertThat(truncations.flush(20)).isCompleted();
        assertThat(truncations.areOver(11)).isTrue();
        assertThat(truncations.areOver(12)).isFalse();
        second.get();
        assertThat(truncations.flush(20)).isCompleted();
        assertThat(truncations.areOver(12)).isTrue();
    }
}
