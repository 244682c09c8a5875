package io.millrace.http.cluster;

import io.millrace.replication.Member;
import io.millrace.replication.OutcomeUnknownException;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicaPeers;
import io.millrace.replication.ReplicationException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URLEncoder;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What other nodes do for this one, over HTTP: give copies, where a broken connection is taken up again where
/// it broke; and decide commands, which are sent once.
public final class RemoteCopies implements ReplicaPeers {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteCopies.class);
    /// As long as a snapshot may take.
    private static final Duration OPEN_WITHIN = Duration.ofSeconds(120);
    private static final Duration HEAD_WITHIN = Duration.ofSeconds(30);
    private static final Duration CLOSE_WITHIN = Duration.ofSeconds(5);
    private static final Duration SILENCE_MAX = Duration.ofSeconds(20);
    /// Times in a row that nothing came.
    private static final int TRIES_MAX = 8;
    private static final long PAUSE_FIRST_MS = 100;
    private static final int PIECE_BYTES = 128 << 10;
    static final String BYTES = "application/octet-stream";
    /// Longer than the leader takes to say that it does not know.
    private static final Duration COMMAND_WITHIN = Duration.ofSeconds(40);

    private final Peers peers;
    private final String nodeId;

    /// @param nodeId of this node, which the others show when they say how far a copy is
    public RemoteCopies(Peers peers, String nodeId) {
        this.peers = peers;
        this.nodeId = nodeId;
    }

    @Override
    public ReplicaCopy open(Member member, int group) throws IOException {
        Peers.Reply reply = peers.ask(
                "POST",
                member.httpAddress(),
                "%s?group=%d&node=%s"
                        .formatted(ClusterRoutes.COPIES_PATH, group, URLEncoder.encode(nodeId, StandardCharsets.UTF_8)),
                null,
                OPEN_WITHIN);
        if (reply.status() != 200) {
            throw new IOException("node %s at %s gives no copy: %s"
                    .formatted(member.nodeId(), member.httpAddress(), Peers.reason(reply)));
        }
        List<ReplicaCopy.FileFact> files = new ArrayList<>();
        if (!(reply.body().get("files") instanceof List<?> list)) {
            throw malformed(member);
        }
        for (Object entry : list) {
            if (!(entry instanceof Map<?, ?> file
                    && file.get("name") instanceof String name
                    && file.get("size_bytes") instanceof Long size
                    && file.get("crc32c") instanceof Long checksum)) {
                throw malformed(member);
            }
            files.add(new ReplicaCopy.FileFact(name, size, (int) (long) checksum));
        }
        if (!(reply.body().get("term") instanceof Long term && reply.body().get("index") instanceof Long index)) {
            throw malformed(member);
        }
        byte[] manifest;
        try {
            manifest = Base64.getDecoder().decode(reply.text("manifest_b64"));
        } catch (IllegalArgumentException notBase64) {
            throw malformed(member);
        }
        return new Remote(member, reply.text("copy"), term, index, manifest, List.copyOf(files));
    }

    @Override
    public CompletableFuture<byte[]> ask(Member leader, int group, byte[] command) {
        return peers.post(
                        leader.httpAddress(), ClusterRoutes.COMMANDS_PATH + "?group=" + group, command, COMMAND_WITHIN)
                .handle((response, failure) -> answer(leader, response, failure));
    }

    private static byte[] answer(Member leader, @Nullable HttpResponse<byte[]> response, @Nullable Throwable failure) {
        String where = "node %s at %s".formatted(leader.nodeId(), leader.httpAddress());
        if (response != null && response.statusCode() == 200) {
            return response.body();
        }
        // a decision and a refusal travel as 200: any other answer came before the command was handed on,
        // unless the node broke
        if (response != null && response.statusCode() != 500 && response.statusCode() != 504) {
            String said = new String(response.body(), StandardCharsets.UTF_8).strip();
            throw new ReplicationException(
                    "%s did not decide it (status %d: %s)".formatted(where, response.statusCode(), said), null);
        }
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException) {
            throw new ReplicationException("nothing answers at " + where, cause);
        }
        throw new OutcomeUnknownException(
                "nobody knows whether the write happened: %s did not answer (%s)"
                        .formatted(where, response == null ? cause : "status " + response.statusCode()),
                cause);
    }

    private static IOException malformed(Member member) {
        return new IOException("node %s at %s answered with something that is not a copy"
                .formatted(member.nodeId(), member.httpAddress()));
    }

    private final class Remote implements ReplicaCopy {
        private final Member member;
        private final String id;
        private final long term;
        private final long index;
        private final byte[] manifest;
        private final List<FileFact> files;

        private Remote(Member member, String id, long term, long index, byte[] manifest, List<FileFact> files) {
            this.member = member;
            this.id = id;
            this.term = term;
            this.index = index;
            this.manifest = manifest;
            this.files = files;
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public long term() {
            return term;
        }

        @Override
        public long index() {
            return index;
        }

        @Override
        public byte[] manifest() {
            return manifest.clone();
        }

        @Override
        public List<FileFact> files() {
            return files;
        }

        @Override
        public void read(String name, long from, long length, OutputStream to) throws IOException {
            Progress progress = new Progress(from, from + length);
            int fruitless = 0;
            while (progress.at < progress.end) {
                long before = progress.at;
                IOException failure = attempt(name, progress, to);
                if (progress.at == progress.end) {
                    return;
                }
                fruitless = progress.at > before ? 0 : fruitless + 1;
                if (fruitless == TRIES_MAX || Thread.currentThread().isInterrupted()) {
                    throw new IOException(
                            "file %s of copy %s could not be read from node %s at %s beyond byte %d: %s"
                                    .formatted(
                                            name,
                                            id,
                                            member.nodeId(),
                                            member.httpAddress(),
                                            progress.at,
                                            failure == null ? "it ended early" : failure.getMessage()),
                            failure);
                }
                LOG.atDebug()
                        .addKeyValue("file", name)
                        .addKeyValue("at", progress.at)
                        .log("reading on after a break");
                LockSupport.parkNanos((PAUSE_FIRST_MS << Math.min(fruitless, 5)) * 1_000_000);
            }
        }

        /// Reads as far as it gets.
        ///
        /// @return what stopped it; null when the answer ended
        /// @throws IOException `to` could not be written, or the other node will not go on
        private @Nullable IOException attempt(String name, Progress progress, OutputStream to) throws IOException {
            String path = "%s/%s/file?name=%s&from=%d&length=%d"
                    .formatted(
                            ClusterRoutes.COPIES_PATH,
                            URLEncoder.encode(id, StandardCharsets.UTF_8),
                            URLEncoder.encode(name, StandardCharsets.UTF_8),
                            progress.at,
                            progress.end - progress.at);
            HttpResponse<InputStream> response;
            try {
                response = peers.open(member.httpAddress(), path, HEAD_WITHIN);
            } catch (IOException unanswered) {
                return unanswered;
            }
            try (InputStream body = response.body();
                    Watchdog watchdog = new Watchdog(body)) {
                if (response.statusCode() / 100 == 4) {
                    throw new IOException("node %s at %s no longer has copy %s (status %d)"
                            .formatted(member.nodeId(), member.httpAddress(), id, response.statusCode()));
                }
                if (response.statusCode() != 200) {
                    return new IOException("status " + response.statusCode());
                }
                byte[] piece = new byte[PIECE_BYTES];
                while (progress.at < progress.end) {
                    int count;
                    try {
                        count = body.read(piece, 0, (int) Math.min(piece.length, progress.end - progress.at));
                    } catch (IOException broken) {
                        return broken;
                    }
                    if (count < 0) {
                        return null;
                    }
                    to.write(piece, 0, count);
                    progress.at += count;
                    watchdog.moved();
                }
            }
            return null;
        }

        @Override
        public void close() {
            try {
                peers.ask("DELETE", member.httpAddress(), ClusterRoutes.COPIES_PATH + "/" + id, null, CLOSE_WITHIN);
            } catch (IOException unanswered) {
                // it closes by itself when nobody reads from it
                LOG.atDebug().setCause(unanswered).addKeyValue("copy", id).log("a copy could not be closed");
            }
        }
    }

    /// Closes an answer that does not go on: the other node may be frozen.
    private static final class Watchdog implements AutoCloseable {
        private static final long LOOK_NANOS = 1_000_000_000L;
        private volatile long movedNanos = System.nanoTime();
        private volatile boolean over;
        private final Thread thread;

        private Watchdog(InputStream body) {
            thread = Thread.ofVirtual().name("copy-watchdog").start(() -> {
                while (!over) {
                    LockSupport.parkNanos(LOOK_NANOS);
                    if (!over && System.nanoTime() - movedNanos > SILENCE_MAX.toNanos()) {
                        try {
                            body.close();
                        } catch (IOException closed) {
                            LOG.atDebug().setCause(closed).log("a silent copy could not be closed");
                        }
                        return;
                    }
                }
            });
        }

        private void moved() {
            movedNanos = System.nanoTime();
        }

        @Override
        public void close() {
            over = true;
            LockSupport.unpark(thread);
        }
    }

    private static final class Progress {
        private long at;
        private final long end;

        private Progress(long at, long end) {
            this.at = at;
            this.end = end;
        }
    }
}
