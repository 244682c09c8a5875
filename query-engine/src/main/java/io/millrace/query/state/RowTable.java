package io.millrace.query.state;

import io.millrace.query.data.Batch;
import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Column;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.DoubleColumn;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.ObjectColumn;
import io.millrace.query.data.SqlType.Storage;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A set of rows in one array of words, found by hash; each row has room for a payload beside its key.
///
/// A row, `stride` words:
///
/// | words            | meaning                                                                  |
/// |------------------|--------------------------------------------------------------------------|
/// | 0 or 1           | prefix, a number that belongs to the key (such as the slot of a group)   |
/// | 1 for 63 columns | null flags, one bit a column; the sign bit says: has a value in the heap |
/// | 1                | LONG, or DOUBLE as bits (−0.0 as 0.0, one NaN)                           |
/// | 2                | BYTES up to 15: 8 bytes, then 7 bytes and the length, big-endian         |
/// | 2                | BYTES from 16, OBJECT: hash, then heap id and 0xFF                       |
/// | any              | payload, 0 in a new row                                                  |
///
/// The text form is chosen so that unsigned order of the two words is the order of the bytes, and so that short
/// keys are compared and hashed as words, without a call for each column. The index is open addressing, linear
/// probing, entries of (32 bits of hash, slot + 1). Removal shifts back, so there are no tombstones.
///
/// Use: [#encode] a batch, then [#find] or [#findOrAdd] its rows. Slots stay valid until [#remove]. The words
/// array changes identity when the table grows. Threading: one thread at a time.
public final class RowTable {
    public static final int NONE = -1;

    private static final VarHandle BIG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final int IN_HEAP = 0xFF;
    private static final int COLUMNS_PER_HEADER = 63;
    private static final int ROWS_AT_FIRST = 32;

    private final Storage[] storage;
    private final int[] wordOf;
    private final boolean prefixed;
    private final int headerAt;
    private final int keyWords;
    private final int stride;
    private final boolean indexed;
    private final ValueHeap heap = new ValueHeap();

    private long[] words;
    private int[] tags = new int[ROWS_AT_FIRST];
    private int capacity = ROWS_AT_FIRST;
    private int high;
    private int[] free = new int[0];
    private int freeCount;

    private long[] index = new long[ROWS_AT_FIRST * 2];
    private int indexShift = 32 - Integer.numberOfTrailingZeros(ROWS_AT_FIRST * 2);

    private Column[] source = new Column[0];
    private long[] scratch = new long[0];
    private int[] scratchTags = new int[0];
    private boolean added;
    private int[] addedSlots = new int[0];

    /// @param columns of the key
    /// @param prefixed whether a number precedes them
    /// @param payloadWords free for the owner's use
    /// @param indexed false for a mere heap of rows, without [#find]
    public RowTable(List<ColumnType> columns, boolean prefixed, int payloadWords, boolean indexed) {
        this.prefixed = prefixed;
        this.indexed = indexed;
        int count = columns.size();
        storage = new Storage[count];
        wordOf = new int[count];
        headerAt = prefixed ? 1 : 0;
        int word = headerAt + Math.max(1, (count + COLUMNS_PER_HEADER - 1) / COLUMNS_PER_HEADER);
        for (int i = 0; i < count; i++) {
            storage[i] = columns.get(i).type().storage();
            wordOf[i] = word;
            word += switch (storage[i]) {
                case LONG, DOUBLE -> 1;
                case BYTES, OBJECT -> 2;
            };
        }
        keyWords = word;
        stride = word + payloadWords;
        words = new long[ROWS_AT_FIRST * stride];
    }

    /// All rows, `stride` words each; changes identity when rows are added.
    public long[] words() {
        return words;
    }

    public int stride() {
        return stride;
    }

    /// First payload word within a row.
    public int payloadAt() {
        return keyWords;
    }

    public long payload(int slot, int word) {
        return words[slot * stride + keyWords + word];
    }

    public void setPayload(int slot, int word, long value) {
        words[slot * stride + keyWords + word] = value;
    }

    public long prefix(int slot) {
        return words[slot * stride];
    }

    public int size() {
        return high - freeCount;
    }

    /// Every slot is below; owners size arrays of their own by [#capacity].
    public int slotsUsed() {
        return high;
    }

    public int capacity() {
        return capacity;
    }

    public long bytes() {
        return 8L * words.length + (indexed ? 8L * index.length : 0) + 4L * tags.length + heap.bytes();
    }

    // --- encoding -------------------------------------------------------------------------------------------

    /// Prepares all rows of `batch` for [#find] and [#findOrAdd]: `columns` are the key.
    public void encode(Batch batch, int[] columns) {
        encode(batch, columns, null);
    }

    /// @param prefixes one for each row of the batch
    public void encode(Batch batch, int[] columns, int @Nullable [] prefixes) {
        if (prefixed != (prefixes != null)) {
            throw new IllegalArgumentException(prefixed ? "this table needs prefixes" : "this table has no prefix");
        }
        int rows = batch.count();
        int needed = Math.multiplyExact(rows, keyWords);
        if (scratch.length < needed) {
            scratch = new long[Math.max(needed, Math.min(scratch.length * 2, 1 << 28))];
        }
        if (scratchTags.length < rows) {
            scratchTags = new int[Math.max(rows, scratchTags.length * 2)];
        }
        int headerEnd = storage.length == 0 ? keyWords : wordOf[0];
        for (int row = 0, at = 0; row < rows; row++, at += keyWords) {
            for (int header = headerAt; header < headerEnd; header++) {
                scratch[at + header] = 0;
            }
        }
        if (prefixes != null) {
            for (int row = 0, at = 0; row < rows; row++, at += keyWords) {
                scratch[at] = prefixes[row];
            }
        }
        source = new Column[columns.length];
        for (int i = 0; i < columns.length; i++) {
            Column column = batch.column(columns[i]);
            source[i] = column;
            switch (column) {
                case LongColumn longs -> encodeLongs(longs, i, rows);
                case DoubleColumn doubles -> encodeDoubles(doubles, i, rows);
                case BytesColumn bytes -> encodeBytes(bytes, i, rows);
                case ObjectColumn objects -> encodeObjects(objects, i, rows);
            }
        }
        if (indexed) {
            hash(rows);
        }
    }

    private void hash(int rows) {
        for (int row = 0, at = 0; row < rows; row++) {
            long hash = 0x9E3779B97F4A7C15L;
            for (int end = at + keyWords; at < end; at++) {
                hash = (hash ^ scratch[at]) * 0xBF58476D1CE4E5B9L;
                hash ^= hash >>> 32;
            }
            scratchTags[row] = (int) (Column.mix(hash) >>> 32);
        }
    }

    private void encodeLongs(LongColumn column, int i, int rows) {
        long[] values = column.values();
        int at = wordOf[i];
        if (!column.hasNulls()) {
            for (int row = 0; row < rows; row++, at += keyWords) {
                scratch[at] = values[row];
            }
            return;
        }
        boolean[] nulls = column.nulls();
        for (int row = 0; row < rows; row++, at += keyWords) {
            if (nulls[row]) {
                encodeNull(i, row);
            } else {
                scratch[at] = values[row];
            }
        }
    }

    private void encodeDoubles(DoubleColumn column, int i, int rows) {
        double[] values = column.values();
        boolean[] nulls = column.nulls();
        int at = wordOf[i];
        for (int row = 0; row < rows; row++, at += keyWords) {
            if (nulls[row]) {
                encodeNull(i, row);
            } else {
                scratch[at] = Double.doubleToLongBits(values[row] + 0.0);
            }
        }
    }

    private void encodeBytes(BytesColumn column, int i, int rows) {
        byte[] data = column.data();
        int[] starts = column.starts();
        int[] lengths = column.lengths();
        boolean[] nulls = column.nulls();
        int at = wordOf[i];
        for (int row = 0; row < rows; row++, at += keyWords) {
            if (nulls[row]) {
                encodeNull(i, row);
                continue;
            }
            int length = lengths[row];
            int start = starts[row];
            if (length > 15) {
                scratch[at] = BytesColumn.hash(data, start, length);
                scratch[at + 1] = IN_HEAP;
                scratch[row * keyWords + headerAt] |= Long.MIN_VALUE;
            } else {
                scratch[at] = firstWord(data, start, length);
                scratch[at + 1] = secondWord(data, start, length);
            }
        }
    }

    private static long firstWord(byte[] data, int start, int length) {
        if (length >= 8) {
            return (long) BIG.get(data, start);
        }
        if (length == 0) {
            return 0;
        }
        if (start + 8 <= data.length) {
            return (long) BIG.get(data, start) & (-1L << (8 * (8 - length)));
        }
        long word = 0;
        for (int k = 0; k < length; k++) {
            word |= (data[start + k] & 0xFFL) << (56 - 8 * k);
        }
        return word;
    }

    private static long secondWord(byte[] data, int start, int length) {
        if (length <= 8) {
            return length;
        }
        if (start + 16 <= data.length) {
            return ((long) BIG.get(data, start + 8) & (-1L << (8 * (16 - length)))) | length;
        }
        long word = length;
        for (int k = 8; k < length; k++) {
            word |= (data[start + k] & 0xFFL) << (56 - 8 * (k - 8));
        }
        return word;
    }

    private void encodeObjects(ObjectColumn column, int i, int rows) {
        boolean[] nulls = column.nulls();
        int at = wordOf[i];
        for (int row = 0; row < rows; row++, at += keyWords) {
            if (nulls[row]) {
                encodeNull(i, row);
            } else {
                scratch[at] = ObjectColumn.hashObject(column.get(row));
                scratch[at + 1] = IN_HEAP;
                scratch[row * keyWords + headerAt] |= Long.MIN_VALUE;
            }
        }
    }

    private void encodeNull(int i, int row) {
        int at = row * keyWords;
        scratch[at + wordOf[i]] = 0;
        if (storage[i] == Storage.BYTES || storage[i] == Storage.OBJECT) {
            scratch[at + wordOf[i] + 1] = 0;
        }
        scratch[at + headerAt + i / COLUMNS_PER_HEADER] |= 1L << (i % COLUMNS_PER_HEADER);
    }

    /// Whether the encoded row has a null among its first 63 key columns.
    public boolean encodedHasNull(int row) {
        return (scratch[row * keyWords + headerAt] & Long.MAX_VALUE) != 0;
    }

    // --- lookup ---------------------------------------------------------------------------------------------

    /// Slot of the encoded row, [#NONE] if there is none.
    public int find(int row) {
        int tag = scratchTags[row];
        int mask = index.length - 1;
        for (int at = tag >>> indexShift; ; at = (at + 1) & mask) {
            long entry = index[at];
            if (entry == 0) {
                return NONE;
            }
            if ((int) (entry >>> 32) == tag && same((int) entry - 1, row)) {
                return (int) entry - 1;
            }
        }
    }

    /// Slot of the encoded row, new if need be: see [#added].
    public int findOrAdd(int row) {
        int tag = scratchTags[row];
        int mask = index.length - 1;
        int at = tag >>> indexShift;
        while (true) {
            long entry = index[at];
            if (entry == 0) {
                break;
            }
            if ((int) (entry >>> 32) == tag && same((int) entry - 1, row)) {
                added = false;
                return (int) entry - 1;
            }
            at = (at + 1) & mask;
        }
        added = true;
        int slot = add(row);
        index[at] = ((long) tag << 32) | (slot + 1L);
        if ((size() * 5L) > index.length * 3L) {
            growIndex();
        }
        return slot;
    }

    /// [#findOrAdd] for all encoded rows up to `count`.
    ///
    /// @param slots gets the slot of each
    /// @return how many rows were new: their slots are the first in [#addedSlots]
    public int findOrAddAll(int count, int[] slots) {
        int addedCount = 0;
        int row = 0;
        while (row < count) {
            row = findRun(row, count, slots);
            if (row < count) {
                int slot = findOrAdd(row);
                slots[row++] = slot;
                if (addedCount == addedSlots.length) {
                    addedSlots = Arrays.copyOf(addedSlots, Math.max(64, addedCount * 2));
                }
                addedSlots[addedCount++] = slot;
            }
        }
        return addedCount;
    }

    public int[] addedSlots() {
        return addedSlots;
    }

    /// Looks up rows until one is new. Everything is in locals: this is the hottest loop of an aggregate.
    private int findRun(int first, int count, int[] slots) {
        long[] entries = index;
        long[] rows = words;
        long[] wantedRows = scratch;
        int[] wantedTags = scratchTags;
        int mask = entries.length - 1;
        int shift = indexShift;
        int size = keyWords;
        int step = stride;
        int header = headerAt;
        for (int row = first; row < count; row++) {
            int tag = wantedTags[row];
            int wanted = row * size;
            int at = tag >>> shift;
            search:
            while (true) {
                long entry = entries[at];
                if (entry == 0) {
                    return row;
                }
                if ((int) (entry >>> 32) == tag) {
                    int slot = (int) entry - 1;
                    if (wantedRows[wanted + header] < 0) {
                        if (same(slot, row)) {
                            slots[row] = slot;
                            break search;
                        }
                    } else {
                        int stored = slot * step;
                        int word = 0;
                        while (word < size && rows[stored + word] == wantedRows[wanted + word]) {
                            word++;
                        }
                        if (word == size) {
                            slots[row] = slot;
                            break search;
                        }
                    }
                }
                at = (at + 1) & mask;
            }
        }
        return count;
    }

    /// Whether the last [#findOrAdd] made a new row.
    public boolean added() {
        return added;
    }

    private boolean same(int slot, int row) {
        int stored = slot * stride;
        int wanted = row * keyWords;
        if (scratch[wanted + headerAt] < 0) {
            return sameWithHeap(stored, wanted, row);
        }
        for (int word = 0; word < keyWords; word++) {
            if (words[stored + word] != scratch[wanted + word]) {
                return false;
            }
        }
        return true;
    }

    private boolean sameWithHeap(int stored, int wanted, int row) {
        int headerEnd = storage.length == 0 ? keyWords : wordOf[0];
        for (int word = 0; word < headerEnd; word++) {
            if (words[stored + word] != scratch[wanted + word]) {
                return false;
            }
        }
        for (int i = 0; i < storage.length; i++) {
            int word = wordOf[i];
            if (words[stored + word] != scratch[wanted + word]) {
                return false;
            }
            if (storage[i] == Storage.LONG || storage[i] == Storage.DOUBLE) {
                continue;
            }
            long mine = words[stored + word + 1];
            long other = scratch[wanted + word + 1];
            if ((mine & 0xFF) != IN_HEAP || (other & 0xFF) != IN_HEAP) {
                if (mine != other) {
                    return false;
                }
            } else if (!sameInHeap(heap.get((int) (mine >>> 8)), source[i], row)) {
                return false;
            }
        }
        return true;
    }

    private static boolean sameInHeap(Object value, Column column, int row) {
        if (column instanceof BytesColumn bytes) {
            byte[] text = (byte[]) value;
            return text.length == bytes.length(row)
                    && Arrays.equals(
                            text, 0, text.length, bytes.data(), bytes.start(row), bytes.start(row) + bytes.length(row));
        }
        return ObjectColumn.compareObjects(value, ((ObjectColumn) column).get(row)) == 0;
    }

    // --- change ---------------------------------------------------------------------------------------------

    /// Adds the encoded row without looking whether it is there; only for tables without index.
    public int append(int row) {
        if (indexed) {
            throw new IllegalStateException("rows of an indexed table are added by findOrAdd");
        }
        return add(row);
    }

    private int add(int row) {
        int slot;
        if (freeCount > 0) {
            slot = free[--freeCount];
        } else {
            if (high == capacity) {
                grow();
            }
            slot = high++;
        }
        int at = slot * stride;
        int wanted = row * keyWords;
        System.arraycopy(scratch, wanted, words, at, keyWords);
        Arrays.fill(words, at + keyWords, at + stride, 0);
        if (scratch[wanted + headerAt] < 0) {
            for (int i = 0; i < storage.length; i++) {
                boolean wide = storage[i] == Storage.BYTES || storage[i] == Storage.OBJECT;
                if (wide && (words[at + wordOf[i] + 1] & 0xFF) == IN_HEAP) {
                    words[at + wordOf[i] + 1] = ((long) heap.add(source[i], row) << 8) | IN_HEAP;
                }
            }
        }
        if (indexed) {
            tags[slot] = scratchTags[row];
        }
        return slot;
    }

    private void grow() {
        long wanted = (long) capacity * 2 * stride;
        if (wanted > Integer.MAX_VALUE - 8) {
            throw new IllegalStateException("a table of " + stride + " words a row cannot hold more than " + capacity
                    + " rows; narrow the rows or bound the state");
        }
        capacity *= 2;
        words = Arrays.copyOf(words, (int) wanted);
        if (indexed) {
            tags = Arrays.copyOf(tags, capacity);
        }
    }

    private void growIndex() {
        index = new long[index.length * 2];
        indexShift--;
        fillIndex();
    }

    private void fillIndex() {
        boolean[] freed = new boolean[high];
        for (int i = 0; i < freeCount; i++) {
            freed[free[i]] = true;
        }
        int mask = index.length - 1;
        for (int slot = 0; slot < high; slot++) {
            if (freed[slot]) {
                continue;
            }
            int at = tags[slot] >>> indexShift;
            while (index[at] != 0) {
                at = (at + 1) & mask;
            }
            index[at] = ((long) tags[slot] << 32) | (slot + 1L);
        }
    }

    /// Removes the row; its slot may be given to another.
    public void remove(int slot) {
        if (indexed) {
            unlink(slot);
        }
        int at = slot * stride;
        if (words[at + headerAt] < 0) {
            for (int i = 0; i < storage.length; i++) {
                boolean wide = storage[i] == Storage.BYTES || storage[i] == Storage.OBJECT;
                if (wide && (words[at + wordOf[i] + 1] & 0xFF) == IN_HEAP) {
                    heap.release((int) (words[at + wordOf[i] + 1] >>> 8));
                }
            }
        }
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, Math.max(16, freeCount * 2));
        }
        free[freeCount++] = slot;
    }

    private void unlink(int slot) {
        int mask = index.length - 1;
        int hole = tags[slot] >>> indexShift;
        while ((int) index[hole] != slot + 1) {
            hole = (hole + 1) & mask;
        }
        for (int at = (hole + 1) & mask; index[at] != 0; at = (at + 1) & mask) {
            int home = (int) (index[at] >>> 32) >>> indexShift;
            // the entry may move back unless its home lies behind the hole (cyclically)
            boolean stays = hole <= at ? hole < home && home <= at : hole < home || home <= at;
            if (!stays) {
                index[hole] = index[at];
                hole = at;
            }
        }
        index[hole] = 0;
    }

    /// Removes all rows and keeps the memory, except of an index much too large for what the table held: to
    /// wipe that each time would make small steps pay for one large step long ago.
    public void clear() {
        if (index.length > ROWS_AT_FIRST * 2 && high < index.length / 16) {
            index = new long[Math.max(ROWS_AT_FIRST * 2, Integer.highestOneBit(Math.max(1, high)) * 4)];
            indexShift = 32 - Integer.numberOfTrailingZeros(index.length);
        } else {
            Arrays.fill(index, 0);
        }
        heap.clear();
        high = 0;
        freeCount = 0;
    }

    // --- reading --------------------------------------------------------------------------------------------

    public boolean isNull(int slot, int column) {
        return (words[slot * stride + headerAt + column / COLUMNS_PER_HEADER] >>> (column % COLUMNS_PER_HEADER) & 1)
                != 0;
    }

    /// The value of a LONG column; 0 for null.
    public long longAt(int slot, int column) {
        return words[slot * stride + wordOf[column]];
    }

    /// Order of two rows by one column, nulls last.
    public int compare(int slot, int other, int column) {
        int at = slot * stride;
        int otherAt = other * stride;
        boolean isNull = isNull(slot, column);
        boolean otherIsNull = isNull(other, column);
        if (isNull || otherIsNull) {
            return Boolean.compare(isNull, otherIsNull);
        }
        long mine = words[at + wordOf[column]];
        long its = words[otherAt + wordOf[column]];
        return switch (storage[column]) {
            case LONG -> Long.compare(mine, its);
            case DOUBLE -> Double.compare(Double.longBitsToDouble(mine), Double.longBitsToDouble(its));
            case BYTES -> {
                long second = words[at + wordOf[column] + 1];
                long itsSecond = words[otherAt + wordOf[column] + 1];
                if ((second & 0xFF) == IN_HEAP || (itsSecond & 0xFF) == IN_HEAP) {
                    yield Arrays.compareUnsigned(bytesAt(slot, column), bytesAt(other, column));
                }
                int order = Long.compareUnsigned(mine, its);
                yield order != 0 ? order : Long.compareUnsigned(second, itsSecond);
            }
            case OBJECT -> ObjectColumn.compareObjects(objectAt(slot, column), objectAt(other, column));
        };
    }

    private byte[] bytesAt(int slot, int column) {
        int at = slot * stride + wordOf[column];
        long second = words[at + 1];
        if ((second & 0xFF) == IN_HEAP) {
            return (byte[]) heap.get((int) (second >>> 8));
        }
        byte[] bytes = new byte[16];
        BIG.set(bytes, 0, words[at]);
        BIG.set(bytes, 8, second);
        return Arrays.copyOf(bytes, (int) (second & 0xFF));
    }

    private Object objectAt(int slot, int column) {
        return heap.get((int) (words[slot * stride + wordOf[column] + 1] >>> 8));
    }

    /// The value as [Column#objectAt] boxes it; allocates.
    public @Nullable Object boxedAt(int slot, int column) {
        if (isNull(slot, column)) {
            return null;
        }
        return switch (storage[column]) {
            case LONG -> longAt(slot, column);
            case DOUBLE -> Double.longBitsToDouble(longAt(slot, column));
            case BYTES -> bytesAt(slot, column).clone();
            case OBJECT -> objectAt(slot, column);
        };
    }

    /// Appends one column of the rows in `slots` to `target`.
    public void appendColumn(int column, int[] slots, int count, Column target) {
        switch (target) {
            case LongColumn longs -> {
                longs.reserve(count);
                for (int i = 0; i < count; i++) {
                    if (isNull(slots[i], column)) {
                        longs.appendNull();
                    } else {
                        longs.append(longAt(slots[i], column));
                    }
                }
            }
            case DoubleColumn doubles -> {
                for (int i = 0; i < count; i++) {
                    if (isNull(slots[i], column)) {
                        doubles.appendNull();
                    } else {
                        doubles.append(Double.longBitsToDouble(longAt(slots[i], column)));
                    }
                }
            }
            case BytesColumn bytes -> {
                for (int i = 0; i < count; i++) {
                    appendBytes(slots[i], column, bytes);
                }
            }
            case ObjectColumn objects -> {
                for (int i = 0; i < count; i++) {
                    if (isNull(slots[i], column)) {
                        objects.appendNull();
                    } else {
                        objects.append(objectAt(slots[i], column));
                    }
                }
            }
        }
    }

    private void appendBytes(int slot, int column, BytesColumn target) {
        if (isNull(slot, column)) {
            target.appendNull();
            return;
        }
        int word = slot * stride + wordOf[column];
        long second = words[word + 1];
        if ((second & 0xFF) == IN_HEAP) {
            byte[] text = (byte[]) heap.get((int) (second >>> 8));
            target.append(text, 0, text.length);
        } else {
            int at = target.room(16);
            BIG.set(target.data(), at, words[word]);
            BIG.set(target.data(), at + 8, second);
            target.commit(at, (int) (second & 0xFF));
        }
    }

    // --- checkpoint -----------------------------------------------------------------------------------------

    public void save(DataOutput out) throws IOException {
        out.writeInt(stride);
        out.writeInt(high);
        Values.writeInts(out, free, freeCount);
        Values.writeInts(out, tags, indexed ? high : 0);
        Values.writeLongs(out, words, high * stride);
        heap.save(out);
    }

    public void restore(DataInput in) throws IOException {
        int savedStride = in.readInt();
        if (savedStride != stride) {
            throw new IOException(
                    "checkpoint does not fit the plan: expected rows of " + stride + " words, found " + savedStride);
        }
        high = in.readInt();
        free = Values.readInts(in);
        freeCount = free.length;
        capacity = Math.max(ROWS_AT_FIRST, high);
        tags = Arrays.copyOf(Values.readInts(in), capacity);
        words = Arrays.copyOf(Values.readLongs(in), capacity * stride);
        heap.restore(in);
        int entries = Math.max(ROWS_AT_FIRST * 2, Integer.highestOneBit(Math.max(1, high)) * 4);
        index = new long[indexed ? entries : ROWS_AT_FIRST * 2];
        indexShift = 32 - Integer.numberOfTrailingZeros(index.length);
        if (indexed) {
            fillIndex();
        }
    }
}
