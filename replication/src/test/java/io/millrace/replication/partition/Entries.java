package io.millrace.replication.partition;

import io.millrace.log.BatchWriter;
import io.millrace.log.Compression;
import io.millrace.log.RecordBuffer;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.Retention;
import io.millrace.replication.TopicSettings;
import io.millrace.replication.metadata.Fields;
import io.millrace.replication.metadata.Metadata;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Builds entries by hand, for tests that need no batcher.
final class Entries {
    private interface Body {
        void writeTo(DataOutputStream out) throws IOException;
    }

    private final ByteBuffer buffer = ByteBuffer.allocate(4 << 20);
    private int commands;

    Entries() {
        EntryLayout.begin(buffer);
    }

    private Entries add(byte type, Body body) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            body.writeTo(new DataOutputStream(bytes));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        EntryLayout.putCommand(buffer, type, bytes.toByteArray());
        commands++;
        return this;
    }

    Entries create(String name, TopicSettings settings) {
        return add(EntryLayout.CREATE_TOPIC, out -> {
            Fields.writeText(out, name);
            Metadata.writeSettings(out, settings);
        });
    }

    Entries delete(String name) {
        return add(EntryLayout.DELETE_TOPIC, out -> Fields.writeText(out, name));
    }

    Entries retention(String name, Retention retention) {
        return add(EntryLayout.SET_RETENTION, out -> {
            Fields.writeText(out, name);
            Metadata.writeRetention(out, retention);
        });
    }

    Entries raiseEarliest(long topicId, int partition, long offset) {
        return add(EntryLayout.RAISE_EARLIEST, out -> {
            out.writeLong(topicId);
            out.writeInt(partition);
            out.writeLong(offset);
            out.writeBoolean(false);
        });
    }

    Entries commit(long topicId, int partition, long offset, String group) {
        return add(EntryLayout.COMMIT, out -> {
            out.writeLong(topicId);
            out.writeInt(partition);
            out.writeLong(offset);
            Fields.writeText(out, group);
        });
    }

    Entries put(String key, byte[] value, long expectedVersion) {
        return add(EntryLayout.PUT_DOCUMENT, out -> {
            out.writeLong(expectedVersion);
            Fields.writeText(out, key);
            Fields.writeBytes(out, value);
        });
    }

    Entries fence(String query, long generation) {
        return add(EntryLayout.FENCE, out -> {
            out.writeLong(generation);
            Fields.writeText(out, query);
        });
    }

    /// @param key 0 for none
    /// @param expectOffset −1 for any
    Entries append(
            long topicId,
            int partition,
            RecordBuffer records,
            long key,
            long bodyHash,
            long expectOffset,
            @Nullable OutputStamp stamp) {
        int at = EntryLayout.beginCommand(buffer);
        buffer.putLong(topicId).putInt(partition).putInt(records.count()).put((byte) ((key != 0 ? EntryLayout.KEYED : 0)
                | (expectOffset >= 0 ? EntryLayout.EXPECTED : 0)
                | (stamp != null ? EntryLayout.STAMPED : 0)));
        if (key != 0) {
            buffer.putLong(key).putLong(~key).putLong(bodyHash);
        }
        if (expectOffset >= 0) {
            buffer.putLong(expectOffset);
        }
        if (stamp != null) {
            buffer.put(Batcher.encode(stamp));
        }
        new BatchWriter(Compression.NONE).write(records, buffer);
        EntryLayout.finishCommand(buffer, at, EntryLayout.APPEND);
        commands++;
        return this;
    }

    /// A command that no version knows.
    Entries unknown() {
        return add((byte) 99, out -> out.writeInt(1));
    }

    int commands() {
        return commands;
    }

    byte[] finish(long timeMs) {
        EntryLayout.finish(buffer, timeMs, commands);
        return Arrays.copyOf(buffer.array(), buffer.position());
    }
}
