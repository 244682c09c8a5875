package io.millrace.replication;

/// How a change of topics was decided.
public sealed interface TopicOutcome {
    record Done(Topic topic, boolean changed) implements TopicOutcome {}

    record AlreadyExists(Topic existing) implements TopicOutcome {}

    record Unknown() implements TopicOutcome {}

    record OutOfRange(long earliest, long next) implements TopicOutcome {}

    record Refused(String reason) implements TopicOutcome {}
}
