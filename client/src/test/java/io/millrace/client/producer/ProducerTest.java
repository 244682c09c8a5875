package io.millrace.client.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import io.millrace.client.NewRecord;
import io.millrace.client.Producer;
import io.millrace.client.ProducerSettings;
import io.millrace.client.ProducerSettings.WhenFull;
import io.millrace.client.RecordMetadata;
import io.millrace.client.fake.FakeNode;
import io.millrace.client.fake.FakeNode.Fault;
import io.millrace.client.fake.FakeNode.Stored;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProducerTest {
    private FakeNode node;
    private MillraceClient client;

    @BeforeEach
    void start() throws IOException {
        node = new FakeNode();
        node.createTopic("orders", 4);
        client = MillraceClient.connect(node.uri());
    }

    @AfterEach
    void stop() {
        client.close();
        node.close();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void everyRecordIsStoredOnceAndInOrderWhateverGetsLost(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
        try (Producer producer = client.producer(ProducerSettings.DEFAULT.withBatchBytesMax(2_000))) {
            for (int i = 0; i < 600; i++) {
                if (random.nextInt(20) == 0) {
                    node.fail(
                            switch (random.nextInt(4)) {
                                case 0 -> new Fault.LoseAnswer();
                                case 1 -> new Fault.TimeOut();
                                case 2 -> new Fault.Refuse(503, "no_leader", Map.of());
                                default -> new Fault.Pass();
                            });
                }
                sent.add(producer.send(NewRecord.of("orders", "key" + random.nextInt(10), "value" + i)));
            }
            producer.flush();
        }
        Map<String, Stored> stored = new HashMap<>();
        Map<String, Integer> lastOfKey = new HashMap<>();
        for (Stored one : node.records("orders")) {
            String value = text(one.value());
            assertThat(stored.put(value, one))
                    .as("seed %d: %s is stored twice", seed, value)
                    .isNull();
            int number = Integer.parseInt(value.substring(5));
            String key = text(java.util.Objects.requireNonNull(one.key()));
            assertThat(number).as("seed %d: order of %s", seed, key).isGreaterThan(lastOfKey.getOrDefault(key, -1));
            lastOfKey.put(key, number);
        }
        assertThat(stored).as("seed %d", seed).hasSize(600);
        for (int i = 0; i < sent.size(); i++) {
            RecordMetadata metadata = sent.get(i).join();
            Stored one = java.util.Objects.requireNonNull(stored.get("value" + i));
            assertThat(metadata.partition()).as("seed %d", seed).isEqualTo(one.partition());
            assertThat(metadata.offset()).as("seed %d", seed).isEqualTo(one.offset());
        }
    }

    @Test
    void keysGoWhereTheContractSays() {
        try (Producer producer = client.producer(ProducerSettings.DEFAULT)) {
            // FNV-1a 64 of "a" is af63dc4c8601ec8c, of "foobar" 85944171f73967e8
            assertThat(producer.send(NewRecord.of("orders", "a", "x")).join().partition())
                    .isEqualTo((int) Long.remainderUnsigned(0xaf63dc4c8601ec8cL, 4));
            assertThat(producer.send(NewRecord.of("orders", "foobar", "x"))
                            .join()
                            .partition())
                    .isEqualTo((int) Long.remainderUnsigned(0x85944171f73967e8L, 4));
        }
    }

    @Test
    void plainTextGoesAsNdjsonAndComesBackAsItWas() {
        List<String> values =
                List.of("{\"n\":1}", "[1]", "\"quoted\"", "two\nlines", "", " ", "12", "é😀", "{broken\r}");
        try (Producer producer = client.producer(ProducerSettings.DEFAULT.withLinger(Duration.ofSeconds(5)))) {
            values.forEach(value -> producer.send(NewRecord.of("orders", value).inPartition(2)));
        }
        assertThat(node.records("orders")).extracting(one -> text(one.value())).containsExactlyElementsOf(values);
        assertThat(node.requests("/broker/topics/orders/produce-ndjson")).hasSize(1);
        assertThat(node.requests("/broker/topics/orders/produce-batch")).isEmpty();
    }

    @Test
    void binaryKeysHeadersAndTimesSurvive() {
        byte[] value = {(byte) 0xff, 0, (byte) 0xfe, 10};
        byte[] key = {(byte) 0xc3, 0x28};
        NewRecord content = new NewRecord(
                "orders", OptionalInt.of(1), Optional.of(key), value, Map.of("trace", "7"), OptionalLong.of(1234));
        try (Producer producer = client.producer(ProducerSettings.DEFAULT)) {
            assertThat(producer.send(content).join().synced()).isTrue();
        }
        Stored stored = node.records("orders").getFirst();
        assertThat(stored.value()).isEqualTo(value);
        assertThat(stored.key()).isEqualTo(key);
        assertThat(stored.headers()).isEqualTo(Map.of("trace", "7"));
        assertThat(stored.timestampMs()).isEqualTo(1234);
    }

    @Test
    void recordsWaitForEachOtherInABatch() {
        try (Producer producer = client.producer(ProducerSettings.DEFAULT.withLinger(Duration.ofMinutes(1)))) {
            for (int i = 0; i < 100; i++) {
                producer.send(NewRecord.of("orders", "{\"i\":" + i + "}"));
            }
            assertThat(node.requests("/broker/topics/orders/produce-ndjson")).isEmpty();
            producer.flush();
            assertThat(node.requests("/broker/topics/orders/produce-ndjson")).hasSize(1);
        }
        assertThat(node.records("orders")).hasSize(100);
    }

    @Test
    void aRecordThatFillsTheBatchDoesNotWait() {
        ProducerSettings settings =
                ProducerSettings.DEFAULT.withLinger(Duration.ofMinutes(10)).withBatchBytesMax(1_000);
        try (Producer producer = client.producer(settings)) {
            RecordMetadata metadata =
                    producer.send(NewRecord.of("orders", "x".repeat(2_000))).join();
            assertThat(metadata.offset()).isZero();
        }
    }

    @Test
    void aFullBufferFailsWhenAskedTo() {
        ProducerSettings settings = ProducerSettings.DEFAULT
                .withBatchBytesMax(1_000)
                .withBuffer(1_000, WhenFull.FAIL)
                .withLinger(Duration.ofMinutes(1));
        try (Producer producer = client.producer(settings)) {
            NewRecord half = NewRecord.of("orders", "x".repeat(500 - 64));
            assertThat(half.sizeBytes()).isEqualTo(500);
            producer.send(half);
            NewRecord tooMuch = NewRecord.of("orders", "x".repeat(501 - 64));
            assertThatThrownBy(() -> producer.send(tooMuch))
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            error -> assertThat(error.code()).isEqualTo(MillraceException.BUFFER_FULL));
            producer.flush();
            assertThat(producer.send(tooMuch)).isNotNull();
        }
        assertThat(node.records("orders")).hasSize(2);
    }

    @Test
    void aFullBufferMakesTheSenderWaitUntilThereIsRoom() {
        ProducerSettings settings = ProducerSettings.DEFAULT
                .withBatchBytesMax(1_000)
                .withBuffer(2_000, WhenFull.BLOCK)
                .withLinger(Duration.ofMinutes(10));
        try (Producer producer = client.producer(settings)) {
            for (int i = 0; i < 200; i++) {
                producer.send(NewRecord.of("orders", "x".repeat(300)));
            }
        }
        assertThat(node.records("orders")).hasSize(200);
    }

    @Test
    void aRefusedBatchFailsItsRecordsAndNoOthers() {
        try (Producer producer = client.producer(ProducerSettings.DEFAULT)) {
            CompletableFuture<RecordMetadata> refused =
                    producer.send(NewRecord.of("orders", "x").inPartition(99));
            producer.flush();
            CompletableFuture<RecordMetadata> stored = producer.send(NewRecord.of("orders", "y"));
            assertThat(stored.join().offset()).isZero();
            assertThatThrownBy(refused::join)
                    .isInstanceOf(CompletionException.class)
                    .cause()
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            error -> assertThat(error.code()).isEqualTo("unknown_partition"));
        }
    }

    @Test
    void aTopicThatDoesNotExistIsMadeByTheServerOrRefused() {
        try (Producer producer = client.producer(ProducerSettings.DEFAULT)) {
            assertThat(producer.send(NewRecord.of("fresh", "k", "v")).join().offset())
                    .isZero();
            node.autoCreate(false);
            assertThatThrownBy(() -> producer.send(NewRecord.of("missing", "v")).join())
                    .hasRootCauseInstanceOf(MillraceException.class)
                    .hasMessageContaining("does not exist");
        }
    }

    @Test
    void deliveryIsGivenUpInTime() {
        for (int i = 0; i < 200; i++) {
            node.fail(new Fault.Refuse(503, "no_leader", Map.of()));
        }
        ProducerSettings settings = ProducerSettings.DEFAULT.withDeliveryTimeout(Duration.ofMillis(300));
        try (Producer producer = client.producer(settings)) {
            assertThatThrownBy(() -> producer.send(NewRecord.of("orders", "x")).join())
                    .cause()
                    .isInstanceOfSatisfying(
                            MillraceException.class,
                            error -> assertThat(error.code()).isEqualTo("no_leader"));
        }
        assertThat(node.records("orders")).isEmpty();
    }

    @Test
    void closingSendsWhatWaitsAndThenRefuses() {
        Producer producer = client.producer(ProducerSettings.DEFAULT.withLinger(Duration.ofMinutes(10)));
        CompletableFuture<RecordMetadata> sent = producer.send(NewRecord.of("orders", "last"));
        producer.close();
        assertThat(sent.join().offset()).isZero();
        assertThatThrownBy(() -> producer.send(NewRecord.of("orders", "late")))
                .isInstanceOfSatisfying(
                        MillraceException.class,
                        error -> assertThat(error.code()).isEqualTo(MillraceException.CLOSED));
    }
}
