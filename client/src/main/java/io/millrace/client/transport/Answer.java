package io.millrace.client.transport;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Flow;

/// A successful answer.
public sealed interface Answer {

    /// It is all here.
    record Whole(byte[] body) implements Answer {
        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        public JsonObject json() {
            return JsonObject.parse(text());
        }
    }

    /// It has begun and goes on; whoever does not subscribe keeps a connection open for nothing.
    record Stream(Flow.Publisher<List<ByteBuffer>> chunks) implements Answer {}
}
