package io.millrace.replication.partition;

import io.millrace.replication.AppendOutcome;
import io.millrace.replication.CommitOutcome;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.FenceOutcome;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.metadata.Fields;
import io.millrace.replication.metadata.Metadata;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// What applying a command came to, as bytes for the node that has asked. Big-endian; text has 4 bytes of length.
///
/// | kind | outcome                    | fields                                                      |
/// |------|----------------------------|-------------------------------------------------------------|
/// | 1    | appended                   | first offset (8), count (4)                                 |
/// | 2    | duplicate                  | first offset (8), count (4)                                 |
/// | 3    | key conflict               |                                                             |
/// | 4    | offset mismatch            | expected (8), next (8)                                      |
/// | 5    | fenced                     | current generation (8)                                      |
/// | 6    | unknown topic              |                                                             |
/// | 7    | unknown partition          | partitions (4)                                              |
/// | 8    | overloaded                 |                                                             |
/// | 9    | disk full                  |                                                             |
/// | 10   | topic done                 | topic, changed (1)                                          |
/// | 11   | topic exists               | topic                                                       |
/// | 12   | no such topic              |                                                             |
/// | 13   | offset out of range        | earliest (8), next (8)                                      |
/// | 14   | topic refused              | reason                                                      |
/// | 15   | committed                  | offset (8), entry index (8)                                 |
/// | 16   | commit: unknown partition  |                                                             |
/// | 17   | commit: out of range       | next (8)                                                    |
/// | 18   | document stored            | version (8)                                                 |
/// | 19   | document version mismatch  | current (8)                                                 |
/// | 20   | fence raised               |                                                             |
/// | 21   | fence stale                | current (8)                                                 |
///
/// A topic: name, id (8), settings.
final class OutcomeLayout {
    private OutcomeLayout() {}

    static void write(DataOutput out, CommandOutcome outcome) throws IOException {
        switch (outcome) {
            case CommandOutcome.Appended(long first, int count) -> {
                out.writeByte(1);
                out.writeLong(first);
                out.writeInt(count);
            }
            case CommandOutcome.AppendRejected(AppendOutcome rejected) -> writeRejected(out, rejected);
            case CommandOutcome.TopicDecided(TopicOutcome decided) -> writeTopicOutcome(out, decided);
            case CommandOutcome.CommitDecided(CommitOutcome decided) -> writeCommit(out, decided);
            case CommandOutcome.DocumentDecided(DocumentOutcome.Stored(long version)) -> number(out, 18, version);
            case CommandOutcome.DocumentDecided(DocumentOutcome.VersionMismatch(long current)) ->
                number(out, 19, current);
            case CommandOutcome.FenceDecided(FenceOutcome.Raised()) -> out.writeByte(20);
            case CommandOutcome.FenceDecided(FenceOutcome.Stale(long current)) -> number(out, 21, current);
        }
    }

    private static void number(DataOutput out, int kind, long value) throws IOException {
        out.writeByte(kind);
        out.writeLong(value);
    }

    private static void writeRejected(DataOutput out, AppendOutcome rejected) throws IOException {
        switch (rejected) {
            case AppendOutcome.Duplicate(long first, int count) -> {
                number(out, 2, first);
                out.writeInt(count);
            }
            case AppendOutcome.IdempotencyConflict() -> out.writeByte(3);
            case AppendOutcome.OffsetMismatch(long expected, long next) -> {
                number(out, 4, expected);
                out.writeLong(next);
            }
            case AppendOutcome.Fenced(long generation) -> number(out, 5, generation);
            case AppendOutcome.UnknownTopic() -> out.writeByte(6);
            case AppendOutcome.UnknownPartition(int partitions) -> {
                out.writeByte(7);
                out.writeInt(partitions);
            }
            case AppendOutcome.Overloaded() -> out.writeByte(8);
            case AppendOutcome.DiskFull() -> out.writeByte(9);
            case AppendOutcome.Appended appended -> throw unexpected(appended);
            case AppendOutcome.Accepted accepted -> throw unexpected(accepted);
            case AppendOutcome.NotLeader elsewhere -> throw unexpected(elsewhere);
            case AppendOutcome.TooLarge tooLarge -> throw unexpected(tooLarge);
        }
    }

    private static IllegalStateException unexpected(AppendOutcome outcome) {
        return new IllegalStateException("no command is rejected with " + outcome);
    }

    private static void writeTopicOutcome(DataOutput out, TopicOutcome decided) throws IOException {
        switch (decided) {
            case TopicOutcome.Done(Topic topic, boolean changed) -> {
                out.writeByte(10);
                writeTopic(out, topic);
                out.writeBoolean(changed);
            }
            case TopicOutcome.AlreadyExists(Topic existing) -> {
                out.writeByte(11);
                writeTopic(out, existing);
            }
            case TopicOutcome.Unknown() -> out.writeByte(12);
            case TopicOutcome.OutOfRange(long earliest, long next) -> {
                number(out, 13, earliest);
                out.writeLong(next);
            }
            case TopicOutcome.Refused(String reason) -> {
                out.writeByte(14);
                Fields.writeText(out, reason);
            }
        }
    }

    private static void writeCommit(DataOutput out, CommitOutcome decided) throws IOException {
        switch (decided) {
            case CommitOutcome.Committed(long offset, long entryIndex) -> {
                number(out, 15, offset);
                out.writeLong(entryIndex);
            }
            case CommitOutcome.UnknownPartition() -> out.writeByte(16);
            case CommitOutcome.OutOfRange(long next) -> number(out, 17, next);
        }
    }

    private static void writeTopic(DataOutput out, Topic topic) throws IOException {
        Fields.writeText(out, topic.name());
        out.writeLong(topic.id());
        Metadata.writeSettings(out, topic.settings());
    }

    private static Topic readTopic(DataInput in) throws IOException {
        return new Topic(Fields.readText(in), in.readLong(), Metadata.readSettings(in));
    }

    /// @throws IOException these bytes were not written by [#write]
    static CommandOutcome read(DataInput in) throws IOException {
        byte kind = in.readByte();
        return switch (kind) {
            case 1 -> new CommandOutcome.Appended(in.readLong(), in.readInt());
            case 2 -> rejected(new AppendOutcome.Duplicate(in.readLong(), in.readInt()));
            case 3 -> rejected(new AppendOutcome.IdempotencyConflict());
            case 4 -> rejected(new AppendOutcome.OffsetMismatch(in.readLong(), in.readLong()));
            case 5 -> rejected(new AppendOutcome.Fenced(in.readLong()));
            case 6 -> rejected(new AppendOutcome.UnknownTopic());
            case 7 -> rejected(new AppendOutcome.UnknownPartition(in.readInt()));
            case 8 -> rejected(new AppendOutcome.Overloaded());
            case 9 -> rejected(new AppendOutcome.DiskFull());
            case 10 -> topic(new TopicOutcome.Done(readTopic(in), in.readBoolean()));
            case 11 -> topic(new TopicOutcome.AlreadyExists(readTopic(in)));
            case 12 -> topic(new TopicOutcome.Unknown());
            case 13 -> topic(new TopicOutcome.OutOfRange(in.readLong(), in.readLong()));
            case 14 -> topic(new TopicOutcome.Refused(Fields.readText(in)));
            case 15 -> new CommandOutcome.CommitDecided(new CommitOutcome.Committed(in.readLong(), in.readLong()));
            case 16 -> new CommandOutcome.CommitDecided(new CommitOutcome.UnknownPartition());
            case 17 -> new CommandOutcome.CommitDecided(new CommitOutcome.OutOfRange(in.readLong()));
            case 18 -> new CommandOutcome.DocumentDecided(new DocumentOutcome.Stored(in.readLong()));
            case 19 -> new CommandOutcome.DocumentDecided(new DocumentOutcome.VersionMismatch(in.readLong()));
            case 20 -> new CommandOutcome.FenceDecided(new FenceOutcome.Raised());
            case 21 -> new CommandOutcome.FenceDecided(new FenceOutcome.Stale(in.readLong()));
            default -> throw new IOException("an outcome is of kind %d; this program knows 1 to 21".formatted(kind));
        };
    }

    private static CommandOutcome rejected(AppendOutcome outcome) {
        return new CommandOutcome.AppendRejected(outcome);
    }

    private static CommandOutcome topic(TopicOutcome outcome) {
        return new CommandOutcome.TopicDecided(outcome);
    }
}
