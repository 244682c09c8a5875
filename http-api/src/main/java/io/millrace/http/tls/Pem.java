package io.millrace.http.tls;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads PEM (RFC 7468). Messages name the file and never show what is in it.
final class Pem {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");
    private static final byte[] PKCS8_VERSION = {2, 1, 0};
    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;

    private Pem() {}

    /// One block, decoded.
    private record Block(String type, byte[] der) {}

    private static List<Block> blocks(Path file, byte[] content) throws IOException {
        List<Block> blocks = new ArrayList<>();
        Matcher match = BLOCK.matcher(new String(content, StandardCharsets.ISO_8859_1));
        while (match.find()) {
            try {
                blocks.add(new Block(match.group(1), Base64.getMimeDecoder().decode(match.group(2))));
            } catch (IllegalArgumentException malformed) {
                throw new IOException(
                        "%s: block %d (%s) is not base64".formatted(file, blocks.size() + 1, match.group(1)),
                        malformed);
            }
        }
        return blocks;
    }

    /// All certificates of a file, in its order; other blocks are passed over.
    ///
    /// @throws IOException there is none, or one is malformed
    static List<X509Certificate> certificates(Path file, byte[] content) throws IOException {
        List<X509Certificate> certificates = new ArrayList<>();
        for (Block block : blocks(file, content)) {
            if (!block.type().equals("CERTIFICATE")) {
                continue;
            }
            try {
                certificates.add((X509Certificate) CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(block.der())));
            } catch (CertificateException malformed) {
                throw new IOException(
                        "%s: certificate %d is damaged: %s"
                                .formatted(file, certificates.size() + 1, malformed.getMessage()),
                        malformed);
            }
        }
        if (certificates.isEmpty()) {
            throw new IOException(
                    "%s has no certificate in PEM, which begins with '-----BEGIN CERTIFICATE-----'".formatted(file));
        }
        return certificates;
    }

    /// The private key that belongs to a certificate's public one.
    ///
    /// @throws IOException there is none, it is encrypted or malformed, or of another kind
    static PrivateKey privateKey(Path file, byte[] content, PublicKey belongsTo) throws IOException {
        for (Block block : blocks(file, content)) {
            switch (block.type()) {
                case "PRIVATE KEY" -> {
                    return decode(file, block.der(), belongsTo);
                }
                case "RSA PRIVATE KEY", "EC PRIVATE KEY" -> {
                    return decode(file, asPkcs8(block.der(), belongsTo), belongsTo);
                }
                case "ENCRYPTED PRIVATE KEY" ->
                    throw new IOException(
                            "%s is encrypted, and a node has nobody to ask for the password; 'openssl pkcs8 -in %s -out FILE' decrypts it"
                                    .formatted(file, file.getFileName()));
                default -> {} // curve parameters, certificates
            }
        }
        throw new IOException(
                "%s has no private key in PEM, which begins with '-----BEGIN PRIVATE KEY-----'".formatted(file));
    }

    private static PrivateKey decode(Path file, byte[] pkcs8, PublicKey belongsTo) throws IOException {
        try {
            return KeyFactory.getInstance(belongsTo.getAlgorithm()).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        } catch (GeneralSecurityException malformed) {
            // its message may quote the key; the cause is left out for the same reason
            throw new IOException("%s is damaged, or not the %s key that the certificate needs"
                    .formatted(file, belongsTo.getAlgorithm()));
        }
    }

    /// Older tools write keys without their algorithm (PKCS#1, SEC 1). The certificate knows it.
    ///
    /// ```
    /// PKCS#8:      SEQUENCE { INTEGER 0, algorithm, OCTET STRING { key } }
    /// public key:  SEQUENCE { algorithm, BIT STRING }
    /// ```
    private static byte[] asPkcs8(byte[] key, PublicKey belongsTo) {
        byte[] encoded = belongsTo.getEncoded();
        int algorithm = contentOf(encoded, 0);
        int end = contentOf(encoded, algorithm) + lengthOf(encoded, algorithm);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(PKCS8_VERSION);
        body.write(encoded, algorithm, end - algorithm);
        element(body, OCTET_STRING, key);
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        element(whole, SEQUENCE, body.toByteArray());
        return whole.toByteArray();
    }

    /// Where the content of the element at a position begins.
    private static int contentOf(byte[] der, int position) {
        int first = der[position + 1] & 0xff;
        return position + 2 + (first < 0x80 ? 0 : first & 0x7f);
    }

    /// Bytes of the content of the element at a position.
    private static int lengthOf(byte[] der, int position) {
        int first = der[position + 1] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int length = 0;
        for (int i = 0; i < (first & 0x7f); i++) {
            length = length << 8 | der[position + 2 + i] & 0xff;
        }
        return length;
    }

    private static void element(ByteArrayOutputStream out, int tag, byte[] content) {
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else {
            int bytes = (Integer.SIZE - Integer.numberOfLeadingZeros(content.length) + 7) / 8;
            out.write(0x80 | bytes);
            for (int i = bytes - 1; i >= 0; i--) {
                out.write(content.length >>> 8 * i);
            }
        }
        out.writeBytes(content);
    }
}
