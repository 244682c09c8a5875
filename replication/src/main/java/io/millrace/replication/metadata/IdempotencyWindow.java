package io.millrace.replication.metadata;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// The idempotency keys that one partition remembers, oldest first, with what each of them led to.
///
/// A ring of facts in arrival order, and an open-addressing table from key to place in the ring: about 60 bytes
/// a key, no object per key. A key is 128 bits of its SHA-256, so that nobody can construct a collision. Keys
/// leave at the old end: by entry time, and when there are too many.
///
/// Threading: the thread that applies entries.
public final class IdempotencyWindow {
    private static final int CAPACITY_MIN = 16;
    // one fact: key high, key low, first offset, body hash, time
    private static final int STRIDE = 5;

    private final int keysMax;
    private long[] facts = new long[CAPACITY_MIN * STRIDE];
    private int[] counts = new int[CAPACITY_MIN];
    // place in the ring + 1; 0 is free. Twice as long as the ring, so never more than half full
    private int[] table = new int[CAPACITY_MIN * 2];
    private int oldest;
    private int size;
    private long laterMs; // to be added to every time in the ring

    public IdempotencyWindow(int keysMax) {
        if (keysMax < 1) {
            throw new IllegalArgumentException("keysMax must be at least 1, not " + keysMax);
        }
        this.keysMax = keysMax;
    }

    public int size() {
        return size;
    }

    /// The place of a key for [#firstOffset] and its like, −1 when it is not remembered. Valid until the next
    /// change.
    public int find(long high, long low) {
        int mask = table.length - 1;
        for (int slot = home(low, mask); table[slot] != 0; slot = (slot + 1) & mask) {
            int place = table[slot] - 1;
            if (facts[place * STRIDE] == high && facts[place * STRIDE + 1] == low) {
                return place;
            }
        }
        return -1;
    }

    public long firstOffset(int place) {
        return facts[place * STRIDE + 2];
    }

    public long bodyHash(int place) {
        return facts[place * STRIDE + 3];
    }

    public int count(int place) {
        return counts[place];
    }

    /// Remembers a key that is not there yet; the oldest key leaves when there are too many.
    public void add(long high, long low, long firstOffset, int count, long bodyHash, long timeMs) {
        if (size == keysMax) {
            removeOldest();
        }
        if (size == counts.length) {
            grow();
        }
        int place = (oldest + size) & (counts.length - 1);
        int at = place * STRIDE;
        facts[at] = high;
        facts[at + 1] = low;
        facts[at + 2] = firstOffset;
        facts[at + 3] = bodyHash;
        facts[at + 4] = timeMs - laterMs;
        counts[place] = count;
        size++;
        insert(place);
    }

    /// Forgets the keys that came before `timeMs`.
    public void forgetBefore(long timeMs) {
        while (size > 0 && facts[oldest * STRIDE + 4] + laterMs < timeMs) {
            removeOldest();
        }
    }

    /// From now on all its keys came later by so much: time has gone on by a step that was none.
    public void shift(long ms) {
        laterMs += ms;
    }

    private static int home(long low, int mask) {
        return (int) (low ^ low >>> 32) & mask;
    }

    private void insert(int place) {
        int mask = table.length - 1;
        int slot = home(facts[place * STRIDE + 1], mask);
        while (table[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        table[slot] = place + 1;
    }

    private void removeOldest() {
        int mask = table.length - 1;
        int hole = home(facts[oldest * STRIDE + 1], mask);
        while (table[hole] != oldest + 1) {
            hole = (hole + 1) & mask;
        }
        // shift back what would otherwise become unreachable (Knuth, volume 3, 6.4, algorithm R)
        for (int slot = (hole + 1) & mask; table[slot] != 0; slot = (slot + 1) & mask) {
            int home = home(facts[(table[slot] - 1) * STRIDE + 1], mask);
            if (((slot - home) & mask) >= ((slot - hole) & mask)) {
                table[hole] = table[slot];
                hole = slot;
            }
        }
        table[hole] = 0;
        oldest = (oldest + 1) & (counts.length - 1);
        size--;
    }

    private void grow() {
        int capacity = counts.length * 2;
        long[] moreFacts = new long[capacity * STRIDE];
        int[] moreCounts = new int[capacity];
        for (int i = 0; i < size; i++) {
            int from = (oldest + i) & (counts.length - 1);
            System.arraycopy(facts, from * STRIDE, moreFacts, i * STRIDE, STRIDE);
            moreCounts[i] = counts[from];
        }
        facts = moreFacts;
        counts = moreCounts;
        table = new int[capacity * 2];
        oldest = 0;
        for (int i = 0; i < size; i++) {
            insert(i);
        }
    }

    public void writeTo(DataOutput out) throws IOException {
        out.writeInt(size);
        for (int i = 0; i < size; i++) {
            int place = (oldest + i) & (counts.length - 1);
            for (int field = 0; field < STRIDE - 1; field++) {
                out.writeLong(facts[place * STRIDE + field]);
            }
            out.writeLong(facts[place * STRIDE + STRIDE - 1] + laterMs);
            out.writeInt(counts[place]);
        }
    }

    /// Reads what [#writeTo] wrote; with a smaller `keysMax` the oldest keys are left out.
    public static IdempotencyWindow readFrom(DataInput in, int keysMax) throws IOException {
        IdempotencyWindow window = new IdempotencyWindow(keysMax);
        int size = in.readInt();
        long[] fact = new long[STRIDE];
        for (int i = 0; i < size; i++) {
            for (int field = 0; field < STRIDE; field++) {
                fact[field] = in.readLong();
            }
            window.add(fact[0], fact[1], fact[2], in.readInt(), fact[3], fact[4]);
        }
        return window;
    }
}
