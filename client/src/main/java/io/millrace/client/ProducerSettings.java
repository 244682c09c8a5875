package io.millrace.client;

import java.time.Duration;

/// How a producer batches and how long it tries.
///
/// @param batchBytesMax a batch is sent when it has this size …
/// @param linger … or when its first record is this old
/// @param bufferBytesMax memory for records that are not acknowledged
/// @param whenFull what [Producer#send] does when that memory is used up
/// @param deliveryTimeout how long a batch is retried
/// @param acknowledgement what "acknowledged" means
public record ProducerSettings(
        int batchBytesMax,
        Duration linger,
        long bufferBytesMax,
        WhenFull whenFull,
        Duration deliveryTimeout,
        Acknowledgement acknowledgement) {
    public static final ProducerSettings DEFAULT = new ProducerSettings(
            512 * 1024,
            Duration.ofMillis(2),
            64L * 1024 * 1024,
            WhenFull.BLOCK,
            Duration.ofMinutes(2),
            Acknowledgement.TOPIC_DEFAULT);

    public ProducerSettings {
        if (batchBytesMax < 1) {
            throw new IllegalArgumentException("batchBytesMax must be at least 1: " + batchBytesMax);
        }
        if (bufferBytesMax < batchBytesMax) {
            throw new IllegalArgumentException(
                    "bufferBytesMax (" + bufferBytesMax + ") must be at least batchBytesMax (" + batchBytesMax + ")");
        }
        if (linger.isNegative() || deliveryTimeout.isNegative()) {
            throw new IllegalArgumentException("linger and deliveryTimeout must not be negative");
        }
    }

    /// What [Producer#send] does while the memory is used up.
    public enum WhenFull {
        BLOCK,
        FAIL
    }

    /// When the server answers.
    public enum Acknowledgement {
        TOPIC_DEFAULT(""),
        QUORUM("quorum"),
        ALL("all"),
        LEADER("leader"),
        NONE("none");

        private final String word;

        Acknowledgement(String word) {
            this.word = word;
        }

        /// The value of the `ack` parameter, or nothing for the default.
        public String word() {
            return word;
        }
    }

    public ProducerSettings withLinger(Duration value) {
        return new ProducerSettings(batchBytesMax, value, bufferBytesMax, whenFull, deliveryTimeout, acknowledgement);
    }

    public ProducerSettings withBatchBytesMax(int value) {
        return new ProducerSettings(value, linger, bufferBytesMax, whenFull, deliveryTimeout, acknowledgement);
    }

    public ProducerSettings withBuffer(long bytesMax, WhenFull behaviour) {
        return new ProducerSettings(batchBytesMax, linger, bytesMax, behaviour, deliveryTimeout, acknowledgement);
    }

    public ProducerSettings withDeliveryTimeout(Duration value) {
        return new ProducerSettings(batchBytesMax, linger, bufferBytesMax, whenFull, value, acknowledgement);
    }

    public ProducerSettings withAcknowledgement(Acknowledgement value) {
        return new ProducerSettings(batchBytesMax, linger, bufferBytesMax, whenFull, deliveryTimeout, value);
    }
}
