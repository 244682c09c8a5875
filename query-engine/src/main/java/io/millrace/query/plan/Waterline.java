package io.millrace.query.plan;

import java.util.List;

/// A lower bound of a column's future values as a function of the sources' watermarks. State whose value in
/// that column
/// lies below it will never be asked for again.
public sealed interface Waterline {
    long NONE = Long.MIN_VALUE;

    /// @param watermarks one for each source of the circuit, `NONE` while unknown, `Long.MAX_VALUE` once the
    ///     source has ended
    long at(long[] watermarks);

    /// The source's watermark itself.
    record OfSource(int source) implements Waterline {
        @Override
        public long at(long[] watermarks) {
            return watermarks[source];
        }
    }

    record Shifted(Waterline base, long ms) implements Waterline {
        @Override
        public long at(long[] watermarks) {
            long value = base.at(watermarks);
            return value == NONE || value == Long.MAX_VALUE ? value : value + ms;
        }
    }

    /// Start of the window of `sizeMs` (aligned to `offsetMs`) that the base lies in.
    record FloorTo(Waterline base, long sizeMs, long offsetMs) implements Waterline {
        @Override
        public long at(long[] watermarks) {
            long value = base.at(watermarks);
            return value == NONE || value == Long.MAX_VALUE
                    ? value
                    : Math.floorDiv(value - offsetMs, sizeMs) * sizeMs + offsetMs;
        }
    }

    /// Nothing until all of the sources have ended: the bound of a column of which nothing else is known.
    record Ended(List<Integer> sources) implements Waterline {
        public Ended {
            sources = List.copyOf(sources);
        }

        @Override
        public long at(long[] watermarks) {
            for (int source : sources) {
                if (watermarks[source] != Long.MAX_VALUE) {
                    return NONE;
                }
            }
            return Long.MAX_VALUE;
        }
    }

    record Min(List<Waterline> parts) implements Waterline {
        public Min {
            parts = List.copyOf(parts);
        }

        @Override
        public long at(long[] watermarks) {
            long least = Long.MAX_VALUE;
            for (Waterline part : parts) {
                least = Math.min(least, part.at(watermarks));
            }
            return least;
        }
    }
}
