package io.millrace.query.worker;

import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.query.InputPort;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.source.SourceReader;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// The readers of one topic: every source of the query over it, every partition. All sources see the same slice
/// in a step.
final class TopicFeed implements AutoCloseable {
    private final String topic;
    private final int partitions;
    private final List<Integer> sources; // indexes in the circuit
    private final List<SourceSpec> specs;
    private final SourceReader[][] readers; // [source][partition]

    private TopicFeed(
            InputPort.InputTopic topic, List<Integer> sources, List<SourceSpec> specs, SourceReader[][] readers) {
        this.topic = topic.name();
        partitions = topic.partitions();
        this.sources = sources;
        this.specs = specs;
        this.readers = readers;
    }

    /// @param sources indexes of the specs that read `topic`
    /// @param specs all sources of the circuit
    /// @param start where each partition begins
    static TopicFeed open(
            InputPort.InputTopic topic, List<Integer> sources, List<SourceSpec> specs, SourceOpener opener, Start start)
            throws IOException {
        SourceReader[][] readers = new SourceReader[sources.size()][topic.partitions()];
        TopicFeed feed = new TopicFeed(
                topic, List.copyOf(sources), sources.stream().map(specs::get).toList(), readers);
        try {
            for (int i = 0; i < readers.length; i++) {
                for (int partition = 0; partition < topic.partitions(); partition++) {
                    long from = start.offset(topic.name(), partition);
                    try {
                        readers[i][partition] = opener.open(sources.get(i), partition, from);
                    } catch (OffsetOutOfRangeException gone) {
                        throw deleted(topic.name(), partition, from, gone);
                    }
                }
            }
            return feed;
        } catch (IOException | RuntimeException failure) {
            feed.close();
            throw failure;
        }
    }

    /// In words for whoever runs the query.
    static SqlException deleted(String topic, int partition, long wanted, OffsetOutOfRangeException gone) {
        return wanted < gone.earliestOffset()
                ? deleted(topic, partition, wanted, gone.earliestOffset())
                : new SqlException(
                        "input_deleted",
                        "The query has to read topic '%s', partition %d, from offset %d on, but it ends at %d: it was deleted and made again."
                                .formatted(topic, partition, wanted, gone.nextOffset()));
    }

    static SqlException deleted(String topic, int partition, long wanted, long earliest) {
        return new SqlException(
                "input_deleted",
                "The query has to read topic '%s', partition %d, from offset %d on, but the records below %d have been deleted."
                        .formatted(topic, partition, wanted, earliest),
                0,
                0,
                "Start the query again to read what is left, or keep records longer.");
    }

    /// What the readers have come to know, between two steps; their positions are the frontier.
    void save(DataOutput out) throws IOException {
        out.writeInt(readers.length);
        out.writeInt(partitions);
        for (SourceReader[] ofSource : readers) {
            for (SourceReader reader : ofSource) {
                out.writeLong(reader.watermarkMs());
                out.writeLong(reader.lateCount());
                out.writeLong(reader.badCount());
            }
        }
    }

    /// Reads what [#save] wrote into readers that stand where they stood then.
    void restore(DataInput in) throws IOException {
        int savedSources = in.readInt();
        int savedPartitions = in.readInt();
        if (savedSources != readers.length || savedPartitions != partitions) {
            throw new IOException(
                    "checkpoint does not fit: expected %d sources over %d partitions of topic '%s', found %d over %d"
                            .formatted(readers.length, partitions, topic, savedSources, savedPartitions));
        }
        for (SourceReader[] ofSource : readers) {
            for (SourceReader reader : ofSource) {
                reader.resume(in.readLong(), in.readLong(), in.readLong());
            }
        }
    }

    String topic() {
        return topic;
    }

    int partitions() {
        return partitions;
    }

    /// Number of sources over this topic.
    int sources() {
        return specs.size();
    }

    SourceSpec spec(int source) {
        return specs.get(source);
    }

    long position(int partition) {
        return readers[0][partition].position();
    }

    long watermarkMs(int source, int partition) {
        return readers[source][partition].watermarkMs();
    }

    /// Reads the next slice: about `rowsMax` records, not beyond `limit`.
    ///
    /// @return records consumed
    int read(List<Batch> deltas, int rowsMax, long[] limit) throws IOException {
        int consumed = 0;
        int share = Math.max(1, rowsMax / partitions);
        for (int partition = 0; partition < partitions; partition++) {
            try {
                consumed += read(deltas, partition, share, limit[partition]);
            } catch (OffsetOutOfRangeException gone) {
                throw deleted(topic, partition, position(partition), gone);
            }
        }
        return consumed;
    }

    private int read(List<Batch> deltas, int partition, int rowsMax, long limit) throws IOException {
        SourceReader first = readers[0][partition];
        int count = 0;
        while (count < rowsMax) {
            int read = first.read(deltas.get(sources.getFirst()), limit, rowsMax - count);
            if (read == 0) {
                break;
            }
            count += read;
        }
        long end = first.position();
        for (int i = 1; i < readers.length; i++) {
            SourceReader other = readers[i][partition];
            while (other.position() < end) {
                if (other.read(deltas.get(sources.get(i)), end, Integer.MAX_VALUE) == 0) {
                    break;
                }
            }
        }
        return count;
    }

    /// Puts the watermark of each source, the least of its partitions, into `watermarks`.
    void watermarks(long[] watermarks) {
        for (int i = 0; i < readers.length; i++) {
            long least = Long.MAX_VALUE;
            for (SourceReader reader : readers[i]) {
                least = Math.min(least, reader.watermarkMs());
            }
            watermarks[sources.get(i)] = least;
        }
    }

    /// Next offset of each partition.
    long[] positions() {
        long[] positions = new long[partitions];
        for (int partition = 0; partition < partitions; partition++) {
            positions[partition] = position(partition);
        }
        return positions;
    }

    long lateRows() {
        long rows = 0;
        for (SourceReader[] ofSource : readers) {
            for (SourceReader reader : ofSource) {
                rows += reader.lateCount();
            }
        }
        return rows;
    }

    long badRows() {
        long rows = 0;
        for (SourceReader[] ofSource : readers) {
            for (SourceReader reader : ofSource) {
                rows += reader.badCount();
            }
        }
        return rows;
    }

    @Override
    public void close() throws IOException {
        List<IOException> failures = new ArrayList<>();
        for (SourceReader[] ofSource : readers) {
            for (SourceReader reader : ofSource) {
                if (reader == null) {
                    continue; // opening failed half-way
                }
                try {
                    reader.close();
                } catch (IOException failure) {
                    failures.add(failure);
                }
            }
        }
        if (!failures.isEmpty()) {
            throw failures.getFirst();
        }
    }

    /// The first offset to read of a partition.
    interface Start {
        long offset(String topic, int partition);
    }

    /// Opens one source's reader of one partition.
    interface SourceOpener {
        SourceReader open(int source, int partition, long fromOffset) throws IOException;
    }
}
