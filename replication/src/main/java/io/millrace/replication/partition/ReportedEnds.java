package io.millrace.replication.partition;

import java.io.DataOutput;
import java.io.IOException;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// What a node has told others of the ends of a group's partitions: it notes when it saw each of them change, so
/// that it can leave out what the one who asks has.
///
/// | bytes | field      | meaning                                                                              |
/// |-------|------------|--------------------------------------------------------------------------------------|
/// | 8 + 8 | knowledge  | what the one who asks has when it has read this                                      |
/// | 1     | whole      | 1: these are all partitions that hold anything; 0: those that changed since          |
/// | 4     | partitions | how many; each: topic id (8), partition (4), earliest (8), next (8), bytes (8)       |
///
/// Why [Knowledge] is enough to leave something out: its table is a random number that no other object of this
/// class has, so knowledge that another node gave, or this one before the group was opened again, is recognized and
/// answered with everything. Within one table the numbers grow with each change that was seen, and one lock orders
/// them like the looks at the partitions: whoever got number n was told what every look up to n has found. What the
/// partitions are is looked up anew for every answer and not told to the table by those who change them, so that
/// no way of changing them (an append, retention, compaction, a rebuild) can be forgotten here.
///
/// Threading: any; one answer at a time.
final class ReportedEnds {
    /// What somebody has been told.
    ///
    /// @param table who told it
    /// @param number of the newest change that it holds
    record Knowledge(long table, long number) {
        static final Knowledge NOTHING = new Knowledge(0, 0);
    }

    /// A partition, as it is now. The same object for as long as the partition is there.
    interface Part {
        long topicId();

        int partition();

        long earliest();

        /// One past the last readable offset; 0 while it holds nothing.
        long readableEnd();

        long sizeBytes();
    }

    private static final class Told {
        private long earliest;
        private long next;
        private long sizeBytes;
        private long changed; // number of the change that made it so
        private long look; // the newest one that found it
    }

    private final long table = RandomGenerator.getDefault().nextLong(1, Long.MAX_VALUE);
    private final Map<Part, Told> told = new IdentityHashMap<>();
    private long number;
    private long look;
    private long gone; // the newest change by which a partition went away; who knows less is told everything

    /// Writes what somebody lacks.
    ///
    /// @param known what the one who asks has been told before
    synchronized void write(DataOutput out, List<? extends Part> parts, Knowledge known) throws IOException {
        look(parts);
        boolean whole = known.table() != table || known.number() < gone || known.number() > number;
        int count = 0;
        for (Told one : told.values()) {
            if (whole || one.changed > known.number()) {
                count++;
            }
        }
        out.writeLong(table);
        out.writeLong(number);
        out.writeBoolean(whole);
        out.writeInt(count);
        if (count == 0) {
            return;
        }
        for (Map.Entry<Part, Told> entry : told.entrySet()) {
            Told one = entry.getValue();
            if (whole || one.changed > known.number()) {
                out.writeLong(entry.getKey().topicId());
                out.writeInt(entry.getKey().partition());
                out.writeLong(one.earliest);
                out.writeLong(one.next);
                out.writeLong(one.sizeBytes);
            }
        }
    }

    private void look(List<? extends Part> parts) {
        look++;
        long next = number + 1;
        int found = 0;
        boolean changed = false;
        for (Part part : parts) {
            long end = part.readableEnd();
            if (end == 0) {
                continue;
            }
            found++;
            Told one = told.get(part);
            if (one == null) {
                one = new Told();
                told.put(part, one);
            }
            long earliest = part.earliest();
            long sizeBytes = part.sizeBytes();
            if (one.changed == 0 || one.earliest != earliest || one.next != end || one.sizeBytes != sizeBytes) {
                one.earliest = earliest;
                one.next = end;
                one.sizeBytes = sizeBytes;
                one.changed = next;
                changed = true;
            }
            one.look = look;
        }
        if (found < told.size()) {
            told.values().removeIf(one -> one.look != look);
            gone = next;
            changed = true;
        }
        if (changed) {
            number = next;
        }
    }
}
