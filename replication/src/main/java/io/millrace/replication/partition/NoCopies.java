package io.millrace.replication.partition;

import io.millrace.replication.ReplicaCopies;
import io.millrace.replication.ReplicaCopy;
import java.io.IOException;

/// Refuses to copy.
enum NoCopies implements ReplicaCopies {
    INSTANCE;

    @Override
    public ReplicaCopy open(int group) throws IOException {
        throw new IOException("this node gives no copies");
    }

    @Override
    public ReplicaCopy find(String copyId) throws IOException {
        throw new IOException("there is no copy '%s'".formatted(copyId));
    }
}
