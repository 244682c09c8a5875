package io.millrace.replication;

import java.util.List;

/// @param problems empty when ready: each says what is wrong and what happens next
public record Health(
        boolean ready, String role, long term, long committedIndex, long appliedIndex, List<String> problems) {
    public Health {
        problems = List.copyOf(problems);
    }
}
