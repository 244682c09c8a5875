package io.millrace.replication.ratis;

import io.millrace.replication.NodeTls;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.grpc.GrpcTlsConfig;
import org.apache.ratis.grpc.GrpcUtil;
import org.apache.ratis.thirdparty.io.netty.buffer.ByteBufAllocator;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.ApplicationProtocolNegotiator;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslContext;
import org.jspecify.annotations.Nullable;

/// Encryption of the Raft port: servers, and the client and admin services that share the port.
///
/// The JDK's implementation on both ends, because it asks the managers in every handshake, which is how
/// certificates change while a node runs. The native one that comes with gRPC also copies the list of
/// authorities at the start. Hostnames are verified: gRPC asks for it, and the JDK's trust manager does it.
final class RatisTls {
    private static final String PROVIDER = "SunJSSE";
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};
    private static final long HANDSHAKE_S = 10;

    private RatisTls() {}

    /// @param peerId of this peer, which takes nothing that is for another
    /// @param replies looks at what this peer answers
    static Parameters parameters(@Nullable NodeTls tls, String peerId, DurableReplies replies) {
        Addressee addressee = new Addressee(peerId);
        Parameters parameters = new Parameters();
        if (tls == null) {
            // the time also covers the first bytes of HTTP/2, and the default is two minutes
            GrpcConfigKeys.Server.setServicesCustomizer(
                    parameters,
                    (builder, services) -> builder.handshakeTimeout(HANDSHAKE_S, TimeUnit.SECONDS)
                            .intercept(replies)
                            .intercept(addressee));
            return parameters;
        }
        GrpcTlsConfig config = GrpcTlsConfig.newBuilder()
                .setName("millrace")
                .setKeyManager(tls.keys())
                .setTrustManager(tls.trust())
                .setMutualTls(true)
                .setJsseProviderName(PROVIDER)
                .setProtocols(PROTOCOLS)
                .build();
        // each service has a key of its own and falls back to this one
        GrpcConfigKeys.TLS.setConf(parameters, config);
        SslContext unresumed = new Unresumed(config);
        GrpcConfigKeys.Server.setServicesCustomizer(
                parameters,
                (builder, services) -> builder.handshakeTimeout(HANDSHAKE_S, TimeUnit.SECONDS)
                        .intercept(replies)
                        .intercept(addressee)
                        .sslContext(unresumed));
        return parameters;
    }

    /// A context of its own for every connection, so that no session is ever resumed: resuming one would let a
    /// peer in whose authority is not believed any more. Nodes connect to each other rarely.
    private static final class Unresumed extends SslContext {
        private final GrpcTlsConfig config;
        private final SslContext first;

        private Unresumed(GrpcTlsConfig config) {
            this.config = config;
            this.first = GrpcUtil.buildSslContextForServer(config);
        }

        @Override
        public SSLEngine newEngine(ByteBufAllocator allocator) {
            return GrpcUtil.buildSslContextForServer(config).newEngine(allocator);
        }

        @Override
        public SSLEngine newEngine(ByteBufAllocator allocator, String host, int port) {
            return GrpcUtil.buildSslContextForServer(config).newEngine(allocator, host, port);
        }

        @Override
        public boolean isClient() {
            return false;
        }

        @Override
        public List<String> cipherSuites() {
            return first.cipherSuites();
        }

        @Override
        @SuppressWarnings("deprecation") // abstract all the same
        public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
            return first.applicationProtocolNegotiator();
        }

        @Override
        public SSLSessionContext sessionContext() {
            return first.sessionContext();
        }
    }
}
