package io.millrace.replication;

import org.jspecify.annotations.Nullable;

/// The write has certainly not happened, because another node decides.
public final class NotLeaderException extends ReplicationException {
    private static final long serialVersionUID = 1;

    private final @Nullable String leader;

    /// @param leader node id; null while nobody leads
    public NotLeaderException(String message, @Nullable String leader) {
        super(message, null);
        this.leader = leader;
    }

    /// The node to ask; null while nobody leads.
    public @Nullable String leader() {
        return leader;
    }
}
