package io.millrace.replication.ratis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.CorruptLogException;
import io.millrace.replication.ratis.TornTailScan.Finding;
import io.millrace.replication.ratis.TornTailScan.Label;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The table of [TornTailScan], on segments that are written here byte by byte as Ratis writes them.
class TornTailScanTest {
    private static final int ENTRY_BYTES_MAX = 1 << 20;
    private static final int WRITTEN_AHEAD_BYTES = 300;

    @TempDir
    Path folder;

    private final List<Integer> ends = new ArrayList<>();

    /// Three entries with the indexes from `first` on, then zeros.
    private byte[] segment(long... indexes) throws IOException {
        SplittableRandom random = new SplittableRandom(5);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write("RaftLog1".getBytes(StandardCharsets.US_ASCII));
        ends.clear();
        for (long index : indexes) {
            byte[] data = new byte[200];
            random.nextBytes(data);
            LogEntryProto entry = LogEntryProto.newBuilder()
                    .setTerm(3)
                    .setIndex(index)
                    .setStateMachineLogEntry(
                            StateMachineLogEntryProto.newBuilder().setLogData(ByteString.copyFrom(data)))
                    .build();
            ByteArrayOutputStream one = new ByteArrayOutputStream();
            entry.writeDelimitedTo(one);
            out.write(one.toByteArray());
            CRC32C crc = new CRC32C();
            crc.update(one.toByteArray());
            out.write(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
            ends.add(out.size());
        }
        out.write(new byte[WRITTEN_AHEAD_BYTES]);
        return out.toByteArray();
    }

    private static Finding scan(byte[] bytes) {
        return TornTailScan.scan(ByteBuffer.wrap(bytes), ENTRY_BYTES_MAX);
    }

    @Test
    void entriesAndThenZerosAreClean() throws IOException {
        byte[] bytes = segment(7, 8, 9);
        assertThat(scan(bytes)).isEqualTo(new Finding(Label.CLEAN, ends.get(2), -1, 9));
        assertThat(scan(Arrays.copyOf(bytes, ends.get(2)))).isEqualTo(new Finding(Label.CLEAN, ends.get(2), -1, 9));
        assertThat(scan(segment())).isEqualTo(new Finding(Label.CLEAN, 8, -1, -1));
        assertThat(scan(segment(0)).label()).isEqualTo(Label.CLEAN); // index 0 is not on disk at all
    }

    @Test
    void whereverTheLastWriteStoppedItIsATornTail() throws IOException {
        byte[] whole = segment(7, 8, 9);
        for (int stop = ends.get(1); stop < ends.get(2); stop++) {
            byte[] torn = whole.clone();
            Arrays.fill(torn, stop, torn.length, (byte) 0);
            boolean nothingArrived = stop == ends.get(1);
            // the last bytes of an entry may be zeros anyway
            if (!Arrays.equals(torn, whole)) {
                assertThat(scan(torn).label())
                        .as("stopped at %d", stop)
                        .isEqualTo(nothingArrived ? Label.CLEAN : Label.TORN_TAIL);
                assertThat(scan(torn).lastIndex()).isEqualTo(8);
            }
            assertThat(scan(Arrays.copyOf(whole, stop)).label())
                    .as("cut at %d", stop)
                    .isEqualTo(nothingArrived ? Label.CLEAN : Label.TORN_TAIL);
        }
    }

    @Test
    void everyFlippedBitBeforeTheLastEntryIsDamage() throws IOException {
        byte[] whole = segment(7, 8, 9);
        for (int bit = 8 * 8; bit < ends.get(1) * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << (bit % 8));
            Finding finding = scan(flipped);
            assertThat(finding.label()).as("bit %d", bit).isEqualTo(Label.DAMAGED);
            assertThat(finding.nextGoodPosition()).as("bit %d", bit).isEqualTo((long)
                    (bit / 8 < ends.get(0) ? ends.get(0) : ends.get(1)));
        }
        for (int bit = ends.get(1) * 8; bit < ends.get(2) * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThat(scan(flipped).label()).as("bit %d", bit).isEqualTo(Label.TORN_TAIL);
        }
    }

    @Test
    void aHoleOfZerosInTheMiddleIsDamage() throws IOException {
        byte[] bytes = segment(7, 8, 9);
        Arrays.fill(bytes, ends.get(0), ends.get(1), (byte) 0);
        assertThat(scan(bytes)).isEqualTo(new Finding(Label.DAMAGED, ends.get(0), ends.get(1), 7));
    }

    @Test
    void anIndexThatDoesNotFollowIsAGap() throws IOException {
        assertThat(scan(segment(7, 9)).label()).isEqualTo(Label.GAP);
        assertThat(scan(segment(7, 7)).label()).isEqualTo(Label.GAP);
    }

    @Test
    void aHeaderMayBeTornButNotForeign() {
        byte[] header = "RaftLog1".getBytes(StandardCharsets.US_ASCII);
        for (int length = 0; length < header.length; length++) {
            assertThat(scan(Arrays.copyOf(header, length)).label()).isEqualTo(Label.TORN_HEADER);
            assertThat(scan(Arrays.copyOf(Arrays.copyOf(header, length), 100)).label())
                    .isEqualTo(Label.TORN_HEADER);
        }
        assertThat(scan("RaftLog2".getBytes(StandardCharsets.US_ASCII)).label()).isEqualTo(Label.FOREIGN);
        assertThat(scan("something else".getBytes(StandardCharsets.US_ASCII)).label())
                .isEqualTo(Label.FOREIGN);
    }

    @Test
    void aLengthFromNowhereAllocatesAndReadsNothing() {
        byte[] bytes = Arrays.copyOf("RaftLog1".getBytes(StandardCharsets.US_ASCII), 40);
        Arrays.fill(bytes, 8, 12, (byte) 0xff);
        bytes[12] = 0x7f;
        assertThat(scan(bytes).label()).isEqualTo(Label.TORN_TAIL);
        Arrays.fill(bytes, 8, 40, (byte) 0xff);
        assertThat(scan(bytes).label()).isEqualTo(Label.TORN_TAIL);
    }

    @Test
    void theMessageSaysWhichFileAndWhere() throws IOException {
        TornTailScan.check(folder.resolve("nothing here yet"), ENTRY_BYTES_MAX, -1);
        writeVote("term=3\nvotedFor=n1\n");
        byte[] damaged = segment(7, 8, 9);
        damaged[20] ^= 1;
        Files.write(folder.resolve("log_inprogress_7"), damaged);
        assertThatThrownBy(() -> TornTailScan.check(folder, ENTRY_BYTES_MAX, 6))
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("log_inprogress_7 is corrupt at byte 8")
                .hasMessageContaining("good entry behind it at byte " + ends.get(0));
    }

    @Test
    void aClosedSegmentMustBeWhole() throws IOException {
        writeVote("term=3\nvotedFor=n1\n");
        Path closed = folder.resolve("log_7-9");
        byte[] whole = segment(7, 8, 9);
        Files.write(closed, whole);
        TornTailScan.check(folder, ENTRY_BYTES_MAX, 6);
        byte[] flipped = whole.clone();
        flipped[ends.get(1) + 20] ^= 1; // in the last entry, which in an open segment would be a torn tail
        for (byte[] bad : List.of(flipped, Arrays.copyOf(whole, ends.get(1)), segment(7, 8))) {
            Files.write(closed, bad);
            assertThatThrownBy(() -> TornTailScan.check(folder, ENTRY_BYTES_MAX, 6))
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("log_7-9 is corrupt at byte " + ends.get(1))
                    .hasMessageContaining("goes to 9");
        }
    }

    private void writeVote(String text) throws IOException {
        Files.writeString(folder.resolve("raft-meta"), text);
    }

    @Test
    void segmentsFollowEachOtherAndTheManifest() throws IOException {
        writeVote("#when\nterm=3\nvotedFor=n1\n");
        Files.write(folder.resolve("log_7-8"), segment(7, 8));
        Files.write(folder.resolve("log_9-9"), segment(9));
        Files.write(folder.resolve("log_inprogress_10"), segment(10, 11));
        TornTailScan.check(folder, ENTRY_BYTES_MAX, 6);
        TornTailScan.check(folder, ENTRY_BYTES_MAX, 20);
        assertThatThrownBy(() -> TornTailScan.check(folder, ENTRY_BYTES_MAX, 5))
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("log_7-8 begins at entry 7, expected at most 6");
        Files.delete(folder.resolve("log_9-9"));
        assertThatThrownBy(() -> TornTailScan.check(folder, ENTRY_BYTES_MAX, 6))
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("log_inprogress_10 begins at entry 10, expected 9");
    }

    @Test
    void aNodeThatHasAppliedAnythingKnowsItsVote() throws IOException {
        TornTailScan.check(folder, ENTRY_BYTES_MAX, -1);
        assertThatThrownBy(() -> TornTailScan.check(folder, ENTRY_BYTES_MAX, 0))
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("raft-meta is missing");
        for (String bad : List.of("", "votedFor=n1\n", "term=x\n", "term=-1\n", "ter\u0000=3\n")) {
            writeVote(bad);
            assertThatThrownBy(() -> TornTailScan.check(folder, ENTRY_BYTES_MAX, 0))
                    .as(bad)
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("raft-meta is corrupt");
        }
        writeVote("term=0\n");
        TornTailScan.check(folder, ENTRY_BYTES_MAX, 0);
    }
}
