package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.http.Wire;
import io.millrace.http.Wire.Answer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients that send nonsense, too much, too slowly, or leave.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileClientsTest {
    private Node node;
    private URI address;

    @BeforeAll
    void start(@TempDir Path folder) throws IOException {
        node = TestNodes.start(folder.resolve("data"), "http.uri-bytes-max", "1024", "http.header-bytes-max", "2048");
        address = node.address();
    }

    @AfterAll
    void stop() {
        node.stop();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GARBAGE~~                                                                                   | 400
            GET /health HTTP/1.1~~                                                                      | 400
            GET /health HTTP/1.1~Host: a~Host: b~~                                                      | 400
            GET /health HTTP/1.1~Host : a~~                                                             | 400
            GET /health HTTP/3.0~Host: a~~                                                              | 505
            POST /broker/topics HTTP/1.1~Host: a~Content-Length: -1~~                                   | 400
            POST /broker/topics HTTP/1.1~Host: a~Content-Length: 1~Content-Length: 2~~x                 | 400
            POST /broker/topics HTTP/1.1~Host: a~Content-Length: 1~Transfer-Encoding: chunked~~0~~      | 400
            POST /broker/topics HTTP/1.1~Host: a~Transfer-Encoding: gzip, chunked~~0~~                  | 501
            POST /broker/topics/t/produce HTTP/1.1~Host: a~Transfer-Encoding: chunked~~zz~x~0~~         | 400
            POST /broker/topics/t/produce HTTP/1.1~Host: a~Expect: miracles~Content-Length: 1~~x        | 417
            POST /health HTTP/1.1~Host: a~Content-Length: 5~~12345                                      | 405
            GET /health HTTP/1.1~Host: a~Content-Length: 5~~12345                                       | 413
            GET /health HTTP/1.1~Host: a~Origin: http://evil.example~~                                  | 403
            """)
    void malformedRequestsAreAnsweredAndTheNodeGoesOn(String request, int status) throws Exception {
        try (Wire wire = new Wire(address)) {
            wire.send(request.strip().replace("~", "\r\n"));
            assertThat(wire.answer().status()).isEqualTo(status);
        }
        assertThat(Wire.call(address, "GET /health", "").status()).isEqualTo(200);
    }

    @Test
    void requestLinesAndHeadersHaveLimits() throws Exception {
        try (Wire wire = new Wire(address)) {
            wire.send("GET /" + "a".repeat(2000) + " HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(414);
        }
        try (Wire wire = new Wire(address)) {
            wire.send("GET /health HTTP/1.1\r\nHost: a\r\nX: " + "a".repeat(4000) + "\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(431);
        }
        assertThat(Wire.call(address, "GET /health", "", "X: " + "a".repeat(1500))
                        .status())
                .isEqualTo(200);
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws Exception {
        try (Wire wire = new Wire(address)) {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < 200; i++) {
                requests.append(
                                "POST /broker/topics/piped/produce?partition=0 HTTP/1.1\r\nHost: a\r\nX-Request-Id: id-")
                        .append(i)
                        .append("\r\nContent-Length: 1\r\n\r\n")
                        .append(i % 10)
                        .append("GET /health HTTP/1.1\r\nHost: a\r\nX-Request-Id: health-")
                        .append(i)
                        .append("\r\n\r\n");
            }
            wire.send(requests.toString());
            for (int i = 0; i < 200; i++) {
                Answer produced = wire.answer();
                assertThat(produced.header("X-Request-Id")).isEqualTo("id-" + i);
                assertThat(produced.body()).contains("\"offset\":" + i + ",");
                assertThat(wire.answer().header("X-Request-Id")).isEqualTo("health-" + i);
            }
        }
    }

    @Test
    void continueIsSaidBeforeTheBodyIsSent() throws Exception {
        try (Wire wire = new Wire(address)) {
            wire.send(
                    "POST /broker/topics/t/produce HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
            assertThat(wire.head()).isEqualTo(100);
            wire.send("ab");
            assertThat(wire.answer().status()).isEqualTo(200);
        }
        try (Wire wire = new Wire(address)) { // refused before a byte of it travels
            wire.send(
                    "POST /broker/topics/t/produce HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(413);
        }
    }

    @Test
    void headAndOptionsAndOldClientsAreServed() throws Exception {
        Answer head = Wire.call(address, "HEAD /health", "");
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("Content-Length")).isEqualTo("12");
        assertThat(Wire.call(address, "OPTIONS /broker/topics", "").header("Allow"))
                .contains("POST");
        try (Wire wire = new Wire(address)) {
            wire.send("GET /health HTTP/1.0\r\n\r\n");
            assertThat(wire.answer().body()).isEqualTo("{\"ok\":true}\n");
            assertThat(wire.isClosed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /health HTTP/1.1\r\nHost: a\r\nX-Slow:",
                "POST /broker/topics/t/produce HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"
            })
    void slowRequestsAreEnded(String start, @TempDir Path folder) throws Exception {
        try (Node impatient = TestNodes.start(
                        folder.resolve("impatient"), "http.head-timeout-ms", "600", "http.body-timeout-ms", "600");
                Wire wire = new Wire(impatient.address())) {
            wire.send(start);
            Answer answer = wire.answer();
            assertThat(answer.status()).isEqualTo(408);
            assertThat(answer.body()).contains("request_timeout");
            assertThat(wire.isClosed()).isTrue();
        }
    }

    @Test
    void aBodyThatIsCutOffWritesNothing() throws Exception {
        Wire.call(address, "POST /broker/topics", "{\"name\":\"cut\",\"partitions\":1}");
        try (Wire wire = new Wire(address)) {
            wire.send(
                    "POST /broker/topics/cut/produce-ndjson HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{}\n{}\n{}\n");
        }
        try (Wire wire = new Wire(address)) { // and again, chunked
            wire.send(
                    "POST /broker/topics/cut/produce-ndjson HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n{}\n{}\n\r\n");
        }
        TestNodes.await("the budget is given back", () -> metric("millrace_http_budget_bytes") == 0);
        assertThat(Wire.call(address, "GET /broker/consume/cut/g/0", "").body()).contains("\"count\":0");
    }

    private double metric(String name) {
        try {
            return Wire.call(address, "GET /metrics", "")
                    .body()
                    .lines()
                    .filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                    .sum();
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    @Test
    void connectionsBeyondTheLimitAreRefusedAndTheOthersLive(@TempDir Path folder) throws Exception {
        List<Wire> open = new ArrayList<>();
        try (Node crowded = TestNodes.start(folder.resolve("crowded"), "http.connections-max", "50")) {
            int refused = 0;
            for (int i = 0; i < 60; i++) {
                Wire wire = new Wire(crowded.address());
                open.add(wire);
                wire.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
                int status = wire.answer().status();
                assertThat(status).isIn(200, 503);
                refused += status == 503 ? 1 : 0;
            }
            assertThat(refused).isGreaterThanOrEqualTo(10);
            assertThat(open.getFirst().request("GET /health", "").status()).isEqualTo(200);
            for (Wire wire : open) {
                wire.close();
            }
            TestNodes.await(
                    "connections end",
                    () -> Wire.call(crowded.address(), "GET /health", "").status() == 200);
        }
    }

    @Test
    void aFloodOfLargeBodiesIsRefusedAndMemoryStaysBounded(@TempDir Path folder) throws Exception {
        try (Node small = TestNodes.start(folder.resolve("small"), "http.budget-bytes", "4000000")) {
            byte[] body = new byte[1_000_000];
            List<CompletableFuture<Integer>> floods = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                floods.add(CompletableFuture.supplyAsync(
                        () -> {
                            try (Wire wire = new Wire(small.address())) {
                                wire.send(
                                        "POST /broker/topics/flood/produce HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n");
                                int status = wire.head();
                                if (status == 100) {
                                    wire.send(body);
                                    status = wire.answer().status();
                                }
                                return status;
                            } catch (IOException failed) {
                                throw new java.io.UncheckedIOException(failed);
                            }
                        },
                        task -> Thread.ofVirtual().start(task)));
            }
            List<Integer> statuses = new ArrayList<>();
            for (CompletableFuture<Integer> flood : floods) {
                statuses.add(flood.get(TestNodes.PATIENCE_S, TimeUnit.SECONDS));
            }
            assertThat(statuses)
                    .allMatch(status -> status == 200 || status == 503)
                    .contains(200);
            assertThat(Wire.call(small.address(), "POST /broker/topics/flood/produce", "after")
                            .status())
                    .isEqualTo(200);
            TestNodes.await(
                    "the budget is given back",
                    () -> Wire.call(small.address(), "GET /metrics", "")
                            .body()
                            .contains("millrace_http_budget_bytes 0\n"));
        }
    }

    @Test
    void aReaderThatStopsReadingDoesNotFillTheNode() throws Exception {
        Wire.call(address, "POST /broker/topics", "{\"name\":\"slow\",\"partitions\":1}");
        String line = "x".repeat(1000) + "\n";
        for (int i = 0; i < 40; i++) {
            Wire.call(address, "POST /broker/topics/slow/produce-ndjson", line.repeat(1000));
        }
        try (Wire wire = new Wire(address)) {
            wire.send("GET /broker/tail/slow?from=start HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(wire.head()).isEqualTo(200);
            double before = metric("millrace_http_answer_bytes_total");
            int received = 0;
            while (received < 40_000_000) { // all of it comes, in the reader's own time
                received += wire.chunk().length();
            }
            assertThat(before).as("bytes handed over while nobody read").isLessThan(25_000_000);
        }
    }

    @Test
    void aStoppingNodeAnswersWhatIsInFlight(@TempDir Path folder) throws Exception {
        Node stopping = TestNodes.start(folder.resolve("stopping"));
        Wire.call(stopping.address(), "POST /broker/topics", "{\"name\":\"t\",\"partitions\":1}");
        try (Wire polling = new Wire(stopping.address());
                Wire streaming = new Wire(stopping.address());
                Wire idle = new Wire(stopping.address())) {
            assertThat(idle.request("GET /health", "").status()).isEqualTo(200);
            polling.send("GET /broker/consume/t/g/0?wait_ms=30000 HTTP/1.1\r\nHost: a\r\n\r\n");
            TestNodes.await(
                    "the poll waits",
                    () -> Wire.call(stopping.address(), "GET /metrics", "")
                            .body()
                            .contains("millrace_consume_long_polls 1\n"));
            streaming.send("GET /broker/tail/t HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(streaming.head()).isEqualTo(200);
            CompletableFuture<Boolean> stopped = CompletableFuture.supplyAsync(stopping::stop);
            assertThat(polling.answer().body()).contains("\"count\":0");
            assertThat(streaming.chunk()).isEmpty(); // the end of the chunks
            assertThat(stopped.get(TestNodes.PATIENCE_S, TimeUnit.SECONDS)).isTrue();
            assertThat(idle.isClosed()).isTrue();
        }
        assertThatThrownBy(() -> new Wire(stopping.address()).close()).isInstanceOf(IOException.class);
    }
}
