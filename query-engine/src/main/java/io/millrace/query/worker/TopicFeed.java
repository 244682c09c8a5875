package io.millrace.query.worker;

import io.millrace.query.InputPort;
import io.millrace.query.data.Batch;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.source.SourceReader;
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
            String topic, int partitions, List<Integer> sources, List<SourceSpec> specs, SourceReader[][] readers) {
        this.topic = topic;
        this.partitions = partitions;
        this.sources = sources;
        this.specs = specs;
        this.readers = readers;
    }

    /// @param sources indexes of the specs that read `topic`
    /// @param specs all sources of the circuit
    static TopicFeed open(
            InputPort.InputTopic topic,
            List<Integer> sources,
            List<SourceSpec> specs,
            SourceOpener opener,
            InputPort inputs)
            throws IOException {
        SourceReader[][] readers = new SourceReader[sources.size()][topic.partitions()];
        TopicFeed feed = new TopicFeed(
                topic.name(),
                topic.partitions(),
                List.copyOf(sources),
                sources.stream().map(specs::get).toList(),
                readers);
        try {
            for (int i = 0; i < readers.length; i++) {
                for (int partition = 0; partition < topic.partitions(); partition++) {
                    long from = inputs.earliestOffset(topic.name(), partition);
                    readers[i][partition] = opener.open(sources.get(i), partition, from);
                }
            }
            return feed;
        } catch (IOException | RuntimeException failure) {
            feed.close();
            throw failure;
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
            SourceReader first = readers[0][partition];
            int count = 0;
            while (count < share) {
                int read = first.read(deltas.get(sources.getFirst()), limit[partition], share - count);
                if (read == 0) {
                    break;
                }
                count += read;
            }
            consumed += count;
            long end = first.position();
            for (int i = 1; i < readers.length; i++) {
                SourceReader other = readers[i][partition];
                while (other.position() < end) {
                    if (other.read(deltas.get(sources.get(i)), end, Integer.MAX_VALUE) == 0) {
                        break;
                    }
                }
            }
        }
        return consumed;
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

    /// Opens one source's reader of one partition.
    interface SourceOpener {
        SourceReader open(int source, int partition, long fromOffset) throws IOException;
    }
}
