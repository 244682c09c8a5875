package io.millrace.replication;

import java.util.List;

/// @param ready whether another node would do better than this one, so that requests should go there
/// @param problems each says what is wrong and what happens next; when ready, what is wrong elsewhere: a group
///     that lies on other nodes and that none of them answers for
public record Health(
        boolean ready, String role, long term, long committedIndex, long appliedIndex, List<String> problems) {
    public Health {
        problems = List.copyOf(problems);
    }
}
