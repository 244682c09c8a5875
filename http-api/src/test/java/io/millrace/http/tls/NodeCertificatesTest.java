package io.millrace.http.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.http.tls.TestAuthority.Issued;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is in certificate files and what is made of it, right or wrong.
class NodeCertificatesTest {
    @TempDir
    static Path shared;

    private static TestAuthority authority;
    private static TestAuthority foreign;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeAuthorities() throws Exception {
        authority = TestAuthority.in(shared, "ours");
        foreign = TestAuthority.in(shared, "theirs");
    }

    private TlsFiles files(Issued issued) throws Exception {
        Path ca = folder.resolve("ca.pem");
        TestAuthority.write(ca, authority.pem());
        return new TlsFiles(issued.certificate(), issued.key(), ca);
    }

    private static NodeCertificates load(TlsFiles files) throws IOException {
        return load(files, InstantSource.system());
    }

    private static NodeCertificates load(TlsFiles files, InstantSource clock) throws IOException {
        return NodeCertificates.load(files, ClientAuthentication.NONE, true, clock);
    }

    private static String shown(NodeCertificates certificates) {
        String alias = certificates.keys().chooseEngineServerAlias("EC", null, null);
        X509Certificate @Nullable [] chain = certificates.keys().getCertificateChain(alias);
        if (chain == null) {
            throw new AssertionError("no chain for " + alias);
        }
        return chain[0].getSubjectX500Principal().getName();
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA", "Ed25519"})
    void keysOfEachKindAreReadAndFitOnlyTheirKind(String kind) throws Exception {
        Issued issued = authority.issue(folder, "n1", "-keyalg", kind);
        String name = kind.equals("Ed25519") ? "EdDSA" : kind;
        try (NodeCertificates certificates = load(files(issued))) {
            assertThat(certificates.keys().chooseEngineServerAlias(name, null, null))
                    .isNotNull();
            assertThat(certificates.keys().chooseEngineClientAlias(new String[] {"DSA", name}, null, null))
                    .isNotNull();
            assertThat(certificates.keys().chooseEngineServerAlias("DSA", null, null))
                    .isNull();
            assertThat(certificates.warnings()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA"})
    void keysAsOlderToolsWriteThemAreTheSameKeys(String kind) throws Exception {
        Issued issued = authority.issue(folder, "n1", "-keyalg", kind);
        String text = Files.readString(issued.key());
        byte[] pkcs8 = Base64.getMimeDecoder().decode(text.replaceAll("-----[A-Z ]+-----", ""));
        // the last element of PKCS#8 as the JDK writes it is an OCTET STRING with the older form
        byte[] older = lastElement(pkcs8);
        Path key = folder.resolve("older-key.pem");
        Files.writeString(key, TestAuthority.pem(kind + " PRIVATE KEY", older));
        X509Certificate certificate = Pem.certificates(issued.certificate(), Files.readAllBytes(issued.certificate()))
                .getFirst();
        PrivateKey read = Pem.privateKey(key, Files.readAllBytes(key), certificate.getPublicKey());
        assertThat(read).isEqualTo(KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(pkcs8)));
        load(new TlsFiles(issued.certificate(), key, files(issued).authorities()))
                .close();
    }

    private static byte[] lastElement(byte[] pkcs8) throws IOException {
        ByteArrayInputStream in = new ByteArrayInputStream(pkcs8);
        enter(in);
        byte[] content = {};
        while (in.available() > 0) {
            content = in.readNBytes(enter(in));
        }
        return content;
    }

    private static int enter(ByteArrayInputStream in) {
        in.read();
        int length = in.read();
        if (length < 0x80) {
            return length;
        }
        int bytes = length & 0x7f;
        length = 0;
        for (int i = 0; i < bytes; i++) {
            length = length << 8 | in.read();
        }
        return length;
    }

    private void refused(TlsFiles files, String... words) {
        assertThatThrownBy(() -> load(files))
                .isInstanceOf(IOException.class)
                .satisfies(failure -> assertThat(failure.getMessage()).contains(words));
    }

    @Test
    void whatIsMissingOrGarbledOrDoesNotBelongTogetherIsNamed() throws Exception {
        Issued one = authority.issue(folder, "n1");
        Issued other = authority.issue(folder, "n2");
        Issued rsa = authority.issue(folder, "n3", "-keyalg", "RSA");
        TlsFiles good = files(one);
        Path ca = good.authorities();
        Path none = folder.resolve("none.pem");
        refused(new TlsFiles(none, one.key(), ca), none.toString(), "(tls.cert) does not exist");
        refused(new TlsFiles(one.certificate(), none, ca), none.toString(), "(tls.key) does not exist");
        refused(new TlsFiles(one.certificate(), one.key(), none), none.toString(), "(tls.ca) does not exist");
        refused(new TlsFiles(folder, one.key(), ca), folder.toString(), "tls.cert");
        refused(new TlsFiles(one.key(), one.key(), ca), "has no certificate in PEM");
        refused(new TlsFiles(one.certificate(), one.certificate(), ca), "has no private key in PEM");
        refused(new TlsFiles(one.certificate(), other.key(), ca), other.key() + " is not the private key of");
        refused(new TlsFiles(one.certificate(), rsa.key(), ca), "not the EC key that the certificate needs");

        Path garbled = folder.resolve("garbled.pem");
        String text = Files.readString(one.certificate());
        Files.writeString(garbled, text.substring(0, 80) + "AAAA" + text.substring(84));
        refused(new TlsFiles(garbled, one.key(), ca), garbled.toString());
        Files.writeString(garbled, text.substring(0, text.length() / 2));
        refused(new TlsFiles(garbled, one.key(), ca), "has no certificate in PEM");
        Files.writeString(garbled, TestAuthority.pem("ENCRYPTED PRIVATE KEY", new byte[] {1}));
        refused(new TlsFiles(one.certificate(), garbled, ca), "is encrypted", "openssl pkcs8");
        byte[] secret = Files.readAllBytes(one.key());
        Files.writeString(garbled, TestAuthority.pem("PRIVATE KEY", Arrays.copyOf(secret, 40)));
        refused(new TlsFiles(one.certificate(), garbled, ca), garbled + " is damaged");
        Files.write(garbled, new byte[(1 << 20) + 1]);
        refused(new TlsFiles(garbled, one.key(), ca), "larger than 1048576 bytes");
        load(good).close();
    }

    @Test
    void whatHasExpiredOrIsNotYetValidStopsTheStart() throws Exception {
        Issued old = authority.issue(folder, "old", "-startdate", "-10d", "-validity", "9");
        refused(files(old), old.certificate().toString(), "CN=old", "has expired on");
        Issued early = authority.issue(folder, "early", "-startdate", "+2d", "-validity", "9");
        refused(files(early), "is not valid before", "is the clock right?");
    }

    @Test
    void aCertificateThatOtherNodesWouldNotBelieveStopsTheStartOfOneAmongOthersOnly() throws Exception {
        Issued strange = foreign.issue(folder, "stranger");
        TlsFiles files = files(strange);
        refused(files, "other nodes would not believe the certificate of CN=stranger", "tls.ca", "cluster.tls=false");
        Issued serverOnly = authority.issue(folder, "web", "-ext", "eku=serverAuth");
        refused(files(serverOnly), "other nodes would not believe", "for both client and server");
        NodeCertificates.load(files, ClientAuthentication.NONE, false, InstantSource.system())
                .close();
    }

    @Test
    void newFilesAreTakenOverAndHandshakesThatBeganEndWithWhatTheyBeganWith() throws Exception {
        TlsFiles files = files(authority.issue(folder, "n1"));
        try (NodeCertificates certificates = load(files)) {
            String before = shown(certificates);
            String alias = certificates.keys().chooseEngineServerAlias("EC", null, null);
            certificates.look();
            assertThat(certificates.replacements()).isZero();

            authority.issue(folder, "n1");
            certificates.look();
            assertThat(certificates.replacements()).isEqualTo(1);
            assertThat(shown(certificates)).isNotEqualTo(before);
            X509Certificate[] chain = certificates.keys().getCertificateChain(alias);
            assertThat(chain).isNotNull();
            assertThat(chain[0].getSubjectX500Principal().getName()).isEqualTo(before);
            assertThat(certificates.keys().getPrivateKey(alias)).isNotNull();
        }
    }

    @Test
    void newAuthoritiesAreBelievedOnceTheyAreInTheFile() throws Exception {
        TlsFiles files = files(authority.issue(folder, "n1"));
        Issued strange = foreign.issue(folder, "stranger");
        X509Certificate[] chain = Pem.certificates(strange.certificate(), Files.readAllBytes(strange.certificate()))
                .toArray(X509Certificate[]::new);
        try (NodeCertificates certificates = load(files)) {
            assertThatThrownBy(() -> certificates.trust().checkClientTrusted(chain, "EC"))
                    .isInstanceOf(CertificateException.class);
            TestAuthority.write(folder.resolve("ca.pem"), authority.pem() + foreign.pem());
            certificates.look();
            certificates.trust().checkClientTrusted(chain, "EC");
            assertThat(certificates.trust().getAcceptedIssuers()).hasSize(2);
        }
    }

    @Test
    void brokenFilesLeaveEverythingAsItWasAndAreSaidOnceTheyStay() throws Exception {
        Issued issued = authority.issue(folder, "n1");
        TlsFiles files = files(issued);
        try (NodeCertificates certificates = load(files)) {
            String before = shown(certificates);
            String sound = Files.readString(issued.certificate());
            Issued other = authority.issue(folder, "n2");

            TestAuthority.write(issued.certificate(), Files.readString(other.certificate()));
            certificates.look();
            assertThat(certificates.warnings()).as("the key may follow at once").isEmpty();
            certificates.look();
            assertThat(certificates.warnings())
                    .singleElement()
                    .satisfies(warning -> assertThat(warning)
                            .contains("changed but are not used", issued.key().toString(), "is not the private key"));
            assertThat(shown(certificates)).isEqualTo(before);

            Files.delete(issued.key());
            certificates.look();
            certificates.look();
            assertThat(certificates.warnings()).singleElement().asString().contains("does not exist");
            assertThat(certificates.replacements()).isZero();

            TestAuthority.write(issued.key(), Files.readString(other.key()));
            certificates.look();
            assertThat(certificates.warnings()).isEmpty();
            assertThat(shown(certificates)).contains("CN=n2");

            TestAuthority.write(issued.certificate(), sound);
            certificates.look();
            certificates.look();
            assertThat(certificates.warnings()).hasSize(1);
            TestAuthority.write(issued.certificate(), Files.readString(other.certificate()));
            certificates.look();
            assertThat(certificates.warnings())
                    .as("the files are what is used again")
                    .isEmpty();
        }
    }

    @Test
    void aCertificateThatExpiresSoonIsAWarningFromTheSeventhDayOn() throws Exception {
        Issued issued = authority.issue(folder, "n1", "-validity", "30");
        Instant expires = Pem.certificates(issued.certificate(), Files.readAllBytes(issued.certificate()))
                .getFirst()
                .getNotAfter()
                .toInstant();
        Instant week = expires.minus(Duration.ofDays(7));
        Instant[] now = {week};
        try (NodeCertificates certificates = load(files(issued), () -> now[0])) {
            assertThat(certificates.warnings()).isEmpty();
            assertThat(certificates.secondsLeft()).isEqualTo(7 * 86_400);
            now[0] = week.plusSeconds(1);
            assertThat(certificates.warnings()).singleElement().asString().contains("CN=n1", " expires on ");
            now[0] = expires.plusSeconds(1);
            certificates.look();
            assertThat(certificates.warnings()).singleElement().asString().contains(" expired on ");
            assertThat(certificates.secondsLeft()).isEqualTo(-1);
        }
    }
}
