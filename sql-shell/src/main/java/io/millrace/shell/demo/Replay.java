package io.millrace.shell.demo;

import io.millrace.client.NewRecord;
import io.millrace.client.Producer;
import io.millrace.client.RecordMetadata;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Sends flights in order, at a rate that can be changed while it runs.
final class Replay implements Runnable {
    static final String TOPIC = "flights";
    private static final long TICK_MS = 20;

    private final Producer producer;
    private final List<Flight> flights;
    private volatile int perSecond;
    private volatile boolean paused;
    private volatile int sent;
    private volatile boolean finished;
    private volatile @Nullable Throwable failure;
    // guarded by itself: partition to the offset after its last acknowledged record
    private final Map<Integer, Long> ends = new TreeMap<>();

    /// @param perSecond 0 for as fast as possible
    Replay(Producer producer, List<Flight> flights, int perSecond) {
        this.producer = producer;
        this.flights = flights;
        this.perSecond = perSecond;
    }

    @Override
    public void run() {
        try {
            double due = 0;
            long before = System.nanoTime();
            for (Flight flight : flights) {
                while (paused || perSecond > 0 && due < 1) {
                    if (paused || due < 1) {
                        producer.flush(); // before a pause, so that nothing lingers
                        Thread.sleep(TICK_MS);
                    }
                    long now = System.nanoTime();
                    if (!paused) {
                        due += (now - before) / 1e9 * perSecond;
                    }
                    before = now;
                }
                due -= 1;
                send(flight);
                if (failure != null) {
                    return;
                }
            }
            producer.flush();
            finished = true;
        } catch (InterruptedException stopped) {
            // the demo ends
        } catch (RuntimeException broken) {
            failure = broken;
        }
    }

    private void send(Flight flight) {
        CompletableFuture<RecordMetadata> acknowledged =
                producer.send(NewRecord.of(TOPIC, flight.origin(), flight.toJson()));
        sent++;
        acknowledged.whenComplete((metadata, broken) -> {
            if (broken != null) {
                failure = broken;
            } else {
                synchronized (ends) {
                    ends.merge(metadata.partition(), metadata.offset() + 1, Math::max);
                }
            }
        });
    }

    int sent() {
        return sent;
    }

    int total() {
        return flights.size();
    }

    boolean isFinished() {
        return finished;
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    String clock() {
        int at = Math.min(sent, flights.size()) - 1;
        return at < 0 ? "" : flights.get(at).timeText().substring(0, 16);
    }

    int perSecond() {
        return perSecond;
    }

    boolean isPaused() {
        return paused;
    }

    void togglePause() {
        paused = !paused;
    }

    void faster() {
        perSecond = perSecond == 0 ? 0 : Math.min(1_000_000, perSecond * 2);
    }

    void slower() {
        perSecond = perSecond == 0 ? 1_000 : Math.max(1, perSecond / 2);
    }

    /// Whether a frontier includes everything that was acknowledged.
    boolean isCoveredBy(List<Long> nextOffsets) {
        synchronized (ends) {
            return ends.entrySet().stream()
                    .allMatch(end ->
                            end.getKey() < nextOffsets.size() && nextOffsets.get(end.getKey()) >= end.getValue());
        }
    }

    /// Waits for the thread that runs this.
    static void join(Thread thread) throws InterruptedException {
        if (!thread.join(java.time.Duration.ofSeconds(TimeUnit.MINUTES.toSeconds(2)))) {
            throw new IllegalStateException("the replay did not stop");
        }
    }
}
