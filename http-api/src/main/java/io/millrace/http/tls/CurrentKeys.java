package io.millrace.http.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/// The newest generation for handshakes that begin, the one before it for those that began with it.
///
/// Threading: any; [#replace] one at a time.
final class CurrentKeys extends X509ExtendedKeyManager {
    private record Generations(GenerationKeys now, GenerationKeys before) {}

    private volatile Generations generations;

    CurrentKeys(GenerationKeys first) {
        this.generations = new Generations(first, first);
    }

    void replace(GenerationKeys next) {
        generations = new Generations(next, generations.now());
    }

    private GenerationKeys now() {
        return generations.now();
    }

    @Override
    public @Nullable String chooseEngineClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return now().chooseEngineClientAlias(keyTypes, issuers, engine);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
            String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return now().chooseEngineServerAlias(keyType, issuers, engine);
    }

    @Override
    public @Nullable String chooseClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return now().chooseClientAlias(keyTypes, issuers, socket);
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return now().chooseServerAlias(keyType, issuers, socket);
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return now().getClientAliases(keyType, issuers);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        return now().getServerAliases(keyType, issuers);
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(@Nullable String alias) {
        Generations both = generations;
        X509Certificate[] chain = both.now().getCertificateChain(alias);
        return chain == null ? both.before().getCertificateChain(alias) : chain;
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(@Nullable String alias) {
        Generations both = generations;
        PrivateKey key = both.now().getPrivateKey(alias);
        return key == null ? both.before().getPrivateKey(alias) : key;
    }
}
