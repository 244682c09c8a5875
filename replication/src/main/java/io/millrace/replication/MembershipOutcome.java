package io.millrace.replication;

/// What became of a change of membership or leadership.
public sealed interface MembershipOutcome {
    record Done() implements MembershipOutcome {}

    /// Another node leads and must be asked; null while nobody does.
    record NotLeader(@org.jspecify.annotations.Nullable String leader) implements MembershipOutcome {}

    /// @param message why it makes no sense: unknown node, last node, a majority would be gone …
    record Refused(String message) implements MembershipOutcome {}

    /// Another change is going on.
    record Busy(String message) implements MembershipOutcome {}

    /// It was tried and given up; the cluster is as it was before.
    record Failed(String message) implements MembershipOutcome {}
}
