package io.millrace.query.state;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Slots by time, so that all below a waterline are found without looking at the others.
///
/// A pane holds the slots of `2^shift` milliseconds in a doubly linked list; 8 bytes a slot, one map entry a
/// pane. Threading: one thread at a time.
public final class TimePanes {
    /// Takes one slot that lies below the waterline.
    public interface Dropper {
        void drop(int slot);
    }

    private static final int NONE = -1;

    private final int shift;
    private final TreeMap<Long, Pane> panes = new TreeMap<>();
    private int[] next = new int[32];
    private int[] previous = new int[32];
    private long lastKey;
    private @Nullable Pane lastPane; // the pane of lastKey, null when unknown

    private static final class Pane {
        int head = NONE;
    }

    /// @param shift 0 keeps every time apart and is exact; more saves memory when times are all different, and
    ///     then slots
    ///     of the pane that the waterline cuts stay
    public TimePanes(int shift) {
        this.shift = shift;
    }

    public void add(int slot, long time) {
        if (slot >= next.length) {
            int capacity = Math.max(slot + 1, next.length * 2);
            next = Arrays.copyOf(next, capacity);
            previous = Arrays.copyOf(previous, capacity);
        }
        Pane pane = pane(time);
        next[slot] = pane.head;
        previous[slot] = NONE;
        if (pane.head != NONE) {
            previous[pane.head] = slot;
        }
        pane.head = slot;
    }

    private Pane pane(long time) {
        long key = time >> shift;
        Pane pane = lastPane;
        if (pane == null || key != lastKey) {
            pane = panes.computeIfAbsent(key, absent -> new Pane());
            lastPane = pane;
            lastKey = key;
        }
        return pane;
    }

    public void remove(int slot, long time) {
        if (next[slot] != NONE) {
            previous[next[slot]] = previous[slot];
        }
        if (previous[slot] != NONE) {
            next[previous[slot]] = next[slot];
            return;
        }
        Pane pane = pane(time);
        pane.head = next[slot];
        if (pane.head == NONE) {
            panes.remove(time >> shift);
            lastPane = null;
        }
    }

    /// Hands over and forgets all slots of the panes that lie wholly below `waterline`, oldest pane first.
    public void dropBelow(long waterline, Dropper dropper) {
        long limit = waterline >> shift;
        while (!panes.isEmpty()) {
            Map.Entry<Long, Pane> oldest = panes.firstEntry();
            if (oldest.getKey() >= limit) {
                return;
            }
            panes.pollFirstEntry();
            lastPane = null;
            int slot = oldest.getValue().head;
            while (slot != NONE) {
                int following = next[slot];
                dropper.drop(slot);
                slot = following;
            }
        }
    }

    public long bytes() {
        return 4L * (next.length + previous.length) + 80L * panes.size();
    }

    public void save(DataOutput out) throws IOException {
        Values.writeInts(out, next, next.length);
        Values.writeInts(out, previous, previous.length);
        out.writeInt(panes.size());
        for (Map.Entry<Long, Pane> pane : panes.entrySet()) {
            out.writeLong(pane.getKey());
            out.writeInt(pane.getValue().head);
        }
    }

    public void restore(DataInput in) throws IOException {
        next = Values.readInts(in);
        previous = Values.readInts(in);
        panes.clear();
        lastPane = null;
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            long key = in.readLong();
            Pane pane = new Pane();
            pane.head = in.readInt();
            panes.put(key, pane);
        }
    }
}
