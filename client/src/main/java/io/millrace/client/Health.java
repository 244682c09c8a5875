package io.millrace.client;

import java.util.List;

/// Whether the node that answered can do its work, and why not.
public record Health(boolean ready, List<String> reasons) {
    public Health {
        reasons = List.copyOf(reasons);
    }
}
