package io.millrace.client.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.client.Consumer;
import io.millrace.client.ConsumerSettings;
import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import io.millrace.client.NewRecord;
import io.millrace.client.Producer;
import io.millrace.client.ProducerSettings;
import io.millrace.client.ReceivedRecord;
import io.millrace.client.TailStart;
import io.millrace.client.fake.Await;
import io.millrace.client.fake.Collected;
import io.millrace.client.fake.FakeNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConsumerTest {
    private static final Duration LONG = Duration.ofSeconds(10);
    // not the common pool: the JDK's HTTP client needs its threads, of which there may be one
    private static final Executor OWN_THREAD = Thread::startVirtualThread;

    private FakeNode node;
    private MillraceClient client;
    private Producer producer;

    @BeforeEach
    void start() throws IOException {
        node = new FakeNode();
        node.createTopic("orders", 2);
        client = MillraceClient.connect(node.uri());
        producer = client.producer(ProducerSettings.DEFAULT);
    }

    @AfterEach
    void stop() {
        producer.close();
        client.close();
        node.close();
    }

    private void produce(int partition, String... values) {
        for (String value : values) {
            producer.send(NewRecord.of("orders", "k", value).inPartition(partition));
        }
        producer.flush();
    }

    private static List<String> take(Consumer consumer, int count) {
        List<String> values = new ArrayList<>();
        while (values.size() < count) {
            List<ReceivedRecord> records = consumer.poll(LONG);
            assertThat(records).as("after %s", values).isNotEmpty();
            records.forEach(one -> values.add(one.text()));
        }
        return values;
    }

    @Test
    void everyPartitionIsReadFromTheBeginning() {
        produce(0, "a", "b");
        produce(1, "c");
        try (Consumer consumer = client.consumer(ConsumerSettings.group("orders", "g"))) {
            assertThat(consumer.partitions()).containsExactly(0, 1);
            assertThat(take(consumer, 3))
                    .containsExactlyInAnyOrder("a", "b", "c")
                    .containsSubsequence("a", "b");
            assertThat(consumer.positions()).containsEntry(0, 2L);
        }
    }

    @Test
    void readingResumesAfterWhatWasCommitted() {
        produce(0, "a", "b", "c");
        ConsumerSettings settings = ConsumerSettings.group("orders", "g").onPartitions(List.of(0));
        try (Consumer consumer = client.consumer(settings.withRecordsMax(2))) {
            assertThat(take(consumer, 2)).containsExactly("a", "b");
            consumer.commit();
        }
        assertThat(node.committed("orders")).isEqualTo(Map.of("g/0", 1L));
        try (Consumer consumer = client.consumer(settings)) {
            assertThat(take(consumer, 1)).containsExactly("c");
        }
        try (Consumer consumer = client.consumer(settings)) {
            assertThat(take(consumer, 1)).as("not committed, so read again").containsExactly("c");
        }
    }

    @Test
    void aWaitingPollIsAnsweredAsSoonAsARecordComes() {
        try (Consumer consumer = client.consumer(ConsumerSettings.group("orders", "g"))) {
            CompletableFuture<List<String>> waiting =
                    CompletableFuture.supplyAsync(() -> take(consumer, 1), OWN_THREAD);
            Await.until(
                    "both partitions are asked",
                    () -> node.requests("/broker/consume/orders/g").size() >= 2);
            produce(1, "now");
            assertThat(waiting.join()).containsExactly("now");
        }
    }

    @Test
    void aPollWithoutRecordsIsEmpty() {
        try (Consumer consumer = client.consumer(ConsumerSettings.group("orders", "g"))) {
            assertThat(consumer.poll(Duration.ZERO)).isEmpty();
            assertThat(consumer.poll(Duration.ofMillis(30))).isEmpty();
        }
    }

    @Test
    void aNewGroupCanBeginAtTheEnd() {
        produce(0, "old");
        ConsumerSettings settings = ConsumerSettings.group("orders", "g")
                .onPartitions(List.of(0))
                .startingAt(ConsumerSettings.StartAt.LATEST);
        try (Consumer consumer = client.consumer(settings)) {
            assertThat(consumer.poll(Duration.ofMillis(300))).isEmpty();
            produce(0, "new");
            assertThat(take(consumer, 1)).containsExactly("new");
        }
    }

    @Test
    void seekingReadsFromThere() {
        produce(0, "a", "b", "c");
        try (Consumer consumer =
                client.consumer(ConsumerSettings.group("orders", "g").onPartitions(List.of(0)))) {
            assertThat(take(consumer, 3)).hasSize(3);
            consumer.seek(0, 1);
            assertThat(take(consumer, 2)).containsExactly("b", "c");
            assertThatThrownBy(() -> consumer.seek(7, 0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> consumer.seek(0, -1)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void closingEndsAWaitingPoll() {
        Consumer consumer = client.consumer(ConsumerSettings.group("orders", "g"));
        CompletableFuture<List<ReceivedRecord>> waiting =
                CompletableFuture.supplyAsync(() -> consumer.poll(LONG), OWN_THREAD);
        Await.until("the poll waits", () -> !node.requests("/broker/consume/").isEmpty());
        consumer.close();
        assertThatThrownBy(waiting::join)
                .cause()
                .isInstanceOfSatisfying(
                        MillraceException.class,
                        error -> assertThat(error.code()).isEqualTo(MillraceException.CLOSED));
    }

    @Test
    void aMissingTopicIsAnErrorAtOnce() {
        assertThatThrownBy(() -> client.consumer(ConsumerSettings.group("missing", "g")))
                .isInstanceOfSatisfying(
                        MillraceException.class,
                        error -> assertThat(error.status()).isEqualTo(404));
    }

    @Test
    void aTailBringsWhatIsThereAndWhatComes() {
        produce(0, "a", "b");
        Collected<ReceivedRecord> tail = Collected.from(client.tail("orders", new TailStart.Last(1)));
        tail.request(Long.MAX_VALUE);
        Await.until("the last record is there", () -> tail.items.size() == 1);
        produce(1, "c");
        Await.until("the new one too", () -> tail.items.size() == 2);
        tail.cancel();
        assertThat(tail.items).extracting(ReceivedRecord::text).containsExactly("b", "c");
        assertThat(tail.items.getFirst().keyText()).contains("k");
        assertThat(tail.items.getFirst().offset()).isEqualTo(1);
    }

    @Test
    void placesToBeginAreReadAsPeopleTypeThem() {
        assertThat(TailStart.parse("start")).isEqualTo(new TailStart.Start());
        assertThat(TailStart.parse("end")).isEqualTo(new TailStart.End());
        assertThat(TailStart.parse("-10").parameter()).isEqualTo("-10");
        assertThat(TailStart.parse("@2026-01-01T00:00:00Z").parameter()).isEqualTo("@2026-01-01T00:00:00Z");
        assertThat(TailStart.parse("@0").parameter()).isEqualTo("@1970-01-01T00:00:00Z");
        for (String wrong : List.of("", "-0", "-x", "@yesterday", "7")) {
            assertThatThrownBy(() -> TailStart.parse(wrong)).as(wrong).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
