package io.millrace.http.cluster;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Parameters;
import io.millrace.http.route.ReplyStream;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicatedLog;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `/_cluster/copies`: gives this node's replica away, file by file, piece by piece.
///
/// Bound: pieces of [#PIECE_BYTES]; all copies together go at the speed that was set.
final class CopyHandlers {
    private static final Logger LOG = LoggerFactory.getLogger(CopyHandlers.class);
    private static final int PIECE_BYTES = 128 << 10;

    private final ReplicatedLog log;
    private final Throttle throttle;
    private final LongAdder bytes;

    CopyHandlers(ReplicatedLog log, Metrics metrics, long bytesPerSecond) {
        this.log = log;
        this.throttle = new Throttle(bytesPerSecond);
        this.bytes = metrics.counter("cluster_copy_bytes_total", "Bytes of replicas given to other nodes");
    }

    void open(Exchange exchange) {
        int group = (int) exchange.parameters().integer("group", 0, Integer.MAX_VALUE, 0);
        ReplicaCopy copy;
        try {
            copy = log.copies().open(group, exchange.parameters().text("node", ""));
        } catch (IOException refused) {
            throw new HttpFailure(ErrorCode.NOT_READY, "No copy could be made: " + refused.getMessage() + ".");
        }
        byte[] manifest = copy.manifest();
        JsonBuffer json = new JsonBuffer(4096).ascii("{\"ok\":true,\"copy\":").string(copy.id());
        json.ascii(",\"term\":").number(copy.term());
        json.ascii(",\"index\":").number(copy.index());
        json.ascii(",\"manifest_b64\":").base64(manifest, 0, manifest.length);
        json.ascii(",\"files\":[");
        List<ReplicaCopy.FileFact> files = copy.files();
        for (int i = 0; i < files.size(); i++) {
            ReplicaCopy.FileFact file = files.get(i);
            json.ascii(i == 0 ? "{\"name\":" : ",{\"name\":").string(file.name());
            json.ascii(",\"size_bytes\":").number(file.sizeBytes());
            json.ascii(",\"crc32c\":").number(file.crc32c()).put('}');
        }
        exchange.reply(200, Exchange.JSON, json.ascii("]}\n"));
    }

    private ReplicaCopy find(String id) {
        try {
            return log.copies().find(id);
        } catch (IOException unknown) {
            throw new HttpFailure(ErrorCode.UNKNOWN_COPY, unknown.getMessage() + ".");
        }
    }

    void read(Exchange exchange) {
        ReplicaCopy copy = find(exchange.pathParameter(0));
        Parameters parameters = exchange.parameters();
        String name = parameters.text("name", "");
        ReplicaCopy.FileFact file = copy.files().stream()
                .filter(known -> known.name().equals(name))
                .findAny()
                .orElseThrow(() -> new HttpFailure(
                        ErrorCode.INVALID_PARAMETER,
                        "Parameter 'name' must name a file of the copy, not '" + name + "'."));
        long from = parameters.integer("from", 0, file.sizeBytes(), 0);
        long length = parameters.integer("length", 0, file.sizeBytes() - from, file.sizeBytes() - from);
        Outlet outlet = new Outlet(exchange.stream(200, "application/octet-stream"));
        try {
            copy.read(name, from, length, outlet);
            outlet.flush();
            outlet.stream.end();
        } catch (IOException | RuntimeException broken) {
            // the head is out; the other node notices that the body is short, and asks for the rest
            outlet.stream.abort();
            LOG.atDebug()
                    .setCause(broken)
                    .addKeyValue("copy", copy.id())
                    .addKeyValue("file", name)
                    .log("a copy was not read to its end");
        }
    }

    void close(Exchange exchange) {
        find(exchange.pathParameter(0)).close();
        exchange.reply(200, Exchange.JSON, new JsonBuffer(16).ascii("{\"ok\":true}\n"));
    }

    /// Gathers pieces and sends them at the speed that is allowed. Waits while the other side does not keep up.
    private final class Outlet extends OutputStream {
        private final ReplyStream stream;
        private final JsonBuffer piece = new JsonBuffer(PIECE_BYTES);

        private Outlet(ReplyStream stream) {
            this.stream = stream;
        }

        @Override
        public void write(int single) throws IOException {
            write(new byte[] {(byte) single}, 0, 1);
        }

        @Override
        public void write(byte[] source, int start, int length) throws IOException {
            int done = 0;
            while (done < length) {
                int part = Math.min(length - done, PIECE_BYTES - piece.size());
                piece.raw(source, start + done, part);
                done += part;
                if (piece.size() == PIECE_BYTES) {
                    flush();
                }
            }
        }

        @Override
        public void flush() throws IOException {
            int size = piece.size();
            throttle.take(size);
            if (!stream.write(piece)) {
                throw new IOException("the other node has gone");
            }
            bytes.add(size);
        }
    }
}
