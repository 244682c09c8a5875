package io.millrace.replication.partition;

import io.millrace.replication.ReplicatedLog;

/// What tests may do to a log that users of the face may not.
public final class GroupLogs {
    private GroupLogs() {}

    /// Stops without waiting and without a snapshot.
    public static void abandon(ReplicatedLog log) {
        if (log instanceof ManyGroups groups) {
            groups.abandon();
        } else {
            ((GroupLog) log).abandon();
        }
    }

    public static boolean takeSnapshot(ReplicatedLog log) {
        return ((GroupLog) log).takeSnapshot();
    }

    /// One group of a log that has several.
    public static ReplicatedLog group(ReplicatedLog log, int group) {
        return ((ManyGroups) log).all().get(group);
    }

    /// Empties a group of a log that has several.
    public static void leave(ReplicatedLog log, int group) throws java.io.IOException {
        ((ManyGroups) log).all().get(group).leave(() -> true);
    }

    public static void applyRetention(ReplicatedLog log) {
        ((GroupLog) log).applyRetention();
    }

    public static void checkDisk(ReplicatedLog log) {
        ((GroupLog) log).checkDisk();
    }

    public static Consensus consensus(ReplicatedLog log) {
        return ((GroupLog) log).consensus;
    }

    /// Reads everything that is written, once.
    ///
    /// @return partitions that are damaged
    public static int scrub(ReplicatedLog log) throws java.io.InterruptedIOException {
        return ((GroupLog) log).scrubber.pass();
    }
}
