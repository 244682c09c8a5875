package io.millrace.client.fake;

import com.sun.net.httpserver.HttpExchange;
import io.millrace.client.JsonText;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// One answer, as a script of a test gives it.
public final class SqlExchange {
    private final HttpExchange http;
    private final String request;
    private final CountDownLatch closing;
    private boolean muted;

    SqlExchange(HttpExchange http, String request, CountDownLatch closing) {
        this.http = http;
        this.request = request;
        this.closing = closing;
    }

    HttpExchange http() {
        return http;
    }

    /// The body of the request.
    public String request() {
        return request;
    }

    void mute() {
        muted = true;
    }

    void unmute() {
        muted = false;
    }

    public void json(int status, String json) throws IOException {
        send(status, "application/json", json);
    }

    public void error(int status, String code, String message) throws IOException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("ok", false);
        body.put("error", code);
        body.put("message", message);
        body.put("docs", "/docs/errors#" + code);
        body.put("request_id", "r1");
        json(status, JsonText.write(body));
    }

    public void send(int status, String type, String body) throws IOException {
        if (muted) {
            return;
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        http.getResponseHeaders().set("Content-Type", type);
        http.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        http.getResponseBody().write(bytes);
    }

    /// Begins an endless answer.
    public OutputStream stream() throws IOException {
        http.getResponseHeaders().set("Content-Type", "application/x-ndjson");
        http.sendResponseHeaders(200, 0);
        return http.getResponseBody();
    }

    /// Begins an answer that ends too early: `lines` of the announced megabyte, then the connection closes.
    public void brokenStream(String... lines) throws IOException {
        http.getResponseHeaders().set("Content-Type", "application/x-ndjson");
        http.sendResponseHeaders(200, 1_000_000);
        lines(http.getResponseBody(), lines);
    }

    /// Writes lines and flushes.
    public static void lines(OutputStream out, String... lines) throws IOException {
        for (String line : lines) {
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        }
        out.flush();
    }

    /// Writes a heartbeat now and then until the reader has gone or the node stops; returns true when the
    /// reader went.
    public boolean awaitReaderGone(OutputStream out) {
        try {
            while (!closing.await(20, TimeUnit.MILLISECONDS)) {
                out.write('\n');
                out.flush();
            }
            return false;
        } catch (IOException gone) {
            return true;
        } catch (InterruptedException stopping) {
            return false;
        }
    }
}
