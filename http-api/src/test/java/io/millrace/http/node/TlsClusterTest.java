package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.http.tls.TestAuthority;
import io.millrace.http.tls.TestAuthority.Issued;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three nodes that believe only each other, and whose certificates and authority are replaced while they run.
class TlsClusterTest {
    private static final List<String> IDS = List.of("n1", "n2", "n3");
    private static final byte[] HTTP2_PREFACE =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path folder;

    @SuppressWarnings("NullAway.Init") // set by the test
    private Path trusted;

    @SuppressWarnings("NullAway.Init")
    private TestCluster cluster;

    private void start(String id) throws Exception {
        cluster.start(
                id,
                "tls.cert",
                folder.resolve(id + ".pem").toString(),
                "tls.key",
                folder.resolve(id + "-key.pem").toString(),
                "tls.ca",
                trusted.toString(),
                "tls.client-auth",
                "need");
    }

    private HttpResponse<String> call(SSLContext as, String id, String line, @Nullable String body) throws Exception {
        String[] words = line.split(" ", 2);
        return TlsClients.call(as, words[0], cluster.address(id) + words[1], body);
    }

    private void awaitReady(SSLContext as, List<String> ids) {
        for (String id : ids) {
            TestNodes.await(id + " is ready", () -> {
                return call(as, id, "GET /ready", null).statusCode() == 200;
            });
        }
    }

    /// Through every node: whoever does not lead forwards, over a connection between nodes.
    private void produce(SSLContext as, String value) {
        for (String id : IDS) {
            TestNodes.await("a record through " + id, () -> {
                return call(
                                        as,
                                        id,
                                        "POST /broker/topics/t/produce?partition=0&forward=true&idempotency_key="
                                                + value + id,
                                        value + " through " + id)
                                .statusCode()
                        == 200;
            });
        }
    }

    private int raftPort(SSLContext as, String id) throws Exception {
        String view = call(as, id, "GET /v1/cluster", null).body();
        Matcher match = Pattern.compile("\"node\":\"" + id + "\"[^{}]*\"raft\":\"[^\"]*:([0-9]+)\"")
                .matcher(view);
        assertThat(match.find()).as(view).isTrue();
        return Integer.parseInt(match.group(1));
    }

    /// What a peer of the consensus answers to the first bytes of HTTP/2; −1 when it hangs up.
    private static int greeted(Socket socket) throws IOException {
        try (socket) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(HTTP2_PREFACE);
            socket.getOutputStream().flush();
            return socket.getInputStream().read();
        }
    }

    private static int greeted(SSLContext as, int port) throws IOException {
        SSLSocket socket = TlsClients.socket(as, "127.0.0.1", port);
        javax.net.ssl.SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2"});
        socket.setSSLParameters(parameters);
        return greeted(socket);
    }

    private static void assertNotGreeted(SSLContext as, int port) {
        int answer;
        try {
            answer = greeted(as, port);
        } catch (IOException refused) {
            return;
        }
        assertThat(answer).isEqualTo(-1);
    }

    @Test
    void strangersGetNothingAndCertificatesAndTheAuthorityAreReplacedWhileItRuns() throws Exception {
        TestAuthority first = TestAuthority.in(folder, "first");
        TestAuthority second = TestAuthority.in(folder, "second");
        trusted = folder.resolve("ca.pem");
        TestAuthority.write(trusted, first.pem());
        for (String id : IDS) {
            first.issue(folder, id);
        }
        Path both = folder.resolve("both.pem");
        Files.writeString(both, first.pem() + second.pem());
        SSLContext ours = TlsClients.showing(first.issue(folder, "client"), both);
        Issued strange = second.issue(folder, "stranger");
        SSLContext stranger = TlsClients.showing(strange, both);

        try (TestCluster started = new TestCluster(folder.resolve("data"), 3)) {
            cluster = started;
            for (String id : IDS) {
                start(id);
            }
            awaitReady(ours, IDS);
            TestNodes.await("a topic", () -> {
                return call(ours, "n1", "POST /broker/topics?forward=true", "{\"name\":\"t\",\"partitions\":1}")
                                .statusCode()
                        == 200;
            });
            produce(ours, "first");

            // ---- strangers
            int port = raftPort(ours, "n1");
            assertThat(greeted(ours, port))
                    .as("a SETTINGS frame for one of ours")
                    .isZero();
            assertNotGreeted(stranger, port);
            assertNotGreeted(TlsClients.anonymous(both), port);
            assertThat(greeted(new Socket("127.0.0.1", port))).as("without TLS").isNotZero();
            assertThatThrownBy(() -> call(stranger, "n1", "GET /_cluster/identity", null))
                    .isInstanceOf(IOException.class);
            Path theirs = folder.resolve("theirs.pem");
            Files.writeString(theirs, second.pem());
            try (Node joining = TestNodes.start(
                    folder.resolve("data/n4"),
                    "cluster.node-id",
                    "n4",
                    "cluster.join",
                    cluster.address("n1").toString(),
                    "tls.cert",
                    strange.certificate().toString(),
                    "tls.key",
                    strange.key().toString(),
                    "tls.ca",
                    theirs.toString())) {
                SSLContext asked = TlsClients.anonymous(theirs);
                TestNodes.await("a stranger is refused and says so", () -> {
                    return TlsClients.call(asked, "GET", joining.address() + "/ready", null)
                            .body()
                            .contains("no TLS with " + cluster.address("n1"));
                });
            }
            assertThat(call(ours, "n1", "GET /v1/cluster", null).body()).doesNotContain("\"n4\"");

            // ---- other certificates of the same authority
            replaceAll(first, ours);
            produce(ours, "second");

            // ---- another authority: believe both, then show the new one, then forget the old one
            TestAuthority.write(trusted, first.pem() + second.pem());
            awaitReplaced(ours, 2);
            assertThat(greeted(stranger, port)).as("now one of ours").isZero();
            replaceAll(second, ours);
            SSLContext renewed = TlsClients.showing(second.issue(folder, "client"), both);
            produce(renewed, "third");
            TestAuthority.write(trusted, second.pem());
            awaitReplaced(renewed, 4);
            assertNotGreeted(ours, port);
            produce(renewed, "fourth");

            // ---- connections made anew, in both directions
            cluster.stop("n3");
            start("n3");
            awaitReady(renewed, List.of("n3"));
            produce(renewed, "fifth");
            String records = call(renewed, "n3", "GET /broker/consume/t/g/0?offset=0&consistency=linearizable", null)
                    .body();
            for (String value : List.of("first", "second", "third", "fourth", "fifth")) {
                for (String id : IDS) {
                    assertThat(records).containsOnlyOnce('"' + value + " through " + id + '"');
                }
            }
        }
    }

    private void replaceAll(TestAuthority authority, SSLContext as) throws Exception {
        int before = replacements(as, "n3");
        for (String id : IDS) {
            int port = raftPort(as, id);
            String shown = TlsClients.shown(as, "127.0.0.1", port);
            authority.issue(folder, id);
            TestNodes.await(id + " shows its new certificate to other nodes", () -> {
                return !TlsClients.shown(as, "127.0.0.1", port).equals(shown);
            });
        }
        assertThat(replacements(as, "n3")).isEqualTo(before + 1);
    }

    private int replacements(SSLContext as, String id) throws Exception {
        Matcher match = Pattern.compile("millrace_tls_replacements ([0-9]+)")
                .matcher(call(as, id, "GET /metrics", null).body());
        assertThat(match.find()).isTrue();
        return Integer.parseInt(match.group(1));
    }

    private void awaitReplaced(SSLContext as, int times) {
        for (String id : IDS) {
            TestNodes.await(id + " has read the authorities", () -> {
                return replacements(as, id) >= times;
            });
        }
    }
}
