package io.millrace.client;

import io.millrace.client.consumer.PollingConsumer;
import io.millrace.client.consumer.RecordJson;
import io.millrace.client.producer.BatchingProducer;
import io.millrace.client.sql.HttpSqlClient;
import io.millrace.client.transport.Answer;
import io.millrace.client.transport.Call;
import io.millrace.client.transport.ClientTls;
import io.millrace.client.transport.JsonObject;
import io.millrace.client.transport.LinePublisher;
import io.millrace.client.transport.Transport;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Flow;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// A connection to a Millrace cluster, or to one node.
///
/// ```java
/// try (MillraceClient client = MillraceClient.connect(URI.create("http://localhost:1109"));
///         Producer producer = client.producer(ProducerSettings.DEFAULT)) {
///     producer.send(NewRecord.of("orders", "{\"item\":\"tea\",\"amount\":2}")).join();
///     client.sql().query("SELECT item, sum(amount) FROM orders GROUP BY
///     item").rows().forEach(System.out::println);
/// }
/// ```
///
/// Nothing is sent before the first call. Close it to end its connections, streams included; producers should
/// be closed before.
public final class MillraceClient implements AutoCloseable {
    private final Transport transport;
    private final HttpSqlClient sql;
    private final TopicAdmin topics;

    private MillraceClient(Builder builder) {
        transport = new Transport(
                builder.nodes,
                builder.token,
                builder.connectTimeout,
                builder.answerTimeout,
                builder.retryFor,
                builder.answerBytesMax,
                builder.sslContext.isPresent()
                        ? new ClientTls(builder.sslContext.get(), "an authority that it was given")
                        : ClientTls.of(builder.trusted, builder.certificate, builder.key));
        sql = new HttpSqlClient(transport, builder.statementTimeout);
        topics = new HttpTopicAdmin(transport);
    }

    /// Several nodes of one cluster, for instance `http://localhost:1109`; any of them will do.
    public static MillraceClient connect(URI... nodes) {
        return builder().nodes(List.of(nodes)).build();
    }

    public static Builder builder() {
        return new Builder();
    }

    public SqlClient sql() {
        return sql;
    }

    public TopicAdmin topics() {
        return topics;
    }

    public Producer producer(ProducerSettings settings) {
        return new BatchingProducer(transport, settings);
    }

    public Consumer consumer(ConsumerSettings settings) {
        return new PollingConsumer(transport, settings);
    }

    /// The records of all partitions, for ever; without a group, so nothing is remembered.
    ///
    /// Each subscription reads on a connection of its own, at the subscriber's pace; cancelling closes it.
    public Flow.Publisher<ReceivedRecord> tail(String topic, TailStart from) {
        Call call = Call.get(
                        "/broker/tail/" + Call.encode(topic) + "?encoding=b64&from=" + Call.encode(from.parameter()))
                .accepting("application/x-ndjson");
        return new LinePublisher<>(() -> transport.wholeOrStream(call), line -> RecordJson.line(topic, line));
    }

    /// What SQL can name on this cluster.
    public Catalog catalog() {
        return new Catalog(sql.relations());
    }

    /// The cluster as the node that answers sees it.
    public ClusterDescription cluster() {
        JsonObject answer = transport.whole(Call.get("/v1/cluster")).json();
        JsonObject group = JsonObject.of(answer.list("groups").getFirst(), "");
        Map<String, Long> lags = new HashMap<>();
        for (Object follower : group.listOrEmpty("followers")) {
            JsonObject known = JsonObject.of(follower, "");
            lags.put(known.text("node"), known.integer("lag"));
        }
        List<ClusterDescription.Member> members = new ArrayList<>();
        for (Object member : answer.list("members")) {
            JsonObject known = JsonObject.of(member, "");
            String node = known.text("node");
            members.add(new ClusterDescription.Member(
                    node,
                    known.text("http"),
                    Boolean.TRUE.equals(known.get("draining")),
                    Optional.ofNullable(lags.get(node))));
        }
        return new ClusterDescription(
                answer.text("node"),
                group.text("role"),
                Optional.ofNullable(group.textOrNull("leader")),
                group.integer("term"),
                group.integer("applied_index"),
                members);
    }

    /// Whether the node that answers is ready. A node that is not is an answer, not an exception.
    public Health health() {
        try {
            Answer.Whole answer = transport.whole(Call.get("/health/ready").retryingFor(Duration.ZERO));
            return new Health(true, reasons(answer.json()));
        } catch (MillraceException refused) {
            if (refused.status() == 503) {
                return new Health(false, List.of(String.valueOf(refused.getMessage())));
            }
            throw refused;
        }
    }

    private static List<String> reasons(JsonObject answer) {
        List<String> reasons = new ArrayList<>();
        answer.listOrEmpty("problems").forEach(reason -> reasons.add(String.valueOf(reason)));
        return reasons;
    }

    @Override
    public void close() {
        transport.close();
    }

    /// Settings of a client.
    public static final class Builder {
        private List<URI> nodes = List.of(URI.create("http://localhost:1109"));
        private Optional<String> token = Optional.empty();
        private Duration connectTimeout = Duration.ofSeconds(3);
        private Duration answerTimeout = Duration.ofSeconds(30);
        private Duration statementTimeout = Duration.ofMinutes(10);
        private Duration retryFor = Duration.ofSeconds(15);
        private long answerBytesMax = 256L * 1024 * 1024;
        private Optional<SSLContext> sslContext = Optional.empty();
        private @Nullable Path trusted; // null for the JDK's authorities
        private @Nullable Path certificate; // null for none
        private @Nullable Path key; // null for none

        private Builder() {}

        public Builder nodes(List<URI> all) {
            this.nodes = List.copyOf(all);
            return this;
        }

        /// Sent as `Authorization: Bearer …`.
        public Builder token(String secret) {
            this.token = Optional.of(secret);
            return this;
        }

        /// How long one node may take to accept a connection (default 3 s).
        public Builder connectTimeout(Duration value) {
            this.connectTimeout = value;
            return this;
        }

        /// How long one attempt may wait for its answer (default 30 s).
        public Builder answerTimeout(Duration value) {
            this.answerTimeout = value;
            return this;
        }

        /// How long a SQL statement may take until its answer begins (default 10 min).
        public Builder statementTimeout(Duration value) {
            this.statementTimeout = value;
            return this;
        }

        /// How long failures that another attempt may cure are retried (default 15 s; 0 asks each node once).
        public Builder retryFor(Duration value) {
            this.retryFor = value;
            return this;
        }

        /// The largest answer that is read into memory (default 256 MiB).
        public Builder answerBytesMax(long value) {
            this.answerBytesMax = value;
            return this;
        }

        /// Believes certificates of `https://` nodes that an authority in this PEM file has signed, instead of
        /// those that the JDK knows.
        public Builder trust(Path authorities) {
            this.trusted = authorities;
            return this;
        }

        /// Shown to nodes that ask for a certificate (`tls.client-auth`).
        ///
        /// @param chain PEM: the client's certificate, intermediate ones after it
        /// @param privateKey PEM: PKCS#8, not encrypted
        public Builder identity(Path chain, Path privateKey) {
            this.certificate = chain;
            this.key = privateKey;
            return this;
        }

        /// For whoever keeps keys elsewhere than in files; wins over [#trust] and [#identity].
        public Builder sslContext(SSLContext context) {
            this.sslContext = Optional.of(context);
            return this;
        }

        /// @throws MillraceException `invalid_certificate`: a file of [#trust] or [#identity] cannot be used
        public MillraceClient build() {
            return new MillraceClient(this);
        }
    }
}
