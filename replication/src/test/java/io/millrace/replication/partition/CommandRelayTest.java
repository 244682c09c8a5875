package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.replication.ReplicaPeers;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandRelayTest {
    private static final byte[] BODY = {1, 2, 3};

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

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 2, 4, Integer.MAX_VALUE})
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
