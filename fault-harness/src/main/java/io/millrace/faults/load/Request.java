package io.millrace.faults.load;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// @param node index of the node that is asked
/// @param path with its query
/// @param body null for none
public record Request(
        int node, String method, String path, @Nullable String body, Duration timeout) {
    public static Request get(int node, String path, Duration timeout) {
        return new Request(node, "GET", path, null, timeout);
    }

    public static Request post(int node, String path, String body, Duration timeout) {
        return new Request(node, "POST", path, body, timeout);
    }

    public static Request delete(int node, String path, Duration timeout) {
        return new Request(node, "DELETE", path, null, timeout);
    }

    public Request to(int other) {
        return new Request(other, method, path, body, timeout);
    }

    Request withPath(String other) {
        return new Request(node, method, other, body, timeout);
    }

    Request withBody(String other) {
        return new Request(node, method, path, other, timeout);
    }
}
