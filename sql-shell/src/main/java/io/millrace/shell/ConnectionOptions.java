package io.millrace.shell;

import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Where to connect and as whom; part of every command that talks to a node.
final class ConnectionOptions {
    private static final String DEFAULT_URL = "http://localhost:1109";
    private static final int DEFAULT_PORT = 1109;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(
            names = {"-u", "--url"},
            paramLabel = "URL[,URL...]",
            split = ",",
            description = "One or more nodes of the cluster. Default: $MILLRACE_URL, or " + DEFAULT_URL + ".")
    private List<String> urls = new ArrayList<>();

    @Option(
            names = "--token",
            paramLabel = "TOKEN",
            description = "Bearer token. Default: $MILLRACE_TOKEN, which keeps it out of the process list.")
    private @Nullable String token;

    @Option(
            names = "--ca",
            paramLabel = "FILE",
            description = "PEM file with the authority of https:// nodes. Default: $MILLRACE_CA, or those of the JDK.")
    private @Nullable Path authority;

    @Option(
            names = "--cert",
            paramLabel = "FILE",
            description = "PEM file with a certificate for nodes that ask for one. Default: $MILLRACE_CERT.")
    private @Nullable Path certificate;

    @Option(
            names = "--key",
            paramLabel = "FILE",
            description = "PEM file with its private key. Default: $MILLRACE_KEY.")
    private @Nullable Path key;

    private static @Nullable Path given(@Nullable Path option, String variable, Map<String, String> environment) {
        String value = environment.get(variable);
        return option != null || value == null || value.isBlank() ? option : Path.of(value.strip());
    }

    /// The nodes, as given, from the environment, or the default.
    List<URI> nodes(Map<String, String> environment) {
        List<String> given = urls;
        if (given.isEmpty()) {
            given = List.of(
                    environment.getOrDefault("MILLRACE_URL", DEFAULT_URL).split(","));
        }
        List<URI> nodes = new ArrayList<>();
        for (String text : given) {
            nodes.add(node(text.strip()));
        }
        return nodes;
    }

    private URI node(String text) {
        String full = text.contains("://") ? text : "http://" + text;
        try {
            URI uri = URI.create(full);
            boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (web && uri.getHost() != null) {
                return uri.getPort() < 0 && "http".equals(uri.getScheme())
                        ? URI.create("http://" + uri.getRawAuthority() + ":" + DEFAULT_PORT)
                        : uri;
            }
        } catch (IllegalArgumentException malformed) {
            // the message below says what is expected
        }
        throw new ParameterException(
                spec.commandLine(),
                "'" + text + "' is not the address of a node; expected for instance " + DEFAULT_URL);
    }

    /// Connects and makes sure that somebody answers. A node that is not ready is fine: statements wait for it.
    ///
    /// @throws MillraceException with `cannot_connect` when nobody does
    MillraceClient connect(Streams streams) {
        MillraceClient.Builder builder =
                MillraceClient.builder().nodes(nodes(streams.environment())).retryFor(Duration.ofSeconds(10));
        String secret = token == null ? streams.environment().get("MILLRACE_TOKEN") : token;
        if (secret != null && !secret.isBlank()) {
            builder.token(secret.strip());
        }
        Path trusted = given(authority, "MILLRACE_CA", streams.environment());
        if (trusted != null) {
            builder.trust(trusted);
        }
        Path shown = given(certificate, "MILLRACE_CERT", streams.environment());
        Path secretKey = given(key, "MILLRACE_KEY", streams.environment());
        if (shown != null && secretKey != null) {
            builder.identity(shown, secretKey);
        } else if (shown != null || secretKey != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--cert and --key (MILLRACE_CERT and MILLRACE_KEY) belong together; one is missing");
        }
        MillraceClient client = builder.build();
        try {
            var _ = client.health();
        } catch (MillraceException failure) {
            client.close();
            throw failure;
        }
        return client;
    }
}
