package io.millrace.http.node;

import io.millrace.http.Wire;
import io.millrace.http.tls.ClientAuthentication;
import io.millrace.http.tls.NodeCertificates;
import io.millrace.http.tls.TestAuthority.Issued;
import io.millrace.http.tls.TlsFiles;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/// Clients that speak TLS.
final class TlsClients {
    private TlsClients() {}

    /// Shows a certificate to whoever asks for one.
    static SSLContext showing(Issued own, Path trusted) throws IOException {
        try (NodeCertificates certificates = NodeCertificates.load(
                new TlsFiles(own.certificate(), own.key(), trusted), ClientAuthentication.NONE, false)) {
            return certificates.clientContext();
        }
    }

    /// Shows nothing, believes certificates that an authority has signed.
    static SSLContext anonymous(Path trusted) throws Exception {
        java.security.KeyStore store = java.security.KeyStore.getInstance("PKCS12");
        store.load(null, null);
        int number = 0;
        try (java.io.InputStream in = java.nio.file.Files.newInputStream(trusted)) {
            for (java.security.cert.Certificate known :
                    java.security.cert.CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("trusted-" + number++, known);
            }
        }
        javax.net.ssl.TrustManagerFactory factory = javax.net.ssl.TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }

    static Wire wire(SSLContext context, URI node) throws IOException {
        return new Wire(socket(context, node.getHost(), node.getPort()));
    }

    /// With a session that was kept from earlier, if the server agrees.
    static SSLSocket socket(SSLContext context, String host, int port) throws IOException {
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(host, port);
        socket.setSoTimeout(60_000);
        return socket;
    }

    /// The subject of the certificate that a port shows in a new handshake.
    static String shown(SSLContext context, String host, int port) throws IOException {
        try (SSLSocket socket = socket(context, host, port)) {
            socket.startHandshake();
            return ((java.security.cert.X509Certificate) socket.getSession().getPeerCertificates()[0])
                    .getSubjectX500Principal()
                    .getName();
        }
    }

    static HttpResponse<String> call(SSLContext context, String method, String address, @Nullable String body)
            throws Exception {
        try (HttpClient client = HttpClient.newBuilder()
                .sslContext(context)
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create(address))
                            .timeout(Duration.ofSeconds(60))
                            .method(
                                    method,
                                    body == null
                                            ? HttpRequest.BodyPublishers.noBody()
                                            : HttpRequest.BodyPublishers.ofString(body))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
