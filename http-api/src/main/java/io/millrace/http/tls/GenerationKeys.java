package io.millrace.http.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/// One key, for both roles and whoever asks: a node has no other to choose from. The authorities that the other
/// end names are passed over; it says itself whom it does not believe.
class GenerationKeys extends X509ExtendedKeyManager {
    private final String alias;
    private final PrivateKey key;
    private final List<X509Certificate> chain;

    GenerationKeys(String alias, PrivateKey key, List<X509Certificate> chain) {
        this.alias = alias;
        this.key = key;
        this.chain = List.copyOf(chain);
    }

    /// The alias when the key is of a kind that will do, such as `EC`, or `EC_RSA` for one signed with RSA;
    /// else null.
    private @Nullable String fitting(String... keyTypes) {
        String kind = chain.getFirst().getPublicKey().getAlgorithm();
        for (String type : keyTypes) {
            if (type.equals(kind) || type.startsWith(kind + "_")) {
                return alias;
            }
        }
        return null;
    }

    @Override
    public @Nullable String chooseEngineClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return fitting(keyTypes);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
            String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return fitting(keyType);
    }

    @Override
    public @Nullable String chooseClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return fitting(keyTypes);
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return fitting(keyType);
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return aliases(keyType);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        return aliases(keyType);
    }

    private String @Nullable [] aliases(String keyType) {
        return fitting(keyType) == null ? null : new String[] {alias};
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(@Nullable String wanted) {
        return alias.equals(wanted) ? chain.toArray(X509Certificate[]::new) : null;
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(@Nullable String wanted) {
        return alias.equals(wanted) ? key : null;
    }
}
