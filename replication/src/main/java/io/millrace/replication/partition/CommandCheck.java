package io.millrace.replication.partition;

import io.millrace.log.BatchCheck;
import io.millrace.replication.metadata.Fields;
import io.millrace.replication.metadata.Metadata;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;

/// Looks at a command that came from outside, to its last byte, before it is proposed. Once it is in the log it
/// is too late: every replica would stop at a command that it cannot read.
final class CommandCheck {
    private CommandCheck() {}

    /// @throws InvalidEntryException [GroupState] could not apply it
    static void require(byte type, byte[] body) {
        ByteArrayInputStream bytes = new ByteArrayInputStream(body);
        try (DataInputStream in = new DataInputStream(bytes)) {
            switch (type) {
                case EntryLayout.APPEND -> requireAppend(in, bytes, body);
                case EntryLayout.CREATE_TOPIC -> {
                    String name = Fields.readText(in);
                    if (!GroupLog.isTopicName(name)) {
                        throw new InvalidEntryException("'%s' is no name of a topic".formatted(name));
                    }
                    Metadata.readSettings(in); // checks its numbers
                }
                case EntryLayout.DELETE_TOPIC -> Fields.readText(in);
                case EntryLayout.SET_RETENTION -> {
                    Fields.readText(in);
                    Metadata.readRetention(in);
                }
                case EntryLayout.RAISE_EARLIEST -> {
                    in.readLong();
                    in.readInt();
                    in.readLong();
                    in.readBoolean();
                }
                case EntryLayout.COMMIT -> {
                    in.readLong();
                    in.readInt();
                    if (in.readLong() < 0) {
                        throw new InvalidEntryException("a committed offset is at least 0");
                    }
                    Fields.readText(in);
                }
                case EntryLayout.PUT_DOCUMENT -> {
                    in.readLong();
                    Fields.readText(in);
                    Fields.readBytes(in);
                }
                case EntryLayout.FENCE -> {
                    if (in.readLong() < 1) {
                        throw new InvalidEntryException("a generation is at least 1");
                    }
                    Fields.readText(in);
                }
                default -> throw new InvalidEntryException("a command of type %d does not travel".formatted(type));
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new InvalidEntryException("a command of type %d cannot be read: %s".formatted(type, e.getMessage()));
        }
        if (bytes.available() > 0) {
            throw new InvalidEntryException(
                    "a command of type %d ends %d bytes before its body".formatted(type, bytes.available()));
        }
    }

    private static void requireAppend(DataInputStream in, ByteArrayInputStream bytes, byte[] body) throws IOException {
        in.readLong();
        in.readInt();
        int count = in.readInt();
        int flags = in.readByte();
        if ((flags & ~(EntryLayout.KEYED | EntryLayout.EXPECTED | EntryLayout.STAMPED)) != 0) {
            throw new InvalidEntryException("an append has flags %d, expected 0 to 7".formatted(flags));
        }
        if ((flags & EntryLayout.KEYED) != 0) {
            in.skipNBytes(3 * Long.BYTES);
        }
        if ((flags & EntryLayout.EXPECTED) != 0) {
            in.readLong();
        }
        if ((flags & EntryLayout.STAMPED) != 0) {
            Metadata.readStamp(in);
        }
        int length = bytes.available();
        if (count == 0 && length == 0 && (flags & EntryLayout.STAMPED) != 0) {
            return;
        }
        BatchCheck.require(body, body.length - length, length, count);
        in.skipNBytes(length);
    }
}
