package io.millrace.replication.partition;

import io.millrace.log.LogEnd;
import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.log.RecordReader;
import java.io.IOException;
import java.util.List;

/// A partition of a group that other nodes hold, as they reported it last; records are fetched from them.
final class DistantPartition extends ReadingOnly {
    private final DistantGroup group;
    private final long topicId;
    private final int partition;

    DistantPartition(DistantGroup group, String name, long topicId, int partition) {
        super(name);
        this.group = group;
        this.topicId = topicId;
        this.partition = partition;
    }

    private GroupReport.Ends ends() {
        return group.ends(topicId, partition);
    }

    byte[] records(long from, long end, int bytesMax, boolean markers) throws IOException {
        return group.ask(Questions.records(topicId, partition, from, end, bytesMax, markers), from);
    }

    @Override
    public long earliestOffset() {
        return ends().earliest();
    }

    @Override
    public long nextOffset() {
        return ends().next();
    }

    @Override
    public long highWatermark() {
        return ends().next();
    }

    @Override
    public RecordReader reader(long fromOffset) throws IOException {
        return open(fromOffset, false);
    }

    @Override
    public RecordReader readerWithMarkers(long fromOffset) throws IOException {
        return open(fromOffset, true);
    }

    private RecordReader open(long fromOffset, boolean withMarkers) throws OffsetOutOfRangeException {
        GroupReport.Ends ends = ends();
        if (fromOffset < ends.earliest() || fromOffset > ends.next()) {
            throw new OffsetOutOfRangeException(fromOffset, ends.earliest(), ends.next());
        }
        return readerFrom(fromOffset, withMarkers);
    }

    /// Without a look at what there is.
    RecordReader readerFrom(long offset, boolean withMarkers) {
        return new DistantReader(this, offset, withMarkers);
    }

    @Override
    public long offsetAtTime(long timestampMs) throws IOException {
        return Questions.open(group.ask(Questions.time(topicId, partition, timestampMs), 0), 0)
                .readLong();
    }

    /// The files are on other nodes.
    @Override
    public List<Segment> segments() {
        return List.of();
    }

    @Override
    public long retentionFloor(long olderThanMs, long bytesMax) {
        return earliestOffset();
    }

    @Override
    public long sizeBytes() {
        return ends().sizeBytes();
    }

    /// Those who hold the files look after them.
    @Override
    public void verify(VerifyProgress progress) {}

    @Override
    public int checksum(long segmentFirstOffset, long sizeBytes) throws IOException {
        throw new IOException("partition %s is held by other nodes".formatted(name));
    }

    @Override
    public LogEnd end() {
        throw readingOnly();
    }
}
