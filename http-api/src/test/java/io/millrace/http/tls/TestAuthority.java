package io.millrace.http.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// An authority that signs certificates for tests, made by the JDK's keytool in this process.
public final class TestAuthority {
    private static final String PASSWORD = "not-a-secret";
    private static final AtomicInteger SERIAL = new AtomicInteger();

    private final Path store;

    private TestAuthority(Path store) {
        this.store = store;
    }

    /// A new one, which nobody trusts.
    public static TestAuthority in(Path folder, String name) throws Exception {
        Files.createDirectories(folder);
        TestAuthority authority = new TestAuthority(folder.resolve(name + ".p12"));
        authority.keytool("ca", "CN=" + name, "-ext", "bc:c", "-ext", "ku:c=keyCertSign,cRLSign", "-keyalg", "EC");
        return authority;
    }

    private void keytool(String alias, String subject, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(
                "-genkeypair",
                "-alias",
                alias,
                "-dname",
                subject,
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD));
        arguments.addAll(List.of(more));
        Class.forName("sun.security.tools.keytool.Main")
                .getMethod("main", String[].class)
                .invoke(null, (Object) arguments.toArray(String[]::new));
    }

    /// A certificate and its key.
    ///
    /// @param key a file
    public record Issued(Path certificate, Path key) {}

    /// For loopback, a month long, an EC key; options of keytool after that win.
    ///
    /// @return `NAME.pem` and `NAME-key.pem` in a folder; replaced when they are there
    public Issued issue(Path folder, String name, String... options) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("-signer", "ca"));
        List<String> given = List.of(options);
        if (!given.contains("-keyalg")) {
            arguments.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1"));
        }
        if (!given.contains("-validity")) {
            arguments.addAll(List.of("-validity", "30"));
        }
        if (given.stream().noneMatch(option -> option.startsWith("san="))) {
            arguments.addAll(List.of("-ext", "san=dns:localhost,ip:127.0.0.1"));
        }
        arguments.addAll(List.of("-ext", "eku=serverAuth,clientAuth"));
        arguments.addAll(given);
        String alias = name + "-" + SERIAL.incrementAndGet();
        keytool(alias, "CN=" + name + ",O=" + alias, arguments.toArray(String[]::new));
        Files.createDirectories(folder);
        Issued issued = new Issued(folder.resolve(name + ".pem"), folder.resolve(name + "-key.pem"));
        KeyStore opened = open();
        // the key first: a node that looks in between finds two that do not belong together
        Key key = opened.getKey(alias, PASSWORD.toCharArray());
        write(issued.key(), pem("PRIVATE KEY", key.getEncoded()));
        write(
                issued.certificate(),
                pem("CERTIFICATE", opened.getCertificate(alias).getEncoded()));
        return issued;
    }

    /// The authority itself, for those who shall trust it.
    public String pem() throws Exception {
        Certificate own = open().getCertificate("ca");
        return pem("CERTIFICATE", own.getEncoded());
    }

    private KeyStore open() throws Exception {
        KeyStore opened = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            opened.load(in, PASSWORD.toCharArray());
        }
        return opened;
    }

    public static String pem(String type, byte[] der) {
        return "-----BEGIN " + type + "-----\n"
                + Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                        .encodeToString(der)
                + "\n-----END " + type + "-----\n";
    }

    /// Replaces a file in one step.
    public static void write(Path file, String text) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.writeString(next, text);
        Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rw-------"));
        Files.move(next, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
}
