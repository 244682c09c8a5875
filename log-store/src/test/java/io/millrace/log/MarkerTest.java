package io.millrace.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.disk.SimulatedDisk;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MarkerTest {
    private static final byte[] MARK = "mark".getBytes(StandardCharsets.UTF_8);

    @Test
    void ordinaryReadersStepOverAMarkerAndOthersSeeIt() throws Exception {
        try (PartitionLog log = new LogStore(new SimulatedDisk(1)).open(Path.of("p"), LogSettings.DEFAULT, null)) {
            append(log, record("a"));
            append(log, RecordBuffer.marker(7, MARK));
            append(log, record("b"));

            assertThat(read(log.reader(0))).containsExactly("0:a", "2:b");
            assertThat(read(log.readerWithMarkers(0))).containsExactly("0:a", "1!mark", "2:b");
            assertThat(read(log.readerWithMarkers(1))).containsExactly("1!mark", "2:b");
        }
    }

    @Test
    void aReaderWhoseRestIsAMarkerComesToTheEnd() throws Exception {
        try (PartitionLog log = new LogStore(new SimulatedDisk(1)).open(Path.of("p"), LogSettings.DEFAULT, null)) {
            append(log, record("a"));
            append(log, RecordBuffer.marker(7, MARK));
            RecordReader reader = log.reader(0);

            assertThat(read(reader)).containsExactly("0:a");
            assertThat(reader.fill(Long.MAX_VALUE, 4096)).isFalse();
            assertThat(reader.position()).isEqualTo(2);
        }
    }

    @Test
    void aMarkerSharesNoBatch() {
        RecordBuffer records = record("a");

        assertThatThrownBy(() -> records.addAll(RecordBuffer.marker(7, MARK)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RecordBuffer.marker(7, MARK).addAll(record("a")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aCopyOfAMarkerIsAMarker() {
        RecordBuffer copy = new RecordBuffer();
        copy.addAll(RecordBuffer.marker(7, MARK));
        assertThat(copy.isMarker()).isTrue();
        assertThatThrownBy(() -> copy.addAll(record("a"))).isInstanceOf(IllegalArgumentException.class);
        copy.clear();
        copy.addAll(record("a"));
        assertThat(copy.isMarker()).isFalse();
    }

    private static RecordBuffer record(String value) {
        RecordBuffer records = new RecordBuffer();
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        records.add(5, null, 0, 0, bytes, 0, bytes.length, List.of());
        return records;
    }

    private static void append(PartitionLog log, RecordBuffer records) throws Exception {
        ByteBuffer batch = ByteBuffer.allocate(BatchWriter.sizeBytesMax(records));
        new BatchWriter(Compression.ZSTD).write(records, batch);
        log.append(batch.flip(), 1);
        log.advanceHighWatermark(log.nextOffset());
    }

    private static List<String> read(RecordReader reader) throws Exception {
        List<String> found = new ArrayList<>();
        while (reader.fill(Long.MAX_VALUE, 4096)) {
            while (reader.next()) {
                String value =
                        new String(reader.bytes(), reader.valueStart(), reader.valueLength(), StandardCharsets.UTF_8);
                found.add(reader.offset() + (reader.isMarker() ? "!" : ":") + value);
            }
        }
        return found;
    }
}
