package io.millrace.replication;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

/// Ports for nodes that are closed and opened again: free now, and none that the system gives to outgoing
/// connections, which could take it meanwhile.
final class Ports {
    private static final int FIRST = 10_000;
    private static final int END = 32_000; // Linux gives 32768 and up
    private static final SplittableRandom RANDOM = new SplittableRandom();
    private static final Set<Integer> GIVEN = new HashSet<>();

    private Ports() {}

    /// One that nobody in this process was given before.
    static synchronized int free() throws IOException {
        for (int attempt = 0; attempt < 1_000; attempt++) {
            int port = RANDOM.nextInt(FIRST, END);
            if (GIVEN.add(port) && isFree(port)) {
                return port;
            }
        }
        throw new IOException("no free port was found between %d and %d".formatted(FIRST, END));
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }
}
