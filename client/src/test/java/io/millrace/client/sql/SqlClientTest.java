package io.millrace.client.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.client.ChangeEvent;
import io.millrace.client.Column;
import io.millrace.client.Frontier;
import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import io.millrace.client.Position;
import io.millrace.client.SqlAnswer;
import io.millrace.client.SqlResult;
import io.millrace.client.fake.Await;
import io.millrace.client.fake.Collected;
import io.millrace.client.fake.FakeNode;
import io.millrace.client.fake.SqlExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SqlClientTest {
    private static final String FOREVER = "SELECT * FROM orders EMIT CHANGES";
    private static final String COLUMNS = "{\"columns\":[{\"name\":\"n\",\"type\":\"BIGINT\"}]}";

    private FakeNode node;
    private MillraceClient client;

    @BeforeEach
    void start() throws IOException {
        node = new FakeNode();
        client = MillraceClient.connect(node.uri());
    }

    @AfterEach
    void stop() {
        client.close();
        node.close();
    }

    @Test
    void aResultKeepsEveryDigit() {
        node.sqlAnswer(
                "SELECT 1",
                "{\"ok\":true,\"columns\":[{\"name\":\"a\",\"type\":\"BIGINT\"},{\"name\":\"b\",\"type\":\"DECIMAL(30,2)\"},"
                        + "{\"name\":\"c\",\"type\":\"VARCHAR\"}],\"rows\":[[9223372036854775807,"
                        + "1234567890123456789012345678.90,null]],\"row_count\":1,\"frontier\":{\"orders\":[123,98]},"
                        + "\"elapsed_ms\":1.5}");
        SqlResult result = client.sql().query("SELECT 1");
        assertThat(result.columns().get(1)).isEqualTo(new Column("b", "DECIMAL(30,2)"));
        assertThat(result.rows())
                .containsExactly(
                        Arrays.asList(Long.MAX_VALUE, new BigDecimal("1234567890123456789012345678.90"), null));
        assertThat(result.frontier().toJson()).isEqualTo("{\"orders\":[123,98]}");
        assertThat(result.elapsedMs()).isEqualTo(1.5);
    }

    @Test
    void parametersTravelAsJson() {
        node.sqlAnswer("SELECT ?, ?, ?, ?", "{\"ok\":true,\"columns\":[],\"rows\":[]}");
        var _ = client.sql().query("SELECT ?, ?, ?, ?", 1L, null, "x'y", LocalDate.of(2026, 1, 2));
        assertThat(node.requests("/v1/sql").getFirst().body())
                .contains("\"parameters\":[1,null,\"x'y\",\"2026-01-02\"]");
    }

    @Test
    void anErrorCarriesPlaceHintAndRequest() {
        node.sql(
                "SELECT amuont FROM orders",
                exchange -> exchange.json(
                        400,
                        "{\"ok\":false,\"error\":\"unknown_column\",\"message\":\"no amuont\",\"hint\":\"amount?\","
                                + "\"position\":{\"line\":1,\"column\":8},\"request_id\":\"r9\"}"));
        assertThatThrownBy(() -> client.sql().query("SELECT amuont FROM orders"))
                .isInstanceOfSatisfying(MillraceException.class, error -> {
                    assertThat(error.code()).isEqualTo("unknown_column");
                    assertThat(error.status()).isEqualTo(400);
                    assertThat(error.position()).contains(new Position(1, 8));
                    assertThat(error.hint()).contains("amount?");
                    assertThat(error.requestId()).contains("r9");
                })
                .hasMessage("no amuont");
    }

    @Test
    void executeTellsWhatEndsFromWhatGoesOn() {
        node.sqlAnswer("SHOW STREAMS", "{\"ok\":true,\"columns\":[],\"rows\":[]}");
        node.sql(FOREVER, exchange -> SqlExchange.lines(exchange.stream(), COLUMNS));
        assertThat(client.sql().execute("SHOW STREAMS", Map.of("changelog", "upsert")))
                .isInstanceOf(SqlAnswer.Complete.class);
        assertThat(node.requests("/v1/sql").getFirst().body()).contains("\"session\":{\"changelog\":\"upsert\"}");
        SqlAnswer answer = client.sql().execute(FOREVER, Map.of());
        assertThat(answer).isInstanceOfSatisfying(SqlAnswer.Continuous.class, continuous -> {
            Collected<ChangeEvent> events = Collected.from(continuous.changes()).request(10);
            Await.until("the stream ends", events::hasEnded);
            assertThat(events.completed).isTrue();
            assertThat(events.items).hasSize(1);
        });
    }

    @Test
    void changesArriveInOrderAndWhole() {
        node.sql(
                FOREVER,
                exchange -> SqlExchange.lines(
                        exchange.stream(),
                        COLUMNS,
                        "",
                        "{\"changes\":[{\"weight\":1,\"row\":[1]},{\"weight\":-2,\"row\":[null]}],\"frontier\":{\"orders\":[5]}}",
                        "{\"progress\":{\"frontier\":{\"orders\":[6]},\"watermark\":\"2026-01-01 00:00:00\"}}",
                        "{\"something\":\"new\"}"));
        Collected<ChangeEvent> events =
                Collected.from(client.sql().changes(FOREVER)).request(Long.MAX_VALUE);
        Await.until("the stream ends", events::hasEnded);
        assertThat(events.items)
                .containsExactly(
                        new ChangeEvent.Columns(List.of(new Column("n", "BIGINT"))),
                        new ChangeEvent.Changes(
                                List.of(
                                        new ChangeEvent.Change(1, List.of(1L)),
                                        new ChangeEvent.Change(-2, Arrays.asList((Object) null))),
                                new Frontier(Map.of("orders", List.of(5L)))),
                        new ChangeEvent.Progress(
                                new Frontier(Map.of("orders", List.of(6L))), Optional.of("2026-01-01 00:00:00")));
        assertThat(events.completed).isTrue();
    }

    @Test
    void nothingIsReadWhileNothingIsRequested() {
        AtomicInteger written = new AtomicInteger();
        AtomicBoolean readerGone = new AtomicBoolean();
        String change = "{\"changes\":[{\"weight\":1,\"row\":[\"" + "x".repeat(10_000) + "\"]}],\"frontier\":{}}";
        node.sql(FOREVER, exchange -> {
            OutputStream out = exchange.stream();
            SqlExchange.lines(out, COLUMNS);
            try {
                for (int i = 0; i < 10_000; i++) { // 100 MB, far more than sockets buffer
                    SqlExchange.lines(out, change);
                    written.incrementAndGet();
                }
            } catch (IOException gone) {
                readerGone.set(true);
            }
        });
        Collected<ChangeEvent> events =
                Collected.from(client.sql().changes(FOREVER)).request(3);
        Await.until("three events are there", () -> events.items.size() == 3);
        AtomicInteger before = new AtomicInteger(-1);
        AtomicInteger calm = new AtomicInteger();
        Await.until("the server cannot write more", () -> {
            boolean same = before.getAndSet(written.get()) == written.get();
            return (same ? calm.incrementAndGet() : setZero(calm)) > 150; // 300 ms without progress
        });
        assertThat(written.get()).isLessThan(3_000);
        assertThat(events.items).hasSize(3);

        events.request(2);
        Await.until("two more are there", () -> events.items.size() == 5);
        events.cancel();
        Await.until("the server sees that the reader has gone", readerGone::get);
        assertThat(events.hasEnded()).isFalse();
    }

    private static int setZero(AtomicInteger counter) {
        counter.set(0);
        return 0;
    }

    @Test
    void cancellingClosesTheConnection() {
        AtomicBoolean readerGone = new AtomicBoolean();
        node.sql(FOREVER, exchange -> {
            OutputStream out = exchange.stream();
            SqlExchange.lines(out, COLUMNS);
            readerGone.set(exchange.awaitReaderGone(out));
        });
        Collected<ChangeEvent> events =
                Collected.from(client.sql().changes(FOREVER)).request(5);
        Await.until("the columns are there", () -> events.items.size() == 1);
        events.cancel();
        Await.until("the server sees that the reader has gone", readerGone::get);
    }

    @Test
    void anErrorInTheMiddleEndsTheStream() {
        node.sql(
                FOREVER,
                exchange -> SqlExchange.lines(
                        exchange.stream(),
                        COLUMNS,
                        "{\"ok\":false,\"error\":\"input_deleted\",\"message\":\"Topic 'orders' was deleted\"}",
                        "{\"changes\":[]}"));
        Collected<ChangeEvent> events =
                Collected.from(client.sql().changes(FOREVER)).request(10);
        Await.until("the stream ends", events::hasEnded);
        assertThat(events.items).hasSize(1);
        assertThat(events.failure)
                .isInstanceOfSatisfying(
                        MillraceException.class,
                        error -> assertThat(error.code()).isEqualTo("input_deleted"));
    }

    @Test
    void aLineThatIsNotOursEndsTheStream() {
        node.sql(
                FOREVER,
                exchange -> SqlExchange.lines(exchange.stream(), COLUMNS, "{\"changes\":[{\"weight\":\"1\"}]}"));
        Collected<ChangeEvent> events =
                Collected.from(client.sql().changes(FOREVER)).request(10);
        Await.until("the stream ends", events::hasEnded);
        assertThat(events.failure)
                .isInstanceOfSatisfying(
                        MillraceException.class,
                        error -> assertThat(error.code()).isEqualTo(MillraceException.UNEXPECTED_ANSWER));
    }

    @Test
    void aRefusedQueryIsAnErrorOfTheStream() {
        Collected<ChangeEvent> events = Collected.from(client.sql().changes("SELECT nonsense"));
        events.request(1);
        Await.until("the stream ends", events::hasEnded);
        assertThat(events.failure)
                .isInstanceOfSatisfying(
                        MillraceException.class,
                        error -> assertThat(error.code()).isEqualTo("syntax_error"));
    }

    @Test
    void losingTheNodeIsAnErrorOfTheStream() {
        node.sql(FOREVER, exchange -> exchange.brokenStream(COLUMNS));
        Collected<ChangeEvent> events =
                Collected.from(client.sql().changes(FOREVER)).request(10);
        Await.until("the stream ends", events::hasEnded);
        assertThat(events.failure)
                .isInstanceOfSatisfying(
                        MillraceException.class,
                        error -> assertThat(error.code()).isEqualTo(MillraceException.OUTCOME_UNKNOWN));
    }

    @Test
    void requestingNothingIsAnErrorOfTheStream() {
        node.sql(FOREVER, exchange -> SqlExchange.lines(exchange.stream(), COLUMNS));
        Collected<ChangeEvent> events = Collected.from(client.sql().changes(FOREVER));
        events.request(0);
        Await.until("the stream ends", events::hasEnded);
        assertThat(events.failure).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "SELECT 1, true",
        "'  select 1;', true",
        "WITH x AS (SELECT 1) SELECT * FROM x, true",
        "SHOW STREAMS, true",
        "INSERT INTO t VALUES (1), false",
        "SELECT 1; DROP STREAM s, false",
        "CREATE STREAM s AS SELECT 1, false",
        "-- hello, false"
    })
    void onlyStatementsThatReadAreRepeated(String sql, boolean reads) {
        assertThat(HttpSqlClient.onlyReads(sql)).isEqualTo(reads);
    }

    @Test
    void theCatalogueHoldsWhatSqlCanName() {
        node.catalog(
                "{\"ok\":true,\"streams\":[{\"name\":\"orders\",\"columns\":[{\"name\":\"n\",\"type\":\"BIGINT\"}]}],"
                        + "\"tables\":[{\"name\":\"users\",\"columns\":[]}],\"views\":[{\"name\":\"v\",\"kind\":\"MATERIALIZED_VIEW\"}]}");
        assertThat(client.catalog().relations())
                .extracting(relation -> relation.kind() + " " + relation.name())
                .containsExactly("stream orders", "table users", "materialized view v");
    }
}
