package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.BatchWriter;
import io.millrace.log.Compression;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.Nodes;
import io.millrace.replication.ReplicaPeers;
import io.millrace.replication.Retention;
import io.millrace.replication.metadata.Fields;
import io.millrace.replication.metadata.Metadata;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandRelayTest {
    private static final byte[] BODY = fence(1, "q");

    private static byte[] fence(long generation, String query) {
        return ByteBuffer.allocate(12 + query.length())
                .putLong(generation)
                .putInt(query.length())
                .put(query.getBytes(StandardCharsets.UTF_8))
                .array();
    }

    private static byte[] request(byte type, byte[] body) {
        ByteBuffer request = ByteBuffer.allocate(100 + body.length).put((byte) 0);
        ByteBuffer entry = request.slice();
        EntryLayout.begin(entry);
        EntryLayout.putCommand(entry, type, body);
        EntryLayout.finish(entry, 0, 1);
        return Arrays.copyOf(request.array(), 1 + entry.position());
    }

    /// A request with a right checksum, whatever it says.
    private static byte[] request(byte type, int length) {
        ByteBuffer request = ByteBuffer.allocate(100).put((byte) 0);
        ByteBuffer entry = request.slice();
        EntryLayout.begin(entry);
        entry.put(type).putInt(length).put(BODY);
        EntryLayout.finish(entry, 0, 1);
        return Arrays.copyOf(request.array(), 1 + entry.position());
    }

    @Test
    void aCommandArrivesAsItWasSent() {
        CommandRelay.Asked asked = CommandRelay.read(request(EntryLayout.FENCE, BODY.length));

        assertThat(asked.type()).isEqualTo(EntryLayout.FENCE);
        assertThat(asked.body()).isEqualTo(BODY);
    }

    /// Everything that a client's request may become: taken as it is, and refused when one byte more or less is
    /// said, whatever the frame's checksum.
    @Test
    void aBodyThatNoReplicaCouldApplyIsRefused() throws IOException {
        SplittableRandom random = new SplittableRandom(20261121);
        Map<Byte, byte[]> bodies = bodies();
        bodies.forEach((type, body) -> {
            assertThat(CommandRelay.read(request(type, body)).body()).isEqualTo(body);
            for (int length = 0; length < body.length; length++) {
                byte[] cut = request(type, Arrays.copyOf(body, length));
                assertThatThrownBy(() -> CommandRelay.read(cut))
                        .as("type %d, %d of %d bytes", type, length(cut), body.length)
                        .isInstanceOf(InvalidEntryException.class);
            }
            byte[] more = request(type, Arrays.copyOf(body, body.length + 1));
            assertThatThrownBy(() -> CommandRelay.read(more)).isInstanceOf(InvalidEntryException.class);
            for (int i = 0; i < 2_000; i++) { // refused or sound, but nothing else is thrown
                byte[] changed = body.clone();
                changed[random.nextInt(body.length)] = (byte) random.nextInt();
                try {
                    CommandRelay.read(request(type, changed));
                } catch (InvalidEntryException refused) {
                    assertThat(refused).hasMessageContaining(" ");
                }
            }
        });
        assertThat(bodies).hasSize(EntryLayout.FENCE);
        assertThatThrownBy(() -> CommandRelay.read(request(EntryLayout.FENCE, fence(0, "q"))))
                .isInstanceOf(InvalidEntryException.class);
    }

    private static int length(byte[] request) {
        return request.length;
    }

    @Test
    void everyChangeOfARecordBatchIsNoticedOrHarmless() {
        byte[] body = append();
        int batch = EntryLayout.APPEND_BYTES_MAX - EntryLayout.COMMAND_HEADER_BYTES - 8 - 24; // behind the head
        for (int bit = 8 * batch; bit < 8 * body.length; bit++) {
            byte[] flipped = body.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            boolean outsideChecksum = bit / 8 - batch >= 12 && bit / 8 - batch < 16; // the leader's epoch
            if (outsideChecksum) {
                assertThat(CommandRelay.read(request(EntryLayout.APPEND, flipped))
                                .body())
                        .isEqualTo(flipped);
            } else {
                byte[] request = request(EntryLayout.APPEND, flipped);
                assertThatThrownBy(() -> CommandRelay.read(request))
                        .as("bit %d of the batch", bit - 8 * batch)
                        .isInstanceOf(InvalidEntryException.class);
            }
        }
    }

    private static byte[] append() {
        AppendRequest request = AppendRequest.of("t", 3, Nodes.records("a", "bb"));
        ByteBuffer body = ByteBuffer.allocate(1_000);
        Batcher.encodeHead(body, request, 7, 2, 0, 0);
        new BatchWriter(Compression.NONE).write(request.records(), body);
        return Arrays.copyOf(body.array(), body.position());
    }

    private static Map<Byte, byte[]> bodies() throws IOException {
        Map<Byte, byte[]> bodies = new TreeMap<>();
        bodies.put(EntryLayout.APPEND, append());
        bodies.put(EntryLayout.CREATE_TOPIC, body(out -> {
            Fields.writeText(out, "t");
            Metadata.writeSettings(out, Nodes.partitions(4));
        }));
        bodies.put(EntryLayout.DELETE_TOPIC, body(out -> Fields.writeText(out, "t")));
        bodies.put(EntryLayout.SET_RETENTION, body(out -> {
            Fields.writeText(out, "t");
            Metadata.writeRetention(out, Retention.FOREVER);
        }));
        bodies.put(EntryLayout.RAISE_EARLIEST, body(out -> {
            out.writeLong(1);
            out.writeInt(0);
            out.writeLong(5);
            out.writeBoolean(false);
        }));
        bodies.put(EntryLayout.COMMIT, body(out -> {
            out.writeLong(1);
            out.writeInt(0);
            out.writeLong(5);
            Fields.writeText(out, "g");
        }));
        bodies.put(EntryLayout.PUT_DOCUMENT, body(out -> {
            out.writeLong(-1);
            Fields.writeText(out, "k");
            Fields.writeBytes(out, new byte[] {1, 2});
        }));
        bodies.put(EntryLayout.FENCE, BODY);
        return bodies;
    }

    private static byte[] body(GroupLog.Body content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        content.writeTo(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 12, 14, Integer.MAX_VALUE})
    void aLengthThatIsNotTheBodysIsRefusedBeforeAnythingIsAllocated(int length) {
        byte[] request = request(EntryLayout.FENCE, length);

        assertThatThrownBy(() -> CommandRelay.read(request)).isInstanceOf(InvalidEntryException.class);
    }

    @ParameterizedTest
    @ValueSource(bytes = {EntryLayout.ADOPT_TOPIC, EntryLayout.FORGET_TOPIC, 0, -1, 127})
    void whatOnlyLeadersProposeDoesNotTravel(byte type) {
        byte[] request = request(type, BODY.length);

        assertThatThrownBy(() -> CommandRelay.read(request)).isInstanceOf(InvalidEntryException.class);
    }

    @Test
    void everyFlippedBitAndEveryMissingByteIsNoticed() {
        byte[] request = request(EntryLayout.FENCE, BODY.length);
        for (int bit = 8; bit < request.length * 8; bit++) { // the flags in front are not covered
            byte[] flipped = request.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> CommandRelay.read(flipped)).isInstanceOf(RuntimeException.class);
        }
        for (int length = 1; length < request.length; length++) {
            byte[] cut = Arrays.copyOf(request, length);
            assertThatThrownBy(() -> CommandRelay.read(cut)).isInstanceOf(RuntimeException.class);
        }
    }

    @Test
    void noMoreTravelsThanMayAndTheBoundItselfDoes() {
        CommandRelay relay = new CommandRelay(ReplicaPeers.NONE, nodeId -> Optional.empty());

        assertThat(relay.reserve(99, 100)).isTrue();
        assertThat(relay.reserve(2, 100)).isFalse();
        assertThat(relay.reserve(1, 100)).isTrue();
        assertThat(relay.reserve(1, 100)).isFalse();
    }
}
