package io.millrace.faults.load;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// @param node index of the node that is asked
/// @param path with its query
/// @param body null for GET
public record Request(int node, String path, @Nullable String body, Duration timeout) {
    public static Request get(int node, String path, Duration timeout) {
        return new Request(node, path, null, timeout);
    }

    public static Request post(int node, String path, String body, Duration timeout) {
        return new Request(node, path, body, timeout);
    }

    public Request to(int other) {
        return new Request(other, path, body, timeout);
    }
}
