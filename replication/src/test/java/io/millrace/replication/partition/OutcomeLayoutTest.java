package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.replication.AppendOutcome;
import io.millrace.replication.CommitOutcome;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.FenceOutcome;
import io.millrace.replication.GroupLayout;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.TopicSettings;
import io.millrace.replication.metadata.Metadata;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OutcomeLayoutTest {
    static List<CommandOutcome> outcomes() {
        Topic topic = new Topic(
                "t", 7, new TopicSettings(3, 0, new Retention(5, -1), TopicSettings.Cleanup.COMPACT, Map.of("a", "b")));
        return List.of(
                new CommandOutcome.Appended(1L << 40, 3),
                new CommandOutcome.AppendRejected(new AppendOutcome.Duplicate(5, 2)),
                new CommandOutcome.AppendRejected(new AppendOutcome.IdempotencyConflict()),
                new CommandOutcome.AppendRejected(new AppendOutcome.OffsetMismatch(1, 2)),
                new CommandOutcome.AppendRejected(new AppendOutcome.Fenced(9)),
                new CommandOutcome.AppendRejected(new AppendOutcome.UnknownTopic()),
                new CommandOutcome.AppendRejected(new AppendOutcome.UnknownPartition(4)),
                new CommandOutcome.AppendRejected(new AppendOutcome.Overloaded()),
                new CommandOutcome.AppendRejected(new AppendOutcome.DiskFull()),
                new CommandOutcome.TopicDecided(new TopicOutcome.Done(topic, true)),
                new CommandOutcome.TopicDecided(new TopicOutcome.Done(topic, false)),
                new CommandOutcome.TopicDecided(new TopicOutcome.AlreadyExists(topic)),
                new CommandOutcome.TopicDecided(new TopicOutcome.Unknown()),
                new CommandOutcome.TopicDecided(new TopicOutcome.OutOfRange(1, 2)),
                new CommandOutcome.TopicDecided(new TopicOutcome.Refused("so")),
                new CommandOutcome.CommitDecided(new CommitOutcome.Committed(3, 4)),
                new CommandOutcome.CommitDecided(new CommitOutcome.UnknownPartition()),
                new CommandOutcome.CommitDecided(new CommitOutcome.OutOfRange(6)),
                new CommandOutcome.DocumentDecided(new DocumentOutcome.Stored(2)),
                new CommandOutcome.DocumentDecided(new DocumentOutcome.VersionMismatch(3)),
                new CommandOutcome.FenceDecided(new FenceOutcome.Raised()),
                new CommandOutcome.FenceDecided(new FenceOutcome.Stale(8)));
    }

    @ParameterizedTest
    @MethodSource("outcomes")
    void everyOutcomeArrivesAsItWasSent(CommandOutcome outcome) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        OutcomeLayout.write(new DataOutputStream(bytes), outcome);
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
        assertThat(OutcomeLayout.read(in)).isEqualTo(outcome);
        assertThat(in.available()).isZero();
    }

    @Test
    void anOutcomeOfAnotherVersionIsRefused() {
        assertThatThrownBy(() -> OutcomeLayout.read(new DataInputStream(new ByteArrayInputStream(new byte[] {22}))))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("kind 22");
    }

    @Test
    void aGroupForgetsOnlyTopicsWhoseIdGroupZeroHasGivenAndTakesOnlyThoseThatItHolds() {
        Metadata shared = new Metadata();
        Metadata own = new Metadata();
        TopicSettings one = new TopicSettings(1, 0, Retention.FOREVER, TopicSettings.Cleanup.DELETE, Map.of());
        Topic a = shared.add(shared.draft("a", one)); // id 1, group 1 of 3
        shared.add(shared.draft("b", one)); // id 2, group 2
        Topic c = shared.add(shared.draft("c", one)); // id 3, group 0
        Topic d = shared.add(shared.draft("d", one)); // id 4, group 1
        own.add(Metadata.draft(a.id(), "a", one, Retention.FOREVER));
        own.add(Metadata.draft(d.id(), "d", one, Retention.FOREVER));
        own.add(Metadata.draft(7, "from the future", one, Retention.FOREVER)); // group 0 lags on this node
        assertThat(GroupFollower.changes(shared, own, 1, new GroupLayout(3, false)))
                .isEmpty();

        shared.delete(java.util.Objects.requireNonNull(shared.topic(a.id())));
        shared.setRetention(java.util.Objects.requireNonNull(shared.topic(d.id())), new Retention(1, 2));
        assertThat(GroupFollower.changes(shared, own, 1, new GroupLayout(3, false)))
                .containsExactly(
                        new GroupFollower.Change.Forget(a.id()),
                        new GroupFollower.Change.Adopt(java.util.Objects.requireNonNull(shared.topic(d.id()))));
        assertThat(GroupFollower.changes(shared, new Metadata(), 0, new GroupLayout(3, false)))
                .containsExactly(
                        new GroupFollower.Change.Adopt(java.util.Objects.requireNonNull(shared.topic(c.id()))));
    }
}
