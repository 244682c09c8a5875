package io.millrace.faults.stage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// Certificates of the nodes of one run, as users make them: `./millrace cluster certs`.
final class Certificates {
    private static final long PATIENCE_S = 120;

    private final Path launcher;
    private final Path folder;

    /// @param folder for the files
    Certificates(Path launcher, Path folder) {
        this.launcher = launcher;
        this.folder = folder;
    }

    /// Makes certificates for nodes; the first time, also the authority that signs them.
    ///
    /// @param hosts where they are reached
    void make(List<String> names, List<String> hosts) throws IOException, InterruptedException {
        Path log = folder.resolveSibling("certs.log");
        ProcessBuilder builder = new ProcessBuilder(
                        launcher.toString(),
                        "cluster",
                        "certs",
                        "--dir",
                        folder.toString(),
                        "--nodes",
                        String.join(",", names),
                        "--hosts",
                        String.join(",", hosts))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("MILLRACE_NO_AOT", "1"); // nothing is to go on in the background
        Process process = builder.start();
        process.getOutputStream().close();
        if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("certificates were not made within " + PATIENCE_S + " s");
        }
        if (process.exitValue() != 0) {
            throw new IOException("certificates were not made: "
                    + Files.readString(log, StandardCharsets.UTF_8).strip());
        }
    }

    /// Settings of a node that has a certificate.
    List<String> settings(String name) {
        return List.of(
                "--tls.cert",
                folder.resolve(name + ".pem").toString(),
                "--tls.key",
                folder.resolve(name + "-key.pem").toString(),
                "--tls.ca",
                authority().toString(),
                "--cluster.tls", // one node by itself too: others may join it
                "true");
    }

    private Path authority() {
        return folder.resolve("ca.pem");
    }

    /// What a client needs that believes the authority of this run and nobody else.
    SSLContext context() throws IOException {
        try (InputStream file = Files.newInputStream(authority())) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (Certificate certificate :
                    new ArrayList<>(CertificateFactory.getInstance("X.509").generateCertificates(file))) {
                store.setCertificateEntry("authority-" + store.size(), certificate);
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("the authority in " + authority() + " cannot be used", e);
        }
    }
}
