package io.millrace.replication.partition;

import io.millrace.log.LogEnd;
import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/// A partition's log as everyone but the applying thread may use it: reading only, and nothing below the floor
/// that was decided, even while its files are still there.
final class ReadablePartition extends ReadingOnly {
    private final PartitionReplica replica;

    ReadablePartition(PartitionReplica replica) {
        super(replica.name.toString());
        this.replica = replica;
    }

    private PartitionLog log() {
        try {
            return replica.log();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public long earliestOffset() {
        return Math.max(replica.earliest(), log().earliestOffset());
    }

    @Override
    public long nextOffset() {
        return log().nextOffset();
    }

    @Override
    public long highWatermark() {
        return log().highWatermark();
    }

    @Override
    public RecordReader reader(long fromOffset) throws IOException {
        checkFloor(fromOffset);
        return replica.log().reader(fromOffset);
    }

    @Override
    public RecordReader readerWithMarkers(long fromOffset) throws IOException {
        checkFloor(fromOffset);
        return replica.log().readerWithMarkers(fromOffset);
    }

    private void checkFloor(long fromOffset) throws OffsetOutOfRangeException {
        if (fromOffset < earliestOffset()) {
            throw new OffsetOutOfRangeException(fromOffset, earliestOffset(), nextOffset());
        }
    }

    @Override
    public long offsetAtTime(long timestampMs) throws IOException {
        return Math.max(replica.earliest(), replica.log().offsetAtTime(timestampMs));
    }

    @Override
    public List<Segment> segments() {
        long earliest = replica.earliest();
        return log().segments().stream()
                .filter(segment -> !segment.sealed() || segment.nextOffset() > earliest)
                .toList();
    }

    @Override
    public long retentionFloor(long olderThanMs, long bytesMax) {
        return log().retentionFloor(olderThanMs, bytesMax);
    }

    @Override
    public long sizeBytes() {
        return log().sizeBytes();
    }

    @Override
    public void verify(VerifyProgress progress) throws IOException {
        replica.log().verify(progress);
    }

    @Override
    public int checksum(long segmentFirstOffset, long sizeBytes) throws IOException {
        return replica.log().checksum(segmentFirstOffset, sizeBytes);
    }

    @Override
    public LogEnd end() {
        return log().end();
    }
}
