package io.millrace.shell;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.millrace.shell.ShellHarness.Run;
import io.millrace.shell.cluster.LocalCluster;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `millrace cluster certs`, and clients that believe what it made, or do not.
class CertificatesTest {
    @TempDir
    Path folder;

    private ShellHarness shell;

    @BeforeEach
    void start() throws IOException {
        shell = new ShellHarness();
    }

    @AfterEach
    void stop() {
        shell.close();
    }

    private Run certs(Path place, String... more) {
        String[] words = Stream.concat(Stream.of("cluster", "certs", "--dir", place.toString()), Stream.of(more))
                .toArray(String[]::new);
        return shell.run(words);
    }

    private static X509Certificate certificate(Path file) throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    @Test
    void anAuthoritySignsForEachNodeAndKeysAreForTheOwnerOnly() throws Exception {
        Path place = folder.resolve("certs");
        Run run = certs(place, "--nodes", "n1,n_2", "--hosts", "db.example.org,10.0.0.1", "--days", "9");
        assertThat(run.exitCode()).as(run.err()).isZero();
        X509Certificate authority = certificate(place.resolve("ca.pem"));
        assertThat(authority.getBasicConstraints()).isNotNegative();
        for (String node : List.of("n1", "n_2")) {
            X509Certificate own = certificate(place.resolve(node + ".pem"));
            own.verify(authority.getPublicKey());
            own.checkValidity();
            assertThat(own.getBasicConstraints()).isNegative();
            assertThat(own.getNotAfter()).isBefore(new Date(System.currentTimeMillis() + 9L * 86_400_000));
            assertThat(own.getExtendedKeyUsage()).hasSize(2);
            List<String> names = own.getSubjectAlternativeNames().stream()
                    .map(name -> String.valueOf(name.get(1)))
                    .toList();
            assertThat(names).contains("localhost", "127.0.0.1", "db.example.org", "10.0.0.1");
            assertThat(names.contains(node)).as("a DNS name has no _").isEqualTo(node.equals("n1"));
        }
        try (Stream<Path> files = Files.list(place)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "ca.pem", "ca-key.pem", "n1.pem", "n1-key.pem", "n_2.pem", "n_2-key.pem");
        }
        for (String key : List.of("ca-key.pem", "n1-key.pem", "n_2-key.pem")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(place.resolve(key))))
                    .isEqualTo("rw-------");
            assertThat(run.out() + run.err()).contains(key).doesNotContain("BEGIN");
        }

        String before = Files.readString(place.resolve("n1.pem"));
        Run again = certs(place, "--nodes", "n1");
        assertThat(again.exitCode()).isZero();
        assertThat(again.err()).contains("--renew");
        assertThat(place.resolve("n1.pem")).hasContent(before);

        assertThat(certs(place, "--nodes", "n1", "--renew").exitCode()).isZero();
        assertThat(Files.readString(place.resolve("n1.pem"))).isNotEqualTo(before);
        certificate(place.resolve("n1.pem")).verify(authority.getPublicKey());
    }

    @Test
    void whatDoesNotFitIsRefusedBeforeAnythingIsWritten() {
        Path place = folder.resolve("none");
        assertThat(certs(place, "--days", "0").err()).contains("days must be 1 to 3650, not 0");
        assertThat(certs(place, "--days", "3651").err()).contains("not 3651");
        assertThat(certs(place, "--hosts", "a b").err()).contains("'a b' is not a host name");
        assertThat(certs(place, "--hosts", "x,dns:y=z").exitCode()).isEqualTo(2);
        assertThat(certs(place, "--nodes", "../n1").err()).contains("'../n1' is not the name of a node");
        assertThat(certs(place, "--nodes", "ca").exitCode()).isEqualTo(2);
        assertThat(place).doesNotExist();
    }

    /// A server that says it is ready, with a certificate that was made above.
    private static HttpsServer serve(Path place, String node) throws Exception {
        X509Certificate own = certificate(place.resolve(node + ".pem"));
        byte[] key = Base64.getMimeDecoder()
                .decode(Files.readString(place.resolve(node + "-key.pem")).replaceAll("-----[A-Z ]+-----", ""));
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        char[] none = {};
        store.setKeyEntry(
                "own",
                KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key)),
                none,
                new Certificate[] {own});
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, none);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", exchange -> {
            byte[] answer = "{\"ok\":true,\"topics\":[],\"problems\":[]}".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        return server;
    }

    /// What a node without a certificate says to a TLS handshake.
    private static void answerPlainly(ServerSocket server) {
        try (Socket client = server.accept()) {
            client.getInputStream().read();
            client.getOutputStream()
                    .write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            client.getInputStream().readAllBytes();
        } catch (IOException over) {
            // the client has what it needs
        }
    }

    @Test
    void aClientBelievesTheAuthorityItIsGivenAndSaysWhomItDoesNotBelieve() throws Exception {
        Path ours = folder.resolve("ours");
        Path theirs = folder.resolve("theirs");
        assertThat(certs(ours, "--nodes", "n1").exitCode()).isZero();
        assertThat(certs(theirs, "--nodes", "n1").exitCode()).isZero();
        HttpsServer server = serve(ours, "n1");
        try {
            int port = server.getAddress().getPort();
            String url = "https://127.0.0.1:" + port;
            String authority = ours.resolve("ca.pem").toString();
            assertThat(shell.run("topic", "list", "--url", url, "--ca", authority)
                            .exitCode())
                    .isZero();

            Run foreign = shell.run(
                    "topic",
                    "list",
                    "--url",
                    url,
                    "--ca",
                    theirs.resolve("ca.pem").toString());
            assertThat(foreign.exitCode()).isEqualTo(3);
            assertThat(foreign.err())
                    .contains("the certificate of 127.0.0.1:" + port + " is not signed by an authority in "
                            + theirs.resolve("ca.pem"));
            long begun = System.nanoTime();
            Run unknown = shell.run("topic", "list", "--url", url);
            assertThat(unknown.err())
                    .contains("is not signed by an authority that this JDK knows", "--ca FILE")
                    .doesNotContain("Is a node running there?");
            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .as("trying again would not help")
                    .isLessThan(Duration.ofSeconds(9));

            Run missing = shell.run(
                    "topic",
                    "list",
                    "--url",
                    url,
                    "--ca",
                    folder.resolve("no.pem").toString());
            assertThat(missing.exitCode()).isEqualTo(1);
            assertThat(missing.err()).contains("no.pem does not exist");
            assertThat(shell.run("topic", "list", "--url", url, "--cert", authority)
                            .err())
                    .contains("--cert and --key");
            shell.environment("MILLRACE_CA", authority);
            assertThat(shell.run("topic", "list", "--url", url).exitCode()).isZero();
            try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                Thread.ofVirtual().start(() -> answerPlainly(plain));
                Run wrong = shell.run("topic", "list", "--url", "https://127.0.0.1:" + plain.getLocalPort());
                assertThat(wrong.err()).contains("does not speak TLS; its address begins with http://");
            }
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aLocalClusterWithEncryptionTellsItsNodesAndMakesACertificateForALaterOne() throws Exception {
        Path place = folder.resolve("made");
        LocalCluster made = LocalCluster.make(place, "none", 1, 20_000, true, Map.of());
        made.add();
        LocalCluster found = LocalCluster.open(place, "none").orElseThrow();
        assertThat(found.nodes().getLast().http().toString()).isEqualTo("https://127.0.0.1:21001");
        Path certs = place.resolve("certs").toAbsolutePath();
        assertThat(found.authority()).contains(certs.resolve("ca.pem"));
        X509Certificate authority = certificate(certs.resolve("ca.pem"));
        for (String node : List.of("n1", "n2")) {
            certificate(certs.resolve(node + ".pem")).verify(authority.getPublicKey());
        }
        assertThat(certs.resolve("n2-key.pem")).isNotEmptyFile();
    }
}
