package io.millrace.client.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import io.millrace.client.TopicSpec;
import io.millrace.client.fake.FakeNode;
import io.millrace.client.fake.FakeNode.Fault;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TransportTest {
    private FakeNode node;
    private FakeNode other;

    @BeforeEach
    void start() throws IOException {
        node = new FakeNode();
        other = new FakeNode();
    }

    @AfterEach
    void stop() {
        node.close();
        other.close();
    }

    private static MillraceClient client(Duration retryFor, URI... nodes) {
        return MillraceClient.builder()
                .nodes(List.of(nodes))
                .retryFor(retryFor)
                .answerTimeout(Duration.ofSeconds(5))
                .build();
    }

    private static URI nobody() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return URI.create("http://127.0.0.1:" + socket.getLocalPort());
        }
    }

    private static Fault refuse(int status, String code) {
        return new Fault.Refuse(status, code, Map.of());
    }

    @Test
    void redirectToTheLeaderIsFollowed() {
        node.follow(other.uri());
        try (MillraceClient client = client(Duration.ZERO, node.uri())) {
            client.topics().create(TopicSpec.named("orders"));
        }
        assertThat(other.requests("/broker/topics")).hasSize(1);
        assertThat(other.requests("/broker/topics").getFirst().body()).contains("\"name\":\"orders\"");
    }

    @Test
    void theNextWriteGoesStraightToTheLeaderAndReadsStay() {
        node.follow(other.uri());
        try (MillraceClient client = client(Duration.ZERO, node.uri())) {
            client.topics().create(TopicSpec.named("orders"));
            int asked = node.requests("/broker/topics").size();
            client.topics().create(TopicSpec.named("payments"));
            assertThat(node.requests("/broker/topics")).hasSize(asked);
            assertThat(other.requests("/broker/topics")).hasSize(2);
        }
    }

    @Test
    void aLeaderThatHasGoneIsForgotten() throws IOException {
        node.follow(nobody()); // and the one after it leads
        try (MillraceClient client = client(Duration.ofSeconds(30), node.uri(), other.uri())) {
            client.topics().create(TopicSpec.named("orders"));
        }
        assertThat(other.requests("/broker/topics")).hasSize(1);
    }

    @Test
    void redirectsInACircleEnd() {
        node.follow(other.uri());
        other.follow(node.uri());
        try (MillraceClient client = client(Duration.ZERO, node.uri())) {
            assertThatThrownBy(() -> client.topics().create(TopicSpec.named("orders")))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("Redirected more than 5 times");
        }
    }

    @Test
    void redirectWithoutAPlaceIsNamedAsWhatItIs() {
        node.fail(new Fault.Say(307, "text/plain", ""));
        try (MillraceClient client = client(Duration.ZERO, node.uri())) {
            assertThatThrownBy(() -> client.topics().list())
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            error -> assertThat(error.code()).isEqualTo("unexpected_answer"));
        }
    }

    @Test
    void anotherNodeIsAskedWhenOneIsUnavailable() {
        node.fail(refuse(503, "no_leader"));
        other.createTopic("here", 1);
        try (MillraceClient client = client(Duration.ofSeconds(30), node.uri(), other.uri())) {
            assertThat(client.topics().list()).containsExactly("here");
        }
    }

    @Test
    void anotherNodeIsAskedWhenOneDoesNotListenEvenWithoutRetries() throws IOException {
        other.createTopic("here", 1);
        try (MillraceClient client = client(Duration.ZERO, nobody(), other.uri())) {
            assertThat(client.topics().list()).containsExactly("here");
        }
    }

    @Test
    void nobodyListeningIsCannotConnect() throws IOException {
        try (MillraceClient client = client(Duration.ZERO, nobody(), nobody())) {
            assertThatThrownBy(() -> client.topics().list())
                    .isInstanceOfSatisfying(MillraceException.class, error -> {
                        assertThat(error.code()).isEqualTo(MillraceException.CANNOT_CONNECT);
                        assertThat(error.status()).isZero();
                    })
                    .hasMessageContaining("127.0.0.1");
        }
    }

    @Test
    void theSameNodeIsAskedAgainUntilItIsAvailable() {
        node.fail(refuse(503, "not_ready"), refuse(503, "not_ready"), refuse(429, "quota_exceeded"));
        try (MillraceClient client = client(Duration.ofSeconds(30), node.uri())) {
            assertThat(client.topics().list()).isEmpty();
        }
        assertThat(node.requests("/broker/topics")).hasSize(4);
    }

    @Test
    void waitingAsLongAsAskedIsNotLongerThanTheCallerAllows() {
        node.fail(new Fault.Refuse(503, "not_ready", Map.of("Retry-After", "30")));
        try (MillraceClient client = client(Duration.ofSeconds(2), node.uri())) {
            assertThatThrownBy(() -> client.topics().list()).isInstanceOfSatisfying(MillraceException.class, error -> {
                assertThat(error.code()).isEqualTo("not_ready");
                assertThat(error.retryAfter()).contains(Duration.ofSeconds(30));
                assertThat(error.requestId()).contains("r1");
            });
        }
        assertThat(node.requests("/broker/topics")).hasSize(1);
    }

    @Test
    void statementsThatWriteAreNotRepeatedWhenTheOutcomeIsUnknown() {
        node.sqlAnswer("INSERT INTO t VALUES (1)", "{\"ok\":true,\"columns\":[],\"rows\":[]}");
        node.fail(new Fault.LoseAnswer());
        try (MillraceClient client = client(Duration.ofSeconds(30), node.uri())) {
            assertThatThrownBy(() -> client.sql().query("INSERT INTO t VALUES (1)"))
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            error -> assertThat(error.code()).isEqualTo(MillraceException.OUTCOME_UNKNOWN));
        }
        assertThat(node.requests("/v1/sql")).hasSize(1);
    }

    @Test
    void statementsThatReadAreRepeatedWhenTheAnswerIsLost() {
        node.sqlAnswer("SELECT 1", "{\"ok\":true,\"columns\":[{\"name\":\"x\",\"type\":\"INTEGER\"}],\"rows\":[[1]]}");
        node.fail(new Fault.LoseAnswer(), new Fault.TimeOut());
        try (MillraceClient client = client(Duration.ofSeconds(30), node.uri())) {
            assertThat(client.sql().query("SELECT 1").rows()).containsExactly(List.of(1L));
        }
        assertThat(node.requests("/v1/sql")).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource({
        "200, text/html, <html>hello</html>",
        "200, application/json, {",
        "200, application/json, []",
        "200, application/json, {\"ok\":true}",
        "502, text/html, Bad Gateway",
        "500, application/json, {}",
        "404, text/plain, ''"
    })
    void anAnswerThatIsNotOursIsNamedAsSuch(int status, String type, String body) {
        node.fail(new Fault.Say(status, type, body));
        try (MillraceClient client = client(Duration.ZERO, node.uri())) {
            assertThatThrownBy(() -> client.topics().list())
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            error -> assertThat(error.code()).isEqualTo(MillraceException.UNEXPECTED_ANSWER));
        }
    }

    @Test
    void answersBeyondTheLimitAreRefused() {
        node.createTopic("t".repeat(200), 1);
        try (MillraceClient client = MillraceClient.builder()
                .nodes(List.of(node.uri()))
                .answerBytesMax(100)
                .build()) {
            assertThatThrownBy(() -> client.topics().list())
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            error -> assertThat(error.code()).isEqualTo(MillraceException.ANSWER_TOO_LARGE));
        }
    }

    @Test
    void theTokenIsSent() {
        try (MillraceClient client = MillraceClient.builder()
                .nodes(List.of(node.uri()))
                .token("secret")
                .build()) {
            assertThat(client.topics().list()).isEmpty();
        }
        assertThat(node.requests("/broker/topics").getFirst().headers())
                .containsEntry("Authorization", "Bearer secret");
    }

    @Test
    void aClosedClientSaysSo() {
        MillraceClient client = client(Duration.ZERO, node.uri());
        client.close();
        assertThatThrownBy(() -> client.topics().list())
                .isInstanceOfSatisfying(
                        MillraceException.class,
                        error -> assertThat(error.code()).isEqualTo(MillraceException.CLOSED));
    }

    @Test
    void interruptingTheCallerEndsTheCall() {
        node.fail(new Fault.Refuse(503, "not_ready", Map.of("Retry-After", "5")));
        try (MillraceClient client = client(Duration.ofSeconds(60), node.uri())) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> client.topics().list())
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            error -> assertThat(error.code()).isEqualTo(MillraceException.INTERRUPTED));
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void topicsAreMadeDescribedAndDeleted() {
        try (MillraceClient client = client(Duration.ZERO, node.uri())) {
            client.topics().create(TopicSpec.named("orders").withPartitions(3));
            client.topics().create(TopicSpec.named("orders").withPartitions(3));
            assertThat(client.topics().list()).containsExactly("orders");
            assertThat(client.topics().describe("orders").orElseThrow().partitions())
                    .hasSize(3);
            assertThat(client.topics().describe("other")).isEmpty();
            assertThatThrownBy(() ->
                            client.topics().create(TopicSpec.named("orders").withPartitions(4)))
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            error -> assertThat(error.status()).isEqualTo(409));
            assertThat(client.topics().delete("orders")).isTrue();
            assertThat(client.topics().delete("orders")).isFalse();
        }
    }
}
