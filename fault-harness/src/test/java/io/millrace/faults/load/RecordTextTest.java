package io.millrace.faults.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.faults.history.Event;
import java.util.IntSummaryStatistics;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecordTextTest {
    @Test
    void aValueNamesItsRecordAndIsTheSameEachTime() {
        for (int i = 0; i < 1_000; i++) {
            String name = Event.name("k1", i);
            assertThat(RecordText.nameOf(RecordText.of(name))).isEqualTo(name);
            assertThat(RecordText.of(name)).isEqualTo(RecordText.of(name));
        }
    }

    @Test
    void noChangeOfOneCharacterGoesUnnoticed() {
        String value = RecordText.of("k1/17");
        for (int i = 0; i < value.length(); i++) {
            char[] changed = value.toCharArray();
            changed[i] ^= 1;
            assertThat(RecordText.nameOf(new String(changed)))
                    .as("change at %d", i)
                    .startsWith("?");
        }
        assertThat(RecordText.nameOf(value.substring(0, value.length() - 1))).startsWith("?");
        assertThat(RecordText.nameOf("")).isEqualTo("?");
    }

    @Test
    void someValuesSpanPages() {
        IntSummaryStatistics lengths = IntStream.range(0, 1_000)
                .map(i -> RecordText.of("k/" + i).length())
                .summaryStatistics();

        assertThat(lengths.getMax()).isGreaterThan(8_192);
        assertThat(lengths.getAverage()).isBetween(60.0, 600.0);
    }
}
