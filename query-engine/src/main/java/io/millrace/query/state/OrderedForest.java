package io.millrace.query.state;

import io.millrace.query.data.Column;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.IntPredicate;

/// Ordered sets over the slots of a table: one tree for each group, all in shared arrays.
///
/// Treaps whose priorities are hashes of the slots, so shape is independent of chance. Insert and remove cost
/// O(log n) of the group, 8 bytes a row. The caller keeps each group's root. Threading: one thread at a time.
public final class OrderedForest {
    /// The empty tree.
    public static final int EMPTY = -1;

    /// A total order over the slots of one tree.
    public interface Order {
        int compare(int slot, int other);
    }

    private final Order order;
    private int[] left = new int[32];
    private int[] right = new int[32];
    private int splitLeft;
    private int splitRight;

    public OrderedForest(Order order) {
        this.order = order;
    }

    public int left(int slot) {
        return left[slot];
    }

    public int right(int slot) {
        return right[slot];
    }

    public long bytes() {
        return 4L * (left.length + right.length);
    }

    /// @return the tree's new root
    public int insert(int root, int slot) {
        if (slot >= left.length) {
            int capacity = Math.max(slot + 1, left.length * 2);
            left = Arrays.copyOf(left, capacity);
            right = Arrays.copyOf(right, capacity);
        }
        left[slot] = EMPTY;
        right[slot] = EMPTY;
        return insertBelow(root, slot);
    }

    private int insertBelow(int root, int slot) {
        if (root == EMPTY) {
            return slot;
        }
        if (priority(slot) > priority(root)) {
            split(root, slot);
            left[slot] = splitLeft;
            right[slot] = splitRight;
            return slot;
        }
        if (order.compare(slot, root) < 0) {
            left[root] = insertBelow(left[root], slot);
        } else {
            right[root] = insertBelow(right[root], slot);
        }
        return root;
    }

    private void split(int root, int slot) {
        if (root == EMPTY) {
            splitLeft = EMPTY;
            splitRight = EMPTY;
        } else if (order.compare(slot, root) < 0) {
            split(left[root], slot);
            left[root] = splitRight;
            splitRight = root;
        } else {
            split(right[root], slot);
            right[root] = splitLeft;
            splitLeft = root;
        }
    }

    /// Removes a slot that is in the tree. @return the tree's new root
    public int remove(int root, int slot) {
        if (root == slot) {
            return merge(left[slot], right[slot]);
        }
        if (root == EMPTY) {
            throw new IllegalStateException("slot " + slot + " is not in its tree");
        }
        if (order.compare(slot, root) < 0) {
            left[root] = remove(left[root], slot);
        } else {
            right[root] = remove(right[root], slot);
        }
        return root;
    }

    private int merge(int first, int second) {
        if (first == EMPTY) {
            return second;
        }
        if (second == EMPTY) {
            return first;
        }
        if (priority(first) > priority(second)) {
            right[first] = merge(right[first], second);
            return first;
        }
        left[second] = merge(first, left[second]);
        return second;
    }

    private static long priority(int slot) {
        return Column.mix(slot + 1L);
    }

    public int first(int root) {
        int slot = root;
        while (slot != EMPTY && left[slot] != EMPTY) {
            slot = left[slot];
        }
        return slot;
    }

    public int last(int root) {
        int slot = root;
        while (slot != EMPTY && right[slot] != EMPTY) {
            slot = right[slot];
        }
        return slot;
    }

    /// Walks one tree in order.
    public final class Walk {
        private int[] stack = new int[32];
        private int depth;

        /// Starts before the first slot.
        public void begin(int root) {
            depth = 0;
            push(root);
        }

        /// Starts before the first slot that does not satisfy `before`, which holds for a prefix of the order.
        public void beginAfter(int root, IntPredicate before) {
            depth = 0;
            int slot = root;
            while (slot != EMPTY) {
                if (before.test(slot)) {
                    slot = right[slot];
                } else {
                    pushOne(slot);
                    slot = left[slot];
                }
            }
        }

        private void pushOne(int slot) {
            if (depth == stack.length) {
                stack = Arrays.copyOf(stack, depth * 2);
            }
            stack[depth++] = slot;
        }

        private void push(int root) {
            for (int slot = root; slot != EMPTY; slot = left[slot]) {
                pushOne(slot);
            }
        }

        /// The next slot, [#EMPTY] at the end. The tree must not change between calls.
        public int next() {
            if (depth == 0) {
                return EMPTY;
            }
            int slot = stack[--depth];
            push(right[slot]);
            return slot;
        }
    }

    public void save(DataOutput out) throws IOException {
        Values.writeInts(out, left, left.length);
        Values.writeInts(out, right, right.length);
    }

    public void restore(DataInput in) throws IOException {
        left = Values.readInts(in);
        right = Values.readInts(in);
    }
}
