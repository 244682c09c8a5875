package io.millrace.replication.partition;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// One entry of the replicated log: commands of many requests, decided one after the other. Big-endian.
///
/// | bytes | field        | meaning                                                    |
/// |-------|--------------|------------------------------------------------------------|
/// | 0–3   | magic        | `MRE1`; the digit is the version of this table             |
/// | 4–7   | crc32c       | over bytes 8 to the end: the network checks nothing better |
/// | 8–15  | timeMs       | the leader's clock; the only time that decisions know      |
/// | 16–19 | commandCount | at least 1                                                 |
/// | 20–   | commands     | back to back                                               |
///
/// A command:
///
/// | bytes | field  | meaning                 |
/// |-------|--------|-------------------------|
/// | 0     | type   | below                   |
/// | 1–4   | length | bytes of the body       |
/// | 5–    | body   | by type                 |
///
/// | type | name           | body (text and bytes: 4 bytes of length, then UTF-8 or bytes)               |
/// |------|----------------|------------------------------------------------------------------------------|
/// | 1    | append         | the next table                                                               |
/// | 2    | create topic   | name, settings                                                               |
/// | 3    | delete topic   | name                                                                         |
/// | 4    | set retention  | name or `*`, age ms (8), bytes (8)                                           |
/// | 5    | raise earliest | topic id (8), partition (4), offset (8), 1 when it is a retention tick (1)   |
/// | 6    | commit         | topic id (8), partition (4), offset (8), group                               |
/// | 7    | put document   | expected version (8), key, value                                             |
/// | 8    | fence          | generation (8), query                                                        |
/// | 9    | adopt topic    | topic id (8), name, settings it was asked for with, age ms (8), bytes (8)    |
/// | 10   | forget topic   | topic id (8)                                                                 |
///
/// The last two are for groups other than 0, which follow what group 0 has decided.
///
/// Append:
///
/// | bytes | field        | meaning                                                                     |
/// |-------|--------------|-----------------------------------------------------------------------------|
/// | 0–7   | topicId      |                                                                             |
/// | 8–11  | partition    |                                                                             |
/// | 12–15 | recordCount  | 0 only for a stamp without rows                                             |
/// | 16    | flags        | 1 key, 2 expected offset, 4 stamp                                           |
/// | then  | key          | 8 + 8 bytes of the key's hash, 8 of the body's; with flag 1                 |
/// | then  | expectOffset | 8 bytes; with flag 2                                                        |
/// | then  | stamp        | query, generation (8), step (8), watermark (8), frontier; with flag 4       |
/// | rest  | batch        | one record batch v2, base offset 0; the offset is decided when it is applied |
final class EntryLayout {
    static final int MAGIC = 0x4d524531;
    static final int HEADER_BYTES = 20;
    static final int COMMAND_HEADER_BYTES = 5;

    static final byte APPEND = 1;
    static final byte CREATE_TOPIC = 2;
    static final byte DELETE_TOPIC = 3;
    static final byte SET_RETENTION = 4;
    static final byte RAISE_EARLIEST = 5;
    static final byte COMMIT = 6;
    static final byte PUT_DOCUMENT = 7;
    static final byte FENCE = 8;
    static final byte ADOPT_TOPIC = 9;
    static final byte FORGET_TOPIC = 10;

    static final int KEYED = 1;
    static final int EXPECTED = 2;
    static final int STAMPED = 4;

    /// Everything of an append but batch and stamp.
    static final int APPEND_BYTES_MAX = COMMAND_HEADER_BYTES + 17 + 24 + 8;

    private EntryLayout() {}

    /// Leaves room for the header; [#finish] fills it.
    static void begin(ByteBuffer entry) {
        entry.clear().position(HEADER_BYTES);
    }

    /// Writes the header in front of the commands.
    static void finish(ByteBuffer entry, long timeMs, int commandCount) {
        entry.putInt(0, MAGIC);
        entry.putLong(8, timeMs);
        entry.putInt(16, commandCount);
        entry.putInt(4, checksum(entry, 8, entry.position()));
    }

    /// Leaves room for a command's header and returns where; [#finishCommand] fills it.
    static int beginCommand(ByteBuffer entry) {
        int at = entry.position();
        entry.position(at + COMMAND_HEADER_BYTES);
        return at;
    }

    static void finishCommand(ByteBuffer entry, int at, byte type) {
        entry.put(at, type);
        entry.putInt(at + 1, entry.position() - at - COMMAND_HEADER_BYTES);
    }

    static void putCommand(ByteBuffer entry, byte type, byte[] body) {
        entry.put(type).putInt(body.length).put(body);
    }

    /// @throws InvalidEntryException these bytes were not written by [#finish]
    static void verify(ByteBuffer entry) {
        int start = entry.position();
        if (entry.remaining() < HEADER_BYTES || entry.getInt(start) != MAGIC) {
            throw new InvalidEntryException(
                    "expected an entry that begins with MRE1, found %d bytes".formatted(entry.remaining()));
        }
        int expected = entry.getInt(start + 4);
        int actual = checksum(entry, start + 8, entry.limit());
        if (expected != actual) {
            throw new InvalidEntryException("expected checksum 0x%08x, found 0x%08x".formatted(expected, actual));
        }
    }

    private static int checksum(ByteBuffer entry, int from, int to) {
        CRC32C crc = new CRC32C();
        crc.update(entry.duplicate().limit(to).position(from));
        return (int) crc.getValue();
    }
}
