package io.millrace.replication;

/// How the partitions of a cluster are divided into Raft groups, fixed when it is created.
///
/// @param count number of groups, at least 1
/// @param metadataApart whether group 0, which every node holds, carries metadata only; then there are at least two
///     groups, and the others are held by some of the nodes each
public record GroupLayout(int count, boolean metadataApart) {
    /// Nothing is known yet.
    public static final GroupLayout NONE = new GroupLayout(0, false);

    private static final String APART = " apart";

    public GroupLayout {
        if (metadataApart && count < 2) {
            throw new IllegalArgumentException(
                    "a replication factor needs at least two groups: group 0 is on every node, there are " + count);
        }
    }

    /// The first group with partitions.
    public int firstWithData() {
        return metadataApart ? 1 : 0;
    }

    /// What is different about another node's layout, for people.
    public String difference(String node, GroupLayout other) {
        return other.count == count
                ? "node %s was started %s raft.replication-factor, this one %s it"
                        .formatted(node, other.metadataApart ? "with" : "without", metadataApart ? "with" : "without")
                : "node %s has raft.groups %d, this one %d".formatted(node, other.count, count);
    }

    /// As people read it, and as it is kept: `4`, or `4 apart`.
    @Override
    public String toString() {
        return metadataApart ? count + APART : Integer.toString(count);
    }

    /// The other way round.
    ///
    /// @throws IllegalArgumentException that is no layout
    static GroupLayout parse(String text) {
        boolean apart = text.endsWith(APART);
        return new GroupLayout(
                Integer.parseInt(apart ? text.substring(0, text.length() - APART.length()) : text), apart);
    }
}
