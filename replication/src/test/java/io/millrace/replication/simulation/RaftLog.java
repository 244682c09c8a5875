package io.millrace.replication.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// One peer's log and term: what consensus writes to its own files. It survives a crash up to its last flush, and
/// maybe a little more.
///
/// Cutting and purging are durable at once, and so is the term.
final class RaftLog {
    /// @param bytes null for the first entry of a leader, which no state machine sees
    record Entry(long term, byte @Nullable [] bytes) {}

    private final List<Entry> entries = new ArrayList<>();
    private long term;
    // the last entry that was purged
    private long baseIndex = -1;
    private long baseTerm;
    private long flushedIndex = -1;

    long term() {
        return term;
    }

    void raiseTerm(long newTerm) {
        if (newTerm < term) {
            throw new AssertionError("term %d after %d".formatted(newTerm, term));
        }
        term = newTerm;
    }

    /// Index of the last entry that is gone.
    long baseIndex() {
        return baseIndex;
    }

    long lastIndex() {
        return baseIndex + entries.size();
    }

    long lastTerm() {
        return termAt(lastIndex());
    }

    long flushedIndex() {
        return flushedIndex;
    }

    long termAt(long index) {
        return index == baseIndex ? baseTerm : entry(index).term();
    }

    Entry entry(long index) {
        return entries.get(Math.toIntExact(index - baseIndex - 1));
    }

    List<Entry> entries(long from, int countMax) {
        int start = Math.toIntExact(from - baseIndex - 1);
        return List.copyOf(entries.subList(start, Math.min(entries.size(), start + countMax)));
    }

    /// @return its index
    long add(Entry entry) {
        entries.add(entry);
        return lastIndex();
    }

    void cutFrom(long index) {
        entries.subList(Math.toIntExact(index - baseIndex - 1), entries.size()).clear();
        flushedIndex = Math.min(flushedIndex, index - 1);
    }

    void flush() {
        flushedIndex = lastIndex();
    }

    void purgeTo(long index) {
        if (index > baseIndex) {
            baseTerm = termAt(index);
            entries.subList(0, Math.toIntExact(index - baseIndex)).clear();
            baseIndex = index;
        }
    }

    /// A copy contains everything up to an entry. What comes behind it in this log may have been acknowledged, so it
    /// stays when it follows that very entry.
    void restartAt(long index, long termOfEntry) {
        if (index > baseIndex && index <= lastIndex() && termAt(index) == termOfEntry) {
            purgeTo(index);
            flushedIndex = Math.max(flushedIndex, index);
        } else if (index > baseIndex) {
            entries.clear();
            baseIndex = index;
            baseTerm = termOfEntry;
            flushedIndex = index;
        }
    }

    /// Everything is gone, the vote too.
    void wipe() {
        entries.clear();
        term = 0;
        baseIndex = -1;
        baseTerm = 0;
        flushedIndex = -1;
    }

    /// The machine has lost power.
    void losePower(SplittableRandom random) {
        int kept = (int) (flushedIndex - baseIndex);
        entries.subList(kept + random.nextInt(entries.size() - kept + 1), entries.size())
                .clear();
        flushedIndex = lastIndex();
    }

    /// The process was killed: the files are whole, and are made durable when they are opened again.
    void loseProcess() {
        flushedIndex = lastIndex();
    }
}
