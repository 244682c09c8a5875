package io.millrace.client.transport;

import io.millrace.client.MillraceException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// Whom a client believes, what it shows, and what its failures mean.
///
/// @param context null for the JDK's
/// @param authorities whose certificates are believed, in words
public record ClientTls(@Nullable SSLContext context, String authorities) {
    /// Believes what the JDK believes, shows nothing.
    public static final ClientTls STANDARD = new ClientTls(null, "an authority that this JDK knows");

    private static final Pattern KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]*)-----END PRIVATE KEY-----");

    /// Reads PEM files.
    ///
    /// @param trusted authorities; null for those of the JDK
    /// @param certificate the client's own, intermediate ones after it; null for none
    /// @param key of that certificate, PKCS#8, not encrypted; null for none
    /// @throws MillraceException `invalid_certificate`: a file is missing or not what it should be
    public static ClientTls of(@Nullable Path trusted, @Nullable Path certificate, @Nullable Path key) {
        if (trusted == null && certificate == null && key == null) {
            return STANDARD;
        }
        if (certificate == null ^ key == null) {
            throw invalid(
                    "a certificate and its key belong together; only " + (key == null ? certificate : key)
                            + " was given",
                    null);
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    certificate == null || key == null ? null : keys(certificate, key),
                    trusted == null ? null : trust(trusted),
                    null);
            return new ClientTls(context, trusted == null ? STANDARD.authorities() : "an authority in " + trusted);
        } catch (GeneralSecurityException unusable) {
            throw invalid("TLS cannot be set up: " + unusable.getMessage(), unusable);
        }
    }

    private static TrustManager[] trust(Path file) throws GeneralSecurityException {
        KeyStore store = empty();
        int number = 0;
        for (Certificate authority : certificates(file)) {
            store.setCertificateEntry("authority-" + number++, authority);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    private static KeyManager[] keys(Path certificate, Path key) throws GeneralSecurityException {
        Certificate[] chain = certificates(certificate).toArray(Certificate[]::new);
        Matcher match = KEY.matcher(new String(read(key), StandardCharsets.ISO_8859_1));
        if (!match.find()) {
            throw invalid(key + " has no private key in PEM, which begins with '-----BEGIN PRIVATE KEY-----'", null);
        }
        PrivateKey secret;
        try {
            secret = KeyFactory.getInstance(chain[0].getPublicKey().getAlgorithm())
                    .generatePrivate(
                            new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(match.group(1))));
        } catch (GeneralSecurityException | IllegalArgumentException damaged) {
            throw invalid(key + " is damaged, or not the key of " + certificate, null); // the cause may quote the key
        }
        KeyStore store = empty();
        char[] none = {};
        store.setKeyEntry("client", secret, none, chain);
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, none);
        return factory.getKeyManagers();
    }

    private static KeyStore empty() throws GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try {
            store.load(null, null);
        } catch (IOException impossible) { // nothing is read
            throw new GeneralSecurityException(impossible);
        }
        return store;
    }

    private static Collection<? extends Certificate> certificates(Path file) throws GeneralSecurityException {
        Collection<? extends Certificate> all;
        try {
            all = CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(read(file)));
        } catch (java.security.cert.CertificateException malformed) {
            throw invalid(file + " is not a PEM file of certificates: " + malformed.getMessage(), malformed);
        }
        if (all.isEmpty()) {
            throw invalid(file + " has no certificate", null);
        }
        return all;
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException missing) {
            throw invalid(file + " does not exist", missing);
        } catch (IOException unreadable) {
            throw invalid(file + " cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }

    private static MillraceException invalid(String message, @Nullable Throwable cause) {
        return new MillraceException(MillraceException.INVALID_CERTIFICATE, message, cause);
    }

    /// Why the two ends do not get on, in words that say what to do; empty when another attempt may go well.
    Optional<String> disagreement(URI target, IOException failure) {
        if (!(failure instanceof SSLException)) {
            return Optional.empty();
        }
        String said = String.valueOf(failure.getMessage());
        String small = said.toLowerCase(Locale.ROOT);
        String node = target.getRawAuthority();
        if (small.contains("unrecognized ssl message")) {
            return Optional.of(node + " does not speak TLS; its address begins with http://");
        }
        if (small.contains("received fatal alert") && alertOfCertificate(small)) {
            return Optional.of(
                    node + " does not accept this client's certificate, or wants one and got none (" + said + ")");
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String reason = String.valueOf(cause.getMessage());
            if (cause instanceof CertificateExpiredException) {
                return Optional.of("the certificate of " + node + " has expired (" + reason + ")");
            }
            if (reason.startsWith("No subject alternative") || reason.startsWith("No name matching")) {
                return Optional.of("the certificate of " + node + " is for another host (" + reason + ")");
            }
            if (reason.contains("unable to find valid certification path")
                    || reason.contains("Path does not chain with any of the trust anchors")
                    || reason.contains("signature check failed")) {
                return Optional.of("the certificate of " + node + " is not signed by " + authorities);
            }
        }
        return Optional.empty();
    }

    /// Alerts of RFC 8446 §6.2 that another attempt with the same certificate will get again.
    private static boolean alertOfCertificate(String said) {
        return said.contains("certificate") || said.contains("unknown_ca") || said.contains("access_denied");
    }
}
