package io.millrace.http.server;

import java.util.List;

/// Limits of the HTTP server.
///
/// @param eventLoops threads that parse and frame
/// @param connectionsMax further ones are answered 503 and closed
/// @param bodyBytesMax largest body, also after decompression
/// @param budgetBytes bodies and large answers that may be in memory at the same time
/// @param uriBytesMax longest request line
/// @param headerBytesMax all headers of a request together
/// @param headTimeoutMs from the first byte of a head to its end
/// @param bodyTimeoutMs longest silence within a body
/// @param bodyTotalMs longest time for a whole body
/// @param idleTimeoutMs longest silence between two requests
/// @param writeTimeoutMs longest time in which a client may take nothing of an answer
/// @param origins web origins that browsers may call from; `*` for all
public record ServerSettings(
        String host,
        int port,
        int eventLoops,
        int connectionsMax,
        long bodyBytesMax,
        long budgetBytes,
        int uriBytesMax,
        int headerBytesMax,
        long headTimeoutMs,
        long bodyTimeoutMs,
        long bodyTotalMs,
        long idleTimeoutMs,
        long writeTimeoutMs,
        List<String> origins) {
    public ServerSettings {
        origins = List.copyOf(origins);
    }

    /// Defaults on a free port of loopback.
    public static ServerSettings defaults() {
        return new ServerSettings(
                "127.0.0.1",
                0,
                1,
                10_000,
                16L << 20,
                128L << 20,
                16 << 10,
                32 << 10,
                10_000,
                20_000,
                300_000,
                75_000,
                30_000,
                List.of());
    }
}
