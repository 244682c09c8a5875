package io.millrace.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.BodyReceiver;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Parameters;
import io.millrace.replication.Cluster;
import io.millrace.replication.ClusterView;
import io.millrace.replication.GroupLayout;
import io.millrace.replication.Member;
import io.millrace.replication.ReplicatedLog;
import io.netty.buffer.Unpooled;
import java.lang.reflect.Proxy;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LeadershipTest {
    /// A log that nobody leads here, and that knows `leader`.
    private static HttpFailure refusal(@Nullable String leader) {
        ReplicatedLog log = (ReplicatedLog) Proxy.newProxyInstance(
                LeadershipTest.class.getClassLoader(),
                new Class<?>[] {ReplicatedLog.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "leads" -> false;
                    case "leader" -> Optional.ofNullable(leader);
                    default -> throw new UnsupportedOperationException(method.getName());
                });
        Leadership leadership =
                new Leadership(log, "n1", new Peers("", null), node -> Optional.of("http://" + node), new Metrics());
        return Objects.requireNonNull(leadership.refusal());
    }

    @Test
    void aWriteIsSentToTheNodeThatLeads() {
        HttpFailure refusal = refusal("n2");

        assertThat(refusal.status()).isEqualTo(ErrorCode.NOT_LEADER.status());
        assertThat(refusal.fields()).containsEntry(Failures.LEADER, "n2");
    }

    @Test
    void aNodeThatIsElectedAndDoesNotLeadYetSendsNobodyToItself() {
        for (String leader : new @Nullable String[] {"n1", null}) {
            HttpFailure refusal = refusal(leader);

            assertThat(refusal.status()).as("with %s", leader).isEqualTo(ErrorCode.NO_LEADER.status());
        }
    }

    /// What a leader of three answers to a record for a topic that it does not know.
    ///
    /// @param barrier whether a majority says what is newest; null while nobody answers
    /// @param thenKnown whether the topic is known behind the barrier
    private static HttpFailure unknownTopic(@Nullable CompletableFuture<Void> barrier, boolean thenKnown)
            throws Exception {
        List<Member> members = List.of(member("n1"), member("n2"), member("n3"));
        Cluster cluster = proxy(Cluster.class, (method, arguments) -> switch (method) {
            case "view" -> new ClusterView("n1", members, List.of(), List.of(), List.of());
            case "barrier" -> barrier == null ? new CompletableFuture<Void>() : barrier;
            default -> throw new UnsupportedOperationException(method);
        });
        ReplicatedLog log = proxy(ReplicatedLog.class, (method, arguments) -> switch (method) {
            case "leads" -> true;
            case "layout" -> new GroupLayout(1, false);
            case "cluster" -> cluster;
            case "exists" -> thenKnown;
            case "topic" -> Optional.empty();
            default -> throw new UnsupportedOperationException(method);
        });
        CompletableFuture<HttpFailure> answer = new CompletableFuture<>();
        Exchange exchange = proxy(Exchange.class, (method, arguments) -> switch (method) {
            case "parameters" -> Parameters.NONE;
            case "pathParameter" -> "t";
            case "header" -> null;
            case "fail" -> answer.complete((HttpFailure) Objects.requireNonNull(arguments)[0]);
            default -> throw new UnsupportedOperationException(method);
        });
        Leadership leadership =
                new Leadership(log, "n1", new Peers("", null), node -> Optional.of("http://" + node), new Metrics());
        BodyReceiver body = leadership
                .guardTopic(
                        refused -> {
                            throw Failures.unknownTopic("t", List.of());
                        },
                        any -> -1)
                .begin(exchange);
        body.bytes(Unpooled.wrappedBuffer(new byte[] {1, 2, 3}), true);
        body.end();
        return answer.get(30, TimeUnit.SECONDS);
    }

    private static Member member(String node) {
        return new Member(node, "d", "h:1", "http://h:2");
    }

    private interface Answers {
        @Nullable
        Object of(String method, @Nullable Object @Nullable [] arguments);
    }

    private static <T> T proxy(Class<T> type, Answers answers) {
        return type.cast(Proxy.newProxyInstance(
                LeadershipTest.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> answers.of(method.getName(), arguments)));
    }

    @Test
    void aTopicThatNotAllGroupsHaveToldOfYetIsNotUnknown() {
        for (boolean exists : new boolean[] {true, false}) {
            ReplicatedLog log = proxy(ReplicatedLog.class, (method, arguments) -> switch (method) {
                case "exists" -> exists;
                case "topics" -> List.of();
                default -> throw new UnsupportedOperationException(method);
            });
            assertThat(Failures.notFound(log, "t").code())
                    .isEqualTo(exists ? ErrorCode.NOT_READY.code() : ErrorCode.UNKNOWN_TOPIC.code());
        }
    }

    @Test
    void aTopicIsUnknownOnlyWhenAMajoritySaysSo() throws Exception {
        assertThat(unknownTopic(CompletableFuture.completedFuture(null), false).status())
                .isEqualTo(ErrorCode.UNKNOWN_TOPIC.status());
        assertThat(unknownTopic(CompletableFuture.completedFuture(null), true).status())
                .isEqualTo(ErrorCode.NO_LEADER.status());
        assertThat(unknownTopic(CompletableFuture.failedFuture(new java.io.IOException("cut off")), false)
                        .status())
                .isEqualTo(ErrorCode.NO_LEADER.status());
        assertThat(unknownTopic(null, false).status()).isEqualTo(ErrorCode.NO_LEADER.status());
    }

    /// What a read answers that first fails with `first`, and then, if it is asked again, with `second`.
    private static HttpFailure read(int nodes, HttpFailure first, HttpFailure second, CompletableFuture<Void> upToDate)
            throws Exception {
        List<Member> members =
                IntStream.range(0, nodes).mapToObj(i -> member("n" + i)).toList();
        Cluster cluster = proxy(Cluster.class, (method, arguments) -> switch (method) {
            case "view" -> new ClusterView("n1", members, List.of(), List.of(), List.of());
            case "barriers" -> upToDate;
            default -> throw new UnsupportedOperationException(method);
        });
        ReplicatedLog log = proxy(ReplicatedLog.class, (method, arguments) -> switch (method) {
            case "cluster" -> cluster;
            default -> throw new UnsupportedOperationException(method);
        });
        CompletableFuture<HttpFailure> answer = new CompletableFuture<>();
        Exchange exchange = proxy(Exchange.class, (method, arguments) -> switch (method) {
            case "requestId" -> "r";
            case "fail" -> answer.complete((HttpFailure) Objects.requireNonNull(arguments)[0]);
            default -> throw new UnsupportedOperationException(method);
        });
        Leadership leadership =
                new Leadership(log, "n1", new Peers("", null), node -> Optional.of("http://" + node), new Metrics());
        Iterator<HttpFailure> failures = List.of(first, second).iterator();
        try {
            leadership.readHere(exchange, asked -> {
                throw failures.next();
            });
        } catch (HttpFailure failure) {
            return failure;
        }
        return answer.get(30, TimeUnit.SECONDS);
    }

    @Test
    void whatDoesNotExistHereIsLookedForAgainBehindABarrier() throws Exception {
        CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
        CompletableFuture<Void> cutOff = CompletableFuture.failedFuture(new java.io.IOException("cut off"));
        HttpFailure late = new HttpFailure(ErrorCode.NOT_READY, "later");
        for (HttpFailure mayBeNew : List.of(
                Failures.unknownTopic("t", List.of()),
                Failures.unknownPartition("t", 3, 3),
                new HttpFailure(ErrorCode.UNKNOWN_GROUP, "no"),
                Failures.outOfRange(10, 0, 9))) {
            assertThat(read(3, mayBeNew, late, done)).isSameAs(late);
            assertThat(read(3, mayBeNew, late, cutOff).status()).isEqualTo(ErrorCode.NO_LEADER.status());
            assertThat(read(1, mayBeNew, late, done)).isSameAs(mayBeNew);
        }
        HttpFailure deleted = Failures.outOfRange(1, 2, 9);
        assertThat(read(3, deleted, late, done)).isSameAs(deleted);
        HttpFailure malformed = new HttpFailure(ErrorCode.INVALID_PARAMETER, "no");
        assertThat(read(3, malformed, late, done)).isSameAs(malformed);
    }
}
