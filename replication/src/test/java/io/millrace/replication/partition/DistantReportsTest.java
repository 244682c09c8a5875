package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.replication.Member;
import io.millrace.replication.Nodes;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicaPeers;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.metadata.Metadata;
import io.millrace.replication.partition.ReportedEnds.Knowledge;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// Reports of which only what is new is sent: whatever happens to those who hold a group, the one who asks has in
/// the end what the one who answered has.
class DistantReportsTest {
    private static final long SEED = Long.getLong("millrace.seed", 20261121);
    private static final int PARTITIONS_MANY = 4_096;

    /// A partition as its holder has it.
    private static final class Held implements ReportedEnds.Part {
        final long topicId;
        final int partition;
        long earliest;
        long readableEnd;
        long sizeBytes;

        Held(long topicId, int partition) {
            this.topicId = topicId;
            this.partition = partition;
        }

        Held(Held other) {
            this(other.topicId, other.partition);
            earliest = other.earliest;
            readableEnd = other.readableEnd;
            sizeBytes = other.sizeBytes;
        }

        @Override
        public long topicId() {
            return topicId;
        }

        @Override
        public int partition() {
            return partition;
        }

        @Override
        public long earliest() {
            return earliest;
        }

        @Override
        public long readableEnd() {
            return readableEnd;
        }

        @Override
        public long sizeBytes() {
            return sizeBytes;
        }
    }

    /// A node that holds the group.
    private static final class Holder {
        final List<Held> parts = new ArrayList<>();
        final Metadata metadata = new Metadata();
        ReportedEnds ends = new ReportedEnds();
        String leader = "";
        long term;
        long applied;
        List<GroupPeers.Peer> members = List.of();
        int answerBytes;

        /// As [Questions] answers.
        byte[] answer(byte[] question) throws IOException {
            DataInputStream in = new DataInputStream(new ByteArrayInputStream(question));
            assertThat(in.readByte()).isEqualTo(Questions.REPORT);
            in.readBoolean();
            boolean hasMetadata = in.readBoolean();
            int checksum = in.readInt();
            Knowledge knowledge = new Knowledge(in.readLong(), in.readLong());
            assertThat(in.available()).isZero();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeByte(Questions.ANSWERED);
            GroupReport.writeHead(out, leader, term, applied, applied, members);
            GroupReport.writeMetadata(out, metadata, hasMetadata ? Optional.of(checksum) : Optional.empty());
            ends.write(out, parts, knowledge);
            answerBytes = bytes.size();
            return bytes.toByteArray();
        }

        /// What a report must hold, without any thought of what was told before.
        Map<GroupReport.Place, GroupReport.Ends> all() {
            Map<GroupReport.Place, GroupReport.Ends> all = new HashMap<>();
            for (Held part : parts) {
                if (part.readableEnd > 0) {
                    all.put(
                            new GroupReport.Place(part.topicId, part.partition),
                            new GroupReport.Ends(part.earliest, part.readableEnd, part.sizeBytes));
                }
            }
            return all;
        }
    }

    private final Holder n2 = new Holder();
    private final Holder n3 = new Holder();
    private final Set<String> silent = new HashSet<>();
    private final Set<TopicPartition> appended = new HashSet<>();
    private Holder answered = n2;

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
                try {
                    if (silent.contains(member.nodeId())) {
                        throw new IOException("connection refused");
                    }
                    answered = member.nodeId().equals("n2") ? n2 : n3;
                    return CompletableFuture.completedFuture(answered.answer(command));
                } catch (IOException e) {
                    return CompletableFuture.failedFuture(e);
                }
            }
        };
        List<Member> members = List.of(member("n1"), member("n2"), member("n3"));
        return new DistantGroup(1, "n1", () -> shared, () -> members, () -> null, peers, appended::add, () -> {});
    }

    private static Member member(String id) {
        return new Member(id, "0123456789abcdef", id + ":1", "http://" + id + ":2");
    }

    private static GroupPeers.Peer peer(String id) {
        return new GroupPeers.Peer(member(id).peerId(), id + ":1", "http://" + id + ":2");
    }

    @Test
    void whoAsksHasWhatTheOneWhoAnsweredHas() throws Exception {
        SplittableRandom random = new SplittableRandom(SEED);
        int shortAnswers = 0;
        try (DistantGroup group = group()) {
            for (int step = 0; step < 5_000; step++) {
                String what = "seed %d, step %d".formatted(SEED, step);
                for (int i = random.nextInt(4); i > 0; i--) {
                    change(random);
                }
                silent.clear();
                if (random.nextInt(4) == 0) {
                    silent.add(random.nextBoolean() ? "n2" : "n3");
                }
                GroupReport before = group.known();
                GroupReport seen = group.look(random.nextBoolean(), 0);
                Holder holder = answered;
                assertThat(seen.partitions()).as(what).isEqualTo(holder.all());
                assertThat(seen.leader() == null ? "" : seen.leader()).as(what).isEqualTo(holder.leader);
                assertThat(seen.term()).as(what).isEqualTo(holder.term);
                assertThat(seen.appliedIndex()).as(what).isEqualTo(holder.applied);
                assertThat(seen.members()).as(what).isEqualTo(holder.members);
                assertThat(seen.metadata().documents("").keySet())
                        .as(what)
                        .isEqualTo(holder.metadata.documents("").keySet());
                boolean behind = before != null && seen.appliedIndex() < before.appliedIndex();
                assertThat(group.known()).as(what).isSameAs(behind ? before : seen);
                if (holder.answerBytes < 40 + 28 * holder.all().size()) {
                    shortAnswers++;
                }
            }
        }
        assertThat(shortAnswers).isGreaterThan(500); // or nothing was tested but whole reports
    }

    /// One of all ways in which what a node reports changes.
    private void change(SplittableRandom random) {
        Holder holder = random.nextBoolean() ? n2 : n3;
        Holder other = holder == n2 ? n3 : n2;
        Held part = holder.parts.isEmpty() ? null : holder.parts.get(random.nextInt(holder.parts.size()));
        holder.applied += random.nextInt(2); // some changes come without an entry
        switch (random.nextInt(12)) {
            case 0, 1 -> {
                Held made = new Held(1 + random.nextInt(4), random.nextInt(20));
                if (holder.parts.stream()
                        .noneMatch(known -> known.topicId == made.topicId && known.partition == made.partition)) {
                    made.readableEnd = random.nextInt(3); // 0: nobody has written to it yet
                    holder.parts.add(made);
                }
            }
            case 2, 3, 4 -> {
                if (part != null) {
                    part.readableEnd += 1 + random.nextInt(9);
                    part.sizeBytes += random.nextInt(100);
                }
            }
            case 5 -> {
                if (part != null) {
                    part.earliest += random.nextInt((int) (part.readableEnd - part.earliest) + 1);
                }
            }
            case 6 -> {
                if (part != null) {
                    part.sizeBytes /= 2; // compaction
                }
            }
            case 7 -> holder.parts.remove(part);
            case 8 -> { // it was rebuilt from the other one's copy
                holder.parts.clear();
                other.parts.forEach(copied -> holder.parts.add(new Held(copied)));
                holder.applied = Math.max(holder.applied, other.applied);
            }
            case 9 -> { // it was started again, and has forgotten what it told
                holder.ends = new ReportedEnds();
                if (part != null) { // as it was on disk
                    part.readableEnd = Math.max(part.earliest, part.readableEnd - random.nextInt(2));
                }
            }
            case 10 -> {
                holder.term++;
                holder.leader = List.of("", "n2", "n3").get(random.nextInt(3));
                holder.members = random.nextBoolean() ? List.of(peer("n2"), peer("n3")) : List.of(peer("n3"));
            }
            default -> holder.metadata.put("document" + random.nextInt(5), new byte[random.nextInt(2)]);
        }
    }

    @Test
    void anAnswerIsShortWhileNothingChangesAndStillTellsWhoLeads() throws Exception {
        Holder holder = n2;
        silent.add("n3");
        for (int partition = 0; partition < PARTITIONS_MANY; partition++) {
            Held part = new Held(1, partition);
            part.readableEnd = 1;
            holder.parts.add(part);
        }
        try (DistantGroup group = group()) {
            GroupReport first = group.look(false, 0);
            assertThat(holder.answerBytes).isGreaterThan(PARTITIONS_MANY * 36);
            GroupReport second = group.look(true, 0);
            assertThat(holder.answerBytes).isLessThan(200);
            assertThat(second.partitions()).isSameAs(first.partitions()); // nothing is copied either
            assertThat(group.known()).isSameAs(second);
            assertThat(group.leader()).isEmpty();

            holder.leader = "n2";
            holder.term = 7;
            holder.members = List.of(peer("n2"));
            GroupReport third = group.look(false, 0);
            assertThat(holder.answerBytes).isLessThan(200);
            assertThat(third.term()).isEqualTo(7);
            assertThat(third.members()).isEqualTo(List.of(peer("n2")));
            assertThat(group.leader()).hasValue("n2");

            holder.parts.get(17).readableEnd = 2;
            assertThat(group.look(false, 0).ends(1, 17).next()).isEqualTo(2);
            assertThat(holder.answerBytes).isLessThan(300);

            holder.ends = new ReportedEnds(); // started again
            group.look(false, 0);
            assertThat(holder.answerBytes).isGreaterThan(PARTITIONS_MANY * 36);
        }
    }

    @Test
    void whatChangedAloneIsNoReportForOneWhoHasNothing() throws Exception {
        Holder holder = n2;
        Held part = new Held(1, 0);
        part.readableEnd = 1;
        holder.parts.add(part);
        GroupReport first = GroupReport.read(Questions.open(holder.answer(Questions.report(false, null)), 0), null);
        byte[] unchanged = holder.answer(Questions.report(false, first));
        assertThat(GroupReport.read(Questions.open(unchanged, 0), first).partitions())
                .isEqualTo(first.partitions());
        Holder other = n3;
        GroupReport ofAnother = GroupReport.read(Questions.open(other.answer(Questions.report(false, null)), 0), null);
        assertThatThrownBy(() -> GroupReport.read(Questions.open(unchanged, 0), ofAnother))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("and they are not");
    }

    @Test
    void numbersThatWereNeverGivenAreAnsweredWithEverything() throws Exception {
        ReportedEnds ends = new ReportedEnds();
        Held part = new Held(1, 0);
        part.readableEnd = 1;
        Knowledge now = knowledge(ends, part, Knowledge.NOTHING, 1);
        assertThat(now.number()).isEqualTo(1);
        for (Knowledge known : List.of(
                new Knowledge(now.table(), now.number() + 1),
                new Knowledge(now.table() + 1, now.number()),
                Knowledge.NOTHING)) {
            assertThat(knowledge(ends, part, known, 1)).isEqualTo(now);
        }
        assertThat(knowledge(ends, part, new Knowledge(now.table(), 0), 1)).isEqualTo(now); // the first change is new
        assertThat(knowledge(ends, part, now, 0)).isEqualTo(now);
    }

    /// @param count how many partitions must be told
    private static Knowledge knowledge(ReportedEnds ends, Held part, Knowledge known, int count) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ends.write(new DataOutputStream(bytes), List.of(part), known);
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
        Knowledge now = new Knowledge(in.readLong(), in.readLong());
        in.readBoolean();
        assertThat(in.readInt()).isEqualTo(count);
        return now;
    }

    @Test
    void appendsAreToldWhenOnlyTheirPartitionIs() throws Exception {
        Holder holder = n2;
        silent.add("n3");
        Topic topic = holder.metadata.add(holder.metadata.draft("t", Nodes.partitions(2)));
        Held one = new Held(topic.id(), 0);
        Held two = new Held(topic.id(), 1);
        one.readableEnd = 1;
        two.readableEnd = 1;
        holder.parts.addAll(List.of(one, two));
        try (DistantGroup group = group()) {
            group.look(false, 0);
            assertThat(appended).containsExactlyInAnyOrder(new TopicPartition("t", 0), new TopicPartition("t", 1));
            appended.clear();
            group.look(false, 0);
            assertThat(appended).isEmpty();
            two.readableEnd = 2;
            group.look(false, 0);
            assertThat(appended).containsExactly(new TopicPartition("t", 1));
        }
    }
}
