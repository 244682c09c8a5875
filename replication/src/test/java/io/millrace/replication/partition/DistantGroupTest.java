package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.replication.Member;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicaPeers;
import io.millrace.replication.metadata.Metadata;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/// What a node believes of those who hold a group that it does not hold.
class DistantGroupTest {
    private static final byte[] RECORDS = Questions.records(1, 0, 7, 9, 1_000, false);

    private final Map<String, byte[]> answers = new ConcurrentHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();

    private DistantGroup group() {
        Metadata shared = new Metadata();
        shared.put(DistantGroup.PLACEMENT + 1, DistantGroup.encode(List.of("n2", "n3")));
        ReplicaPeers peers = new ReplicaPeers() {
            @Override
            public ReplicaCopy open(Member member, int group) throws IOException {
                throw new IOException("nobody gives copies here");
            }

            @Override
            public CompletableFuture<byte[]> ask(Member member, int group, byte[] command) {
                asked.add(member.nodeId());
                if (answers.isEmpty()) {
                    throw new OutOfMemoryError("as planned");
                }
                return CompletableFuture.completedFuture(answers.get(member.nodeId()));
            }
        };
        List<Member> members = List.of(member("n1"), member("n2"), member("n3"));
        return new DistantGroup(1, "n1", () -> shared, () -> members, () -> null, peers, appended -> {}, () -> {});
    }

    private static Member member(String id) {
        return new Member(id, "0123456789abcdef", id + ":1", "http://" + id + ":2");
    }

    private static byte[] outOfRange(long earliest, long next) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeByte(Questions.OUT_OF_RANGE);
        out.writeLong(earliest);
        out.writeLong(next);
        return bytes.toByteArray();
    }

    @Test
    void aReplicaThatIsBehindDoesNotMakeAnOffsetOneThatIsOutOfRange() throws Exception {
        byte[] records = {Questions.ANSWERED, 1, 2, 3};
        answers.put("n2", outOfRange(0, 5)); // has not applied offset 7 yet
        answers.put("n3", records);
        try (DistantGroup group = group()) {
            assertThat(group.ask(RECORDS, 7)).isEqualTo(records);
            assertThat(asked).containsExactly("n2", "n3");
        }
    }

    @Test
    void anOffsetThatRetentionHasDeletedIsOutOfRange() throws Exception {
        answers.put("n2", outOfRange(8, 9));
        try (DistantGroup group = group()) {
            assertThatThrownBy(() -> group.ask(RECORDS, 7)).isInstanceOf(OffsetOutOfRangeException.class);
        }
    }

    @Test
    void itGoesOnAskingWhateverHappens() {
        try (DistantGroup group = group()) {
            group.start();
            long deadline = System.nanoTime() + 60_000_000_000L;
            while (asked.size() < 3 && System.nanoTime() < deadline) {
                LockSupport.parkNanos(5_000_000);
            }
            assertThat(asked).hasSizeGreaterThanOrEqualTo(3);
            assertThat(group.problem()).contains("as planned");
        }
    }
}
