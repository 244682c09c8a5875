package io.millrace.replication.partition;

import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordHeader;
import io.millrace.log.RecordReader;
import io.millrace.replication.ReplicationException;
import io.millrace.replication.metadata.Fields;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// What a node that does not hold a group asks one that does. Questions travel the way of commands
/// ([CommandRelay]); their first byte tells them apart.
///
/// | question   | bytes behind the first one                                                             |
/// |------------|----------------------------------------------------------------------------------------|
/// | 16 report  | 1 when everything acknowledged before must be in it (1), metadata known (1), crc (4), |
/// |            | ends known ([ReportedEnds.Knowledge], 8 + 8)                                           |
/// | 17 records | topic id (8), partition (4), from (8), end (8), most bytes (4), with markers (1)       |
/// | 18 time    | topic id (8), partition (4), timestamp ms (8)                                          |
///
/// An answer begins with 0 (then what was asked for), 1 (this node does not hold the group), 2 (failed, and
/// why) or 3 (out of range: earliest, next). Records: the offset behind them (8), how many (4), then each with
/// its offset (8), timestamp (8), marker (1), lengths of key and value (4 + 4, −1 for none), number of headers
/// (4), key, value, headers (name and value, 4 bytes of length in front of each); the last 4 bytes are a
/// CRC32C.
final class Questions {
    static final byte REPORT = 16;
    static final byte RECORDS = 17;
    static final byte TIME = 18;

    static final byte ANSWERED = 0;
    static final byte NOT_HERE = 1;
    static final byte FAILED = 2;
    static final byte OUT_OF_RANGE = 3;

    /// Most bytes of records in an answer, roughly; one record is always sent.
    static final int RECORD_BYTES_MAX = 4 << 20;

    /// What is in front of a record's key.
    static final int RECORD_HEAD_BYTES = 8 + 8 + 1 + 4 + 4 + 4;

    private static final long BARRIER_TIMEOUT_MS = 5_000;
    /// Answers with records that are made at the same time; each takes a few times [#RECORD_BYTES_MAX] at most. Who
    /// is refused asks another node, and again.
    static final int ANSWERS_MAX = 32;
    static final Semaphore ANSWERING = new Semaphore(ANSWERS_MAX);

    private Questions() {}

    static boolean isQuestion(byte[] request) {
        return request.length > 0 && request[0] >= REPORT && request[0] <= TIME;
    }

    // ---- the side that asks

    /// @param known what need not be told again
    static byte[] report(boolean linearizable, @Nullable GroupReport known) {
        ReportedEnds.Knowledge knowledge = known == null ? ReportedEnds.Knowledge.NOTHING : known.knowledge();
        return bytes(out -> {
            out.writeByte(REPORT);
            out.writeBoolean(linearizable);
            out.writeBoolean(known != null);
            out.writeInt(known == null ? 0 : known.checksum());
            out.writeLong(knowledge.table());
            out.writeLong(knowledge.number());
        });
    }

    static byte[] records(long topicId, int partition, long from, long end, int bytesMax, boolean markers) {
        return bytes(out -> {
            out.writeByte(RECORDS);
            out.writeLong(topicId);
            out.writeInt(partition);
            out.writeLong(from);
            out.writeLong(end);
            out.writeInt(bytesMax);
            out.writeBoolean(markers);
        });
    }

    static byte[] time(long topicId, int partition, long timestampMs) {
        return bytes(out -> {
            out.writeByte(TIME);
            out.writeLong(topicId);
            out.writeInt(partition);
            out.writeLong(timestampMs);
        });
    }

    /// Where the records of an answer begin.
    static final int RECORDS_START = 1 + 8 + 4;

    /// @throws IOException the answer did not arrive as it was sent
    static void verifyRecords(byte[] answer) throws IOException {
        int end = answer.length - 4;
        if (end < RECORDS_START) {
            throw new EOFException("an answer of %d bytes".formatted(answer.length));
        }
        CRC32C crc = new CRC32C();
        crc.update(answer, 0, end);
        int sent = new DataInputStream(new ByteArrayInputStream(answer, end, 4)).readInt();
        if (sent != (int) crc.getValue()) {
            throw new IOException("records of another node did not arrive as they were sent");
        }
    }

    // ---- the side that is asked

    /// Waits for files, and for the group's leader when the question wants that; on a thread of its own.
    ///
    /// @param here whether this node holds the group
    static CompletableFuture<byte[]> answer(GroupLog log, boolean here, byte[] question) {
        if (!here) {
            return CompletableFuture.completedFuture(new byte[] {NOT_HERE});
        }
        boolean large = question[0] == RECORDS;
        if (large && !ANSWERING.tryAcquire()) {
            return CompletableFuture.completedFuture(
                    failed("%d questions for records are being answered already; ask again".formatted(ANSWERS_MAX)));
        }
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        Thread.ofVirtual().name("replication-answer-" + log.number).start(() -> {
            try {
                answer.complete(answerNow(log, question));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                answer.complete(failed("the node is stopping"));
            } catch (OffsetOutOfRangeException e) {
                answer.complete(bytes(out -> {
                    out.writeByte(OUT_OF_RANGE);
                    out.writeLong(e.earliestOffset());
                    out.writeLong(e.nextOffset());
                }));
            } catch (EOFException e) {
                answer.completeExceptionally(new ReplicationException("this is no question", e));
            } catch (IOException | ExecutionException | TimeoutException | RuntimeException e) {
                answer.complete(failed(
                        e.getCause() == null ? e.toString() : e.getCause().toString()));
            } catch (Error e) {
                answer.complete(failed(e.toString()));
                throw e;
            } finally {
                if (large) {
                    ANSWERING.release();
                }
            }
        });
        return answer;
    }

    private static byte[] failed(String why) {
        return bytes(out -> {
            out.writeByte(FAILED);
            Fields.writeText(out, why);
        });
    }

    private static byte[] answerNow(GroupLog log, byte[] question)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(question));
        byte kind = in.readByte();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeByte(ANSWERED);
        if (kind == REPORT) {
            boolean linearizable = in.readBoolean();
            boolean hasMetadata = in.readBoolean();
            int checksum = in.readInt();
            ReportedEnds.Knowledge knowledge = new ReportedEnds.Knowledge(in.readLong(), in.readLong());
            if (linearizable) {
                log.cluster.barrier(log.number).get(BARRIER_TIMEOUT_MS, TimeUnit.MILLISECONDS);
            }
            GroupReport.write(out, log, hasMetadata ? Optional.of(checksum) : Optional.empty(), knowledge);
            return bytes.toByteArray();
        }
        long topicId = in.readLong();
        int partition = in.readInt();
        PartitionLog records = log.state.partition(topicId, partition);
        if (records == null) {
            throw new IOException("the group does not know partition %d of topic %d".formatted(partition, topicId));
        }
        if (kind == TIME) {
            out.writeLong(records.offsetAtTime(in.readLong()));
            return bytes.toByteArray();
        }
        long from = in.readLong();
        long end = in.readLong();
        int bytesMax = Math.clamp(in.readInt(), 1, RECORD_BYTES_MAX);
        try (RecordReader reader = in.readBoolean() ? records.readerWithMarkers(from) : records.reader(from)) {
            return recordsOf(reader, end, bytesMax);
        }
    }

    private static byte[] recordsOf(RecordReader reader, long end, int bytesMax) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.write(new byte[RECORDS_START]); // filled in below
        int count = 0;
        if (reader.fill(end, bytesMax)) {
            while (reader.next()) {
                out.writeLong(reader.offset());
                out.writeLong(reader.timestampMs());
                out.writeBoolean(reader.isMarker());
                out.writeInt(reader.keyLength());
                out.writeInt(reader.valueLength());
                int headers = reader.headerCount();
                out.writeInt(headers);
                out.write(reader.bytes(), reader.keyStart(), Math.max(0, reader.keyLength()));
                out.write(reader.bytes(), reader.valueStart(), Math.max(0, reader.valueLength()));
                if (headers > 0) {
                    for (RecordHeader header : reader.headers()) {
                        Fields.writeText(out, header.name());
                        Fields.writeBytes(out, header.value());
                    }
                }
                count++;
            }
        }
        out.writeInt(0);
        byte[] answer = bytes.toByteArray();
        int behind = answer.length - 4;
        ByteBuffer fields = ByteBuffer.wrap(answer);
        fields.put(0, ANSWERED).putLong(1, reader.position()).putInt(9, count);
        CRC32C crc = new CRC32C();
        crc.update(answer, 0, behind);
        fields.putInt(behind, (int) crc.getValue());
        return answer;
    }

    /// The answer's payload.
    ///
    /// @param asked the offset that was asked for
    ///
    /// @throws OffsetOutOfRangeException the other node says so
    /// @throws IOException the other node could not answer
    static DataInputStream open(byte[] answer, long asked) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(answer));
        byte kind = in.readByte();
        switch (kind) {
            case ANSWERED -> {
                return in;
            }
            case NOT_HERE -> throw new IOException("that node does not hold the group");
            case FAILED -> throw new IOException(Fields.readText(in));
            case OUT_OF_RANGE -> throw new OffsetOutOfRangeException(asked, in.readLong(), in.readLong());
            default -> throw new IOException("an answer of kind " + kind);
        }
    }

    private interface Content {
        void writeTo(DataOutputStream out) throws IOException;
    }

    private static byte[] bytes(Content content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            content.writeTo(new DataOutputStream(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return bytes.toByteArray();
    }
}
