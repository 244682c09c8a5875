package io.millrace.shell.cluster;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// An authority for trying things out, and one certificate for each node, as PEM files.
///
/// ```
/// DIR/ca.pem, DIR/ca-key.pem      the authority; made once, used again
/// DIR/n1.pem, DIR/n1-key.pem      a node
/// ```
///
/// The JDK's keytool makes them in a key store that only exists meanwhile. Its password goes through the
/// environment: an argument could be seen by others. Files with keys have mode 600 from their first byte.
public final class DevelopmentCertificates {
    private static final String PASSWORD_VARIABLE = "MILLRACE_KEYSTORE_PASSWORD";
    private static final String AUTHORITY = "ca";
    /// Of the authority: replacing it takes two rounds through all nodes.
    private static final int AUTHORITY_DAYS = 3650;
    private static final int DAYS_MAX = 3650;
    private static final long KEYTOOL_TIMEOUT_S = 120;
    private static final Pattern DNS_NAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?");
    private static final Pattern IP_ADDRESS =
            Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]*");

    private final Path folder;
    private final String password;

    private DevelopmentCertificates(Path folder) {
        this.folder = folder;
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        this.password = HexFormat.of().formatHex(random);
    }

    /// The authority's certificate in a folder.
    public static Path authority(Path folder) {
        return folder.resolve(AUTHORITY + ".pem");
    }

    /// A node's certificate in a folder.
    public static Path certificate(Path folder, String node) {
        return folder.resolve(node + ".pem");
    }

    /// A node's private key in a folder.
    public static Path key(Path folder, String node) {
        return folder.resolve(node + "-key.pem");
    }

    /// Makes what is not there yet.
    ///
    /// @param hosts names and addresses of all nodes, beside their ids, `localhost` and 127.0.0.1
    /// @param days how long the nodes' certificates are valid, 1 to 3650
    /// @param renew whether certificates that are there are replaced, signed by the same authority
    /// @return the files that were written
    /// @throws IllegalArgumentException a name or a number does not fit; nothing was written
    /// @throws IOException a file could not be read or written, or keytool failed
    public static List<Path> make(Path folder, List<String> nodes, List<String> hosts, int days, boolean renew)
            throws IOException, InterruptedException {
        if (days < 1 || days > DAYS_MAX) {
            throw new IllegalArgumentException("days must be 1 to %d, not %d".formatted(DAYS_MAX, days));
        }
        for (String node : nodes) {
            if (!node.matches("[A-Za-z0-9._-]{1,64}") || node.equals(AUTHORITY)) {
                throw new IllegalArgumentException("'%s' is not the name of a node".formatted(node));
            }
        }
        for (String host : hosts) {
            subjectName(host);
        }
        Files.createDirectories(folder);
        return new DevelopmentCertificates(folder).make(nodes, hosts, days, renew);
    }

    private List<Path> make(List<String> nodes, List<String> hosts, int days, boolean renew)
            throws IOException, InterruptedException {
        List<Path> written = new ArrayList<>();
        Path temporary = Files.createTempDirectory("millrace-certs");
        Path store = temporary.resolve("keys.p12");
        try {
            if (Files.exists(authority(folder))) {
                reopenAuthority(store);
            } else {
                keytool(
                        store,
                        AUTHORITY,
                        AUTHORITY_DAYS,
                        "CN=Millrace development authority",
                        List.of("-ext", "bc:c=ca:true", "-ext", "ku:c=keyCertSign,cRLSign"));
                written.addAll(export(store, AUTHORITY));
            }
            for (String node : nodes) {
                if (!renew && Files.exists(certificate(folder, node))) {
                    continue;
                }
                List<String> names = new ArrayList<>(List.of("dns:localhost", "ip:127.0.0.1"));
                if (DNS_NAME.matcher(node).matches()) {
                    names.add("dns:" + node);
                }
                hosts.forEach(host -> names.add(subjectName(host)));
                keytool(
                        store,
                        node,
                        days,
                        "CN=" + node,
                        List.of(
                                "-signer",
                                AUTHORITY,
                                "-ext",
                                "san="
                                        + String.join(
                                                ",", names.stream().distinct().toList()),
                                "-ext",
                                "ku:c=digitalSignature",
                                "-ext",
                                "eku=serverAuth,clientAuth"));
                written.addAll(export(store, node));
            }
            return written;
        } catch (GeneralSecurityException unusable) {
            throw new IOException(
                    "the certificates in %s could not be made: %s".formatted(folder, unusable.getMessage()), unusable);
        } finally {
            Files.deleteIfExists(store);
            Files.deleteIfExists(temporary);
        }
    }

    private static String subjectName(String host) {
        if (IP_ADDRESS.matcher(host).matches()) {
            return "ip:" + host;
        }
        if (DNS_NAME.matcher(host).matches()) {
            return "dns:" + host;
        }
        throw new IllegalArgumentException("'%s' is not a host name or an address".formatted(host));
    }

    private void keytool(Path store, String alias, int days, String subject, List<String> more)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-dname",
                subject,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-validity",
                Integer.toString(days),
                "-startdate",
                "-5M", // clocks differ
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass:env",
                PASSWORD_VARIABLE));
        command.addAll(more);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put(PASSWORD_VARIABLE, password);
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (!process.waitFor(KEYTOOL_TIMEOUT_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("keytool did not end within " + KEYTOOL_TIMEOUT_S + " s");
        }
        if (process.exitValue() != 0) {
            throw new IOException("keytool could not make the certificate of %s: %s".formatted(alias, said));
        }
    }

    /// Puts the authority that was made before into a new key store.
    private void reopenAuthority(Path store) throws IOException, GeneralSecurityException {
        Path keyFile = key(folder, AUTHORITY);
        if (!Files.exists(keyFile)) {
            throw new IOException("%s is there, but its key %s is not: nothing can be signed with it"
                    .formatted(authority(folder), keyFile));
        }
        Certificate certificate = CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(authority(folder))));
        byte[] encoded = Base64.getMimeDecoder()
                .decode(Files.readString(keyFile)
                        .replaceAll("-----[A-Z ]+-----", "")
                        .strip());
        PrivateKey key = KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
                .generatePrivate(new PKCS8EncodedKeySpec(encoded));
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        keys.setKeyEntry(AUTHORITY, key, password.toCharArray(), new Certificate[] {certificate});
        try (OutputStream out = Files.newOutputStream(store, StandardOpenOption.CREATE_NEW)) {
            keys.store(out, password.toCharArray());
        }
    }

    private List<Path> export(Path store, String alias) throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, password.toCharArray());
        }
        Key key = keys.getKey(alias, password.toCharArray());
        Certificate certificate = keys.getCertificate(alias);
        write(key(folder, alias), "PRIVATE KEY", key.getEncoded(), true);
        write(certificate(folder, alias), "CERTIFICATE", certificate.getEncoded(), false);
        return List.of(certificate(folder, alias), key(folder, alias));
    }

    /// Replaces a file in one step: a node may be reading it.
    private static void write(Path file, String type, byte[] der, boolean secret) throws IOException {
        String text = "-----BEGIN " + type + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                + "\n-----END " + type + "-----\n";
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.deleteIfExists(next);
        boolean posix = Files.getFileStore(file.toAbsolutePath().getParent()).supportsFileAttributeView("posix");
        FileAttribute<?>[] mode = secret && posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        try {
            Files.createFile(next, mode);
        } catch (FileAlreadyExistsException other) {
            throw new IOException(next + " is being written by somebody else", other);
        }
        Files.writeString(next, text);
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
