package io.millrace.http.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node's key and certificates, for HTTP, for the consensus, and for what it asks other nodes.
///
/// The files are looked at every second. When their content has changed and is sound, handshakes from then on
/// use it; connections that are open go on. When it is not sound, everything stays as it was and [#warnings]
/// says why. Key and certificate are two files, so for a moment they may not belong together: that is said only
/// when it lasts.
///
/// Threading: any.
public final class NodeCertificates implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeCertificates.class);
    private static final long LOOK_MS = 1000;
    /// A broken file is an error when two looks in a row have found the same.
    private static final int LOOKS_UNTIL_SAID = 2;
    private static final Duration EXPIRES_SOON = Duration.ofDays(7);
    private static final Set<PosixFilePermission> OF_OTHERS = Set.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);

    private final TlsFiles files;
    private final ClientAuthentication authentication;
    private final boolean betweenNodes;
    private final InstantSource clock;
    private final CurrentKeys keys;
    private final CurrentTrust trust;
    private final ExecutorService handshakes = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("tls-handshake-", 0).factory());
    private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("certificates").factory());
    private final LongAdder replaced = new LongAdder();
    private volatile KeyMaterial current;
    /// Why what is in the files is not used; empty when it is.
    private volatile String problem = "";
    // the rest belongs to the thread that looks
    private TlsFiles.Contents seen;
    private long generation = 1;
    private String found = "";
    private int foundLooks;
    private boolean warnedOfExpiry;

    private NodeCertificates(
            TlsFiles files,
            ClientAuthentication authentication,
            boolean betweenNodes,
            InstantSource clock,
            TlsFiles.Contents seen,
            KeyMaterial first) {
        this.files = files;
        this.authentication = authentication;
        this.betweenNodes = betweenNodes;
        this.clock = clock;
        this.seen = seen;
        this.current = first;
        this.keys = new CurrentKeys(generationKeys(first));
        this.trust = new CurrentTrust(first.trust());
    }

    /// Reads the files, checks them, and goes on looking at them.
    ///
    /// @param betweenNodes whether the consensus uses them as well: then other nodes must believe this certificate
    /// @throws IOException one is missing, garbled, expired, or they do not belong together; the message says which
    public static NodeCertificates load(TlsFiles files, ClientAuthentication authentication, boolean betweenNodes)
            throws IOException {
        NodeCertificates certificates = load(files, authentication, betweenNodes, InstantSource.system());
        certificates.looks.scheduleWithFixedDelay(certificates::look, LOOK_MS, LOOK_MS, TimeUnit.MILLISECONDS);
        return certificates;
    }

    /// The same, for callers that look themselves.
    static NodeCertificates load(
            TlsFiles files, ClientAuthentication authentication, boolean betweenNodes, InstantSource clock)
            throws IOException {
        TlsFiles.Contents contents = files.read();
        KeyMaterial first = KeyMaterial.of(files, contents, 1, authentication, betweenNodes, clock.instant());
        NodeCertificates certificates =
                new NodeCertificates(files, authentication, betweenNodes, clock, contents, first);
        warnOfReaders(files.key());
        LOG.atInfo()
                .addKeyValue("subject", first.subject())
                .addKeyValue("expires", first.expires())
                .log("certificate was read");
        certificates.warnOfExpiry(first);
        return certificates;
    }

    private static GenerationKeys generationKeys(KeyMaterial material) {
        return new GenerationKeys(material.alias(), material.key(), material.chain());
    }

    private static void warnOfReaders(Path key) {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(key);
            if (permissions.stream().anyMatch(OF_OTHERS::contains)) {
                LOG.atWarn().addKeyValue("file", key).log("others can read the private key; 'chmod 600' it");
            }
        } catch (IOException | UnsupportedOperationException unknown) {
            LOG.atDebug().setCause(unknown).log("the permissions of the private key are not known");
        }
    }

    // ---- looking
    // -------------------------------------------------------------------------------------------------------

    /// Looks at the files once.
    void look() {
        try {
            TlsFiles.Contents contents = files.read();
            if (contents.isSame(seen)) {
                sound();
            } else {
                KeyMaterial next =
                        KeyMaterial.of(files, contents, generation + 1, authentication, betweenNodes, clock.instant());
                generation++;
                seen = contents;
                keys.replace(generationKeys(next));
                trust.replace(next.trust());
                current = next;
                replaced.increment();
                warnedOfExpiry = false;
                LOG.atInfo()
                        .addKeyValue("subject", next.subject())
                        .addKeyValue("expires", next.expires())
                        .log("certificate was replaced; new connections use it");
                warnOfReaders(files.key());
                sound();
            }
            warnOfExpiry(current);
        } catch (IOException broken) {
            unsound(String.valueOf(broken.getMessage()));
        } catch (RuntimeException unexpected) { // the next look must come all the same
            unsound(String.valueOf(unexpected));
        }
    }

    private void sound() {
        if (!problem.isEmpty()) {
            LOG.atInfo().log("the certificate files are sound again");
        }
        problem = "";
        found = "";
        foundLooks = 0;
    }

    private void unsound(String what) {
        foundLooks = what.equals(found) ? foundLooks + 1 : 1;
        found = what;
        if (foundLooks >= LOOKS_UNTIL_SAID && !what.equals(problem)) {
            problem = what;
            LOG.atError()
                    .addKeyValue("problem", what)
                    .log("the new certificate files are not used; the node goes on with the old ones");
        }
    }

    private void warnOfExpiry(KeyMaterial material) {
        if (!warnedOfExpiry && isSoon(material.expires())) {
            warnedOfExpiry = true;
            LOG.atWarn()
                    .addKeyValue("subject", material.subject())
                    .addKeyValue("expires", material.expires())
                    .log("the certificate expires soon; replace its files, the node reads them by itself");
        }
    }

    private boolean isSoon(Instant expires) {
        return clock.instant().plus(EXPIRES_SOON).isAfter(expires);
    }

    // ---- what it is for
    // ------------------------------------------------------------------------------------------------

    /// The key for handshakes that begin now.
    public X509ExtendedKeyManager keys() {
        return keys;
    }

    /// Whom handshakes believe that end now.
    public X509ExtendedTrustManager trust() {
        return trust;
    }

    /// For what this node asks others: it shows its certificate, and checks theirs and their names.
    public SSLContext clientContext() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {keys}, new TrustManager[] {trust}, null);
            return context;
        } catch (GeneralSecurityException absent) {
            throw new IllegalStateException("this JDK has no TLS", absent);
        }
    }

    /// The server's end of one connection.
    ///
    /// @param handshakeMs how long the handshake may take
    public SslHandler serverHandler(ByteBufAllocator allocator, long handshakeMs) {
        SslHandler handler = current.server().newHandler(allocator, handshakes); // signatures take milliseconds
        handler.setHandshakeTimeoutMillis(handshakeMs);
        return handler;
    }

    /// What an operator should know, in sentences without a full stop; empty when all is well.
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        String broken = problem;
        if (!broken.isEmpty()) {
            warnings.add("the certificate files have changed but are not used: " + broken);
        }
        Instant expires = current.expires();
        if (isSoon(expires)) {
            warnings.add("the certificate of %s %s on %s"
                    .formatted(current.subject(), clock.instant().isAfter(expires) ? "expired" : "expires", expires));
        }
        return warnings;
    }

    /// Seconds until the certificate expires, negative when it has.
    public double secondsLeft() {
        return Duration.between(clock.instant(), current.expires()).toSeconds();
    }

    /// How often they were replaced since the start.
    public double replacements() {
        return replaced.sum();
    }

    /// Stops looking. Handshakes that have begun end.
    @Override
    public void close() {
        looks.shutdownNow();
        handshakes.shutdown();
    }
}
