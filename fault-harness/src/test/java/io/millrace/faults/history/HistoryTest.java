package io.millrace.faults.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryTest {
    private static final List<Event> ONE_OF_EACH = List.of(
            new Event.Sent(1, "k", 2, 3, 4, true),
            new Event.Acknowledged(1, 2, "k", 3, 4, 5, Event.NO_OFFSET, "n1"),
            new Event.Refused(1, "k", 2, 3, "503 no_leader"),
            new Event.Unknown(1, "k", 2, 3, "504"),
            new Event.Answered(1, 2, "n1", "503 no_leader"),
            new Event.Seen(1, "n1", 2, 3, "k/4"),
            new Event.Kept(1, "n1", 2, 3, "?rubbish"),
            new Event.Stored(1, "n1", 2, 3, 4),
            new Event.Latest(1, 2, "n1", 3, 4),
            new Event.CommitAcknowledged(1, 2, 3),
            new Event.Committed(1, 2, "n1", 3, 4),
            new Event.Placed(1, 2, List.of("n1", "n3")),
            new Event.CutOff(1, "n1"),
            new Event.CutOff(1, "n1", List.of(0, 3)),
            new Event.Restored(1, "n1"),
            new Event.Note(1, "kill -9 n1"));

    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsReadInOrder() throws IOException {
        Path file = folder.resolve("history.txt");
        try (History history = new History(file)) {
            ONE_OF_EACH.forEach(history::add);
        }
        try (Stream<Event> events = History.read(file)) {
            assertThat(events).isEqualTo(ONE_OF_EACH);
        }
        assertThat(ONE_OF_EACH.stream().map(Event::getClass).distinct())
                .as("every kind of event is tried")
                .hasSize(Event.class.getPermittedSubclasses().length);
    }

    @Test
    void whatComesAfterTheEndIsLeftOut() throws IOException {
        Path file = folder.resolve("history.txt");
        History history = new History(file);
        history.close();
        history.add(new Event.Note(1, "too late"));
        try (Stream<Event> events = History.read(file)) {
            assertThat(events).isEmpty();
        }
    }

    @Test
    void textThatWouldBreakALineDoesNot() {
        Event.Note note = new Event.Note(1, "a\tb\nc");

        assertThat(EventText.read(EventText.write(note))).isEqualTo(new Event.Note(1, "a b c"));
    }

    @Test
    void linesThatAreNoEventsAreRefused() {
        assertThatThrownBy(() -> EventText.read("kept\t1\tn1")).hasMessageContaining("this is no event: kept");
        assertThatThrownBy(() -> EventText.read("nothing\t1")).hasMessageContaining("there is no event 'nothing'");
    }
}
