package io.millrace.replication.partition;

import io.millrace.log.LogEnd;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordHeader;
import io.millrace.log.RecordReader;
import io.millrace.log.StreamRecord;
import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// A partition of a group that may come to this node and go: read here while it is here, and from other nodes
/// otherwise. A reader goes on across the change.
final class PlacedPartition extends ReadingOnly {
    private final BooleanSupplier isHere;
    private final Supplier<PartitionLog> here;
    private final DistantPartition elsewhere;

    /// @param here asked for again each time: the group's state may be a new one
    PlacedPartition(String name, BooleanSupplier isHere, Supplier<PartitionLog> here, DistantPartition elsewhere) {
        super(name);
        this.isHere = isHere;
        this.here = here;
        this.elsewhere = elsewhere;
    }

    private PartitionLog now() {
        return isHere.getAsBoolean() ? here.get() : elsewhere;
    }

    @Override
    public long earliestOffset() {
        return now().earliestOffset();
    }

    @Override
    public long nextOffset() {
        return now().nextOffset();
    }

    @Override
    public long highWatermark() {
        return now().highWatermark();
    }

    @Override
    public RecordReader reader(long fromOffset) throws IOException {
        return new Reader(fromOffset, false);
    }

    @Override
    public RecordReader readerWithMarkers(long fromOffset) throws IOException {
        return new Reader(fromOffset, true);
    }

    @Override
    public long offsetAtTime(long timestampMs) throws IOException {
        return now().offsetAtTime(timestampMs);
    }

    @Override
    public List<Segment> segments() {
        return now().segments();
    }

    @Override
    public long retentionFloor(long olderThanMs, long bytesMax) {
        return now().retentionFloor(olderThanMs, bytesMax);
    }

    @Override
    public long sizeBytes() {
        return now().sizeBytes();
    }

    @Override
    public void verify(VerifyProgress progress) throws IOException {
        now().verify(progress);
    }

    @Override
    public int checksum(long segmentFirstOffset, long sizeBytes) throws IOException {
        return now().checksum(segmentFirstOffset, sizeBytes);
    }

    @Override
    public LogEnd end() {
        return now().end();
    }

    private final class Reader implements RecordReader {
        private final boolean withMarkers;
        private boolean local;
        private RecordReader reader;

        Reader(long fromOffset, boolean withMarkers) throws IOException {
            this.withMarkers = withMarkers;
            this.local = isHere.getAsBoolean();
            this.reader = open(fromOffset);
        }

        private RecordReader open(long fromOffset) throws IOException {
            PartitionLog log = local ? here.get() : elsewhere;
            return withMarkers ? log.readerWithMarkers(fromOffset) : log.reader(fromOffset);
        }

        @Override
        public boolean fill(long endOffset, int bytesMax) throws IOException {
            if (local != isHere.getAsBoolean()) {
                move();
            }
            try {
                return reader.fill(endOffset, bytesMax);
            } catch (IOException failed) {
                if (local == isHere.getAsBoolean()) {
                    throw failed;
                }
                move(); // its files went while it read
                return reader.fill(endOffset, bytesMax);
            }
        }

        private void move() throws IOException {
            long position = reader.position();
            reader.close();
            local = !local;
            // the others may report less than was read here already; then the reader waits for them
            reader = local ? open(position) : elsewhere.readerFrom(position, withMarkers);
        }

        @Override
        public boolean next() {
            return reader.next();
        }

        @Override
        public long position() {
            return reader.position();
        }

        @Override
        public long offset() {
            return reader.offset();
        }

        @Override
        public long timestampMs() {
            return reader.timestampMs();
        }

        @Override
        public byte[] bytes() {
            return reader.bytes();
        }

        @Override
        public int keyStart() {
            return reader.keyStart();
        }

        @Override
        public int keyLength() {
            return reader.keyLength();
        }

        @Override
        public int valueStart() {
            return reader.valueStart();
        }

        @Override
        public int valueLength() {
            return reader.valueLength();
        }

        @Override
        public int headerCount() {
            return reader.headerCount();
        }

        @Override
        public boolean isMarker() {
            return reader.isMarker();
        }

        @Override
        public List<RecordHeader> headers() {
            return reader.headers();
        }

        @Override
        public StreamRecord copy() {
            return reader.copy();
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }
}
