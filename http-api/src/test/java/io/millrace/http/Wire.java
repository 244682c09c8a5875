package io.millrace.http;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// One connection, byte by byte: what a client library would not let a test send.
public final class Wire implements AutoCloseable {
    private static final int TIMEOUT_MS = 60_000;
    private final Socket socket;
    private final InputStream in;

    /// An answer whose body has been read.
    public record Answer(int status, Map<String, String> headers, String body) {
        public String header(String name) {
            return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        }
    }

    public Wire(URI node) throws IOException {
        this(new Socket(node.getHost(), node.getPort()));
    }

    /// On a connection of another kind.
    public Wire(Socket connected) throws IOException {
        socket = connected;
        socket.setSoTimeout(TIMEOUT_MS);
        in = new java.io.BufferedInputStream(socket.getInputStream());
    }

    /// One request on a connection of its own.
    public static Answer call(URI node, String line, String body, String... headers) throws IOException {
        try (Wire wire = new Wire(node)) {
            return wire.request(line, body, headers);
        }
    }

    public Answer request(String line, String body, String... headers) throws IOException {
        return request(line, body.getBytes(StandardCharsets.UTF_8), headers);
    }

    public Answer request(String line, byte[] body, String... headers) throws IOException {
        StringBuilder head = new StringBuilder(line + " HTTP/1.1\r\nHost: test\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        if (body.length > 0 || line.startsWith("POST")) {
            head.append("Content-Length: ").append(body.length).append("\r\n");
        }
        send(head.append("\r\n").toString());
        send(body);
        return answer(line.startsWith("HEAD"));
    }

    public void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    public void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    public Answer answer() throws IOException {
        return answer(false);
    }

    private Answer answer(boolean headOnly) throws IOException {
        int status = Integer.parseInt(line().split(" ")[1]);
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            String[] parts = line.split(": ", 2);
            headers.put(parts[0].toLowerCase(Locale.ROOT), parts[1]);
        }
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        if (!headOnly) {
            if (headers.containsKey("content-length")) {
                body.write(in.readNBytes(Integer.parseInt(headers.get("content-length"))));
            } else if ("chunked".equals(headers.get("transfer-encoding"))) {
                for (int size = chunkSize(); size > 0; size = chunkSize()) {
                    body.write(in.readNBytes(size));
                    line();
                }
                line();
            }
        }
        return new Answer(status, headers, body.toString(StandardCharsets.UTF_8));
    }

    /// Reads an answer's head only, and returns its status.
    public int head() throws IOException {
        int status = Integer.parseInt(line().split(" ")[1]);
        for (String line = line(); !line.isEmpty(); line = line()) {
            if (line.isBlank()) {
                break;
            }
        }
        return status;
    }

    /// The next chunk of a streamed answer.
    public String chunk() throws IOException {
        byte[] bytes = in.readNBytes(chunkSize());
        line();
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private int chunkSize() throws IOException {
        return Integer.parseInt(line(), 16);
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("the node closed the connection within '" + line + "'");
            }
            if (next != '\r') {
                line.write(next);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    /// The next byte, −1 at the end.
    public int read() throws IOException {
        return in.read();
    }

    /// Whether the node has closed the connection.
    public boolean isClosed() throws IOException {
        return in.read() < 0;
    }

    public Socket socket() {
        return socket;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
