package io.millrace.replication;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;

/// The wires between nodes: each node reaches each other one through a forwarder of its own, which can be frozen. A
/// frozen wire carries nothing and says nothing, as when a process is stopped or packets are dropped.
final class Links implements AutoCloseable {
    private record Wire(String from, String to) {}

    private final Map<Wire, ServerSocket> listeners = new ConcurrentHashMap<>();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<Wire> frozen = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    /// The members as `from` shall see them.
    List<Member> seenBy(String from, List<Member> members) throws IOException {
        List<Member> seen = new ArrayList<>();
        for (Member member : members) {
            seen.add(
                    member.nodeId().equals(from)
                            ? member
                            : new Member(
                                    member.nodeId(),
                                    member.directoryId(),
                                    "127.0.0.1:" + open(new Wire(from, member.nodeId()), member.raftAddress()),
                                    member.httpAddress()));
        }
        return seen;
    }

    private int open(Wire wire, String target) throws IOException {
        ServerSocket known = listeners.get(wire);
        if (known != null) {
            return known.getLocalPort();
        }
        ServerSocket listener = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        listeners.put(wire, listener);
        int port = Integer.parseInt(target.substring(target.lastIndexOf(':') + 1));
        start(() -> {
            while (!closed) {
                Socket near = listener.accept();
                sockets.add(near);
                Socket far;
                try {
                    far = new Socket(InetAddress.getLoopbackAddress(), port);
                } catch (IOException refused) {
                    near.close();
                    continue;
                }
                sockets.add(far);
                start(() -> forward(wire, near, far));
                start(() -> forward(wire, far, near));
            }
        });
        return listener.getLocalPort();
    }

    private void forward(Wire wire, Socket from, Socket to) throws IOException {
        byte[] buffer = new byte[64 << 10];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                while (frozen.contains(wire) && !closed) {
                    LockSupport.parkNanos(2_000_000);
                }
                out.write(buffer, 0, count);
            }
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread.ofVirtual().start(() -> {
            try {
                work.run();
            } catch (IOException e) {
                // a connection ended, which is what connections do
            }
        });
    }

    /// Cuts a node off, in both directions.
    void freeze(String node) {
        for (Wire wire : listeners.keySet()) {
            if (wire.from().equals(node) || wire.to().equals(node)) {
                frozen.add(wire);
            }
        }
    }

    void thaw() {
        frozen.clear();
    }

    @Override
    public void close() throws IOException {
        closed = true;
        for (ServerSocket listener : listeners.values()) {
            listener.close();
        }
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
