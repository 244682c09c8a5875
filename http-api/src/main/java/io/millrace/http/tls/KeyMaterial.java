package io.millrace.http.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// One generation of key and certificates: what was in the files at one moment, checked. Immutable.
///
/// @param alias its name in handshakes; each generation has another, so that a handshake that has begun ends with
///     what it began with
/// @param chain this node's certificate first
/// @param server for HTTP; a new one each time, so that nobody resumes a session of an older generation
record KeyMaterial(
        String alias, PrivateKey key, List<X509Certificate> chain, X509ExtendedTrustManager trust, SslContext server) {
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    KeyMaterial {
        chain = List.copyOf(chain);
    }

    /// @param betweenNodes whether other nodes will check this certificate against the same authorities
    /// @throws IOException something is missing, garbled, expired or does not belong together
    static KeyMaterial of(
            TlsFiles files,
            TlsFiles.Contents contents,
            long generation,
            ClientAuthentication authentication,
            boolean betweenNodes,
            Instant now)
            throws IOException {
        List<X509Certificate> chain = Pem.certificates(files.certificate(), contents.certificate());
        X509Certificate own = chain.getFirst();
        checkTime(files.certificate(), own, now);
        PrivateKey key = Pem.privateKey(files.key(), contents.key(), own.getPublicKey());
        if (!belongTogether(key, own.getPublicKey())) {
            throw new IOException("%s is not the private key of the certificate in %s (of %s)"
                    .formatted(files.key(), files.certificate(), name(own)));
        }
        Path authorities = files.authorities();
        byte[] content = contents.authorities();
        List<X509Certificate> trusted =
                authorities == null || content == null ? null : Pem.certificates(authorities, content);
        try {
            X509ExtendedTrustManager trust = trust(trusted);
            if (betweenNodes) {
                checkOwn(files, chain, trust);
            }
            String alias = "generation-" + generation;
            SslContext server = SslContextBuilder.forServer(new GenerationKeys(alias, key, chain))
                    .sslProvider(SslProvider.JDK)
                    .protocols(PROTOCOLS)
                    .trustManager(trust)
                    .clientAuth(
                            switch (authentication) {
                                case NONE -> ClientAuth.NONE;
                                case WANT -> ClientAuth.OPTIONAL;
                                case NEED -> ClientAuth.REQUIRE;
                            })
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            ApplicationProtocolConfig.Protocol.ALPN,
                            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                            ApplicationProtocolNames.HTTP_1_1))
                    .build();
            return new KeyMaterial(alias, key, chain, trust, server);
        } catch (GeneralSecurityException refused) {
            throw new IOException(
                    "%s and %s cannot be used for TLS: %s"
                            .formatted(files.certificate(), files.key(), refused.getMessage()),
                    refused);
        }
    }

    private static void checkTime(Path file, X509Certificate certificate, Instant now) throws IOException {
        try {
            certificate.checkValidity(Date.from(now));
        } catch (CertificateExpiredException expired) {
            throw new IOException(
                    "%s: the certificate of %s has expired on %s"
                            .formatted(
                                    file,
                                    name(certificate),
                                    certificate.getNotAfter().toInstant()),
                    expired);
        } catch (CertificateNotYetValidException early) {
            throw new IOException(
                    "%s: the certificate of %s is not valid before %s; is the clock right?"
                            .formatted(
                                    file,
                                    name(certificate),
                                    certificate.getNotBefore().toInstant()),
                    early);
        }
    }

    /// Signs something with the one and checks it with the other.
    private static boolean belongTogether(PrivateKey key, PublicKey publicKey) throws IOException {
        String algorithm = switch (publicKey.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            case String other -> other; // EdDSA, RSASSA-PSS
        };
        byte[] something = "millrace".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        try {
            Signature signature = Signature.getInstance(algorithm);
            if (algorithm.equals("RSASSA-PSS")) {
                signature.setParameter(java.security.spec.PSSParameterSpec.DEFAULT);
            }
            signature.initSign(key);
            signature.update(something);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(something);
            return signature.verify(signed);
        } catch (java.security.NoSuchAlgorithmException unknown) {
            throw new IOException("keys of the kind %s are not supported; use EC or RSA".formatted(algorithm), unknown);
        } catch (GeneralSecurityException different) {
            return false;
        }
    }

    /// As other nodes will check it: in both roles.
    private static void checkOwn(TlsFiles files, List<X509Certificate> chain, X509ExtendedTrustManager trust)
            throws IOException {
        X509Certificate[] array = chain.toArray(X509Certificate[]::new);
        String kind = chain.getFirst().getPublicKey().getAlgorithm();
        try {
            trust.checkClientTrusted(array, kind);
            trust.checkServerTrusted(array, kind.equals("RSA") ? "ECDHE_RSA" : "ECDHE_ECDSA");
        } catch (CertificateException refused) {
            throw new IOException(
                    "%s: other nodes would not believe the certificate of %s with the authorities in %s (tls.ca): %s. Let one of them sign it, for both client and server, or set cluster.tls=false"
                            .formatted(
                                    files.certificate(),
                                    name(chain.getFirst()),
                                    files.authorities(),
                                    refused.getMessage()),
                    refused);
        }
    }

    /// @param trusted null for the JDK's authorities
    private static X509ExtendedTrustManager trust(@Nullable List<X509Certificate> trusted)
            throws GeneralSecurityException, IOException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        if (trusted == null) {
            factory.init((KeyStore) null);
        } else {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (int i = 0; i < trusted.size(); i++) {
                store.setCertificateEntry("authority-" + i, trusted.get(i));
            }
            factory.init(store);
        }
        return Arrays.stream(factory.getTrustManagers())
                .filter(X509ExtendedTrustManager.class::isInstance)
                .map((TrustManager manager) -> (X509ExtendedTrustManager) manager)
                .findFirst()
                .orElseThrow(() -> new GeneralSecurityException("this JDK has no trust manager for X.509"));
    }

    private static String name(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().getName();
    }

    Instant expires() {
        return chain.getFirst().getNotAfter().toInstant();
    }

    String subject() {
        return name(chain.getFirst());
    }
}
