package io.millrace.http.ingest;

import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Parameters;
import io.millrace.replication.AppendRequest.Acknowledgement;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a produce request asks for beside its records.
///
/// @param partition −1 when it is not given
/// @param timestampMs −1 for now
/// @param timeoutMs 0 for the node's own
/// @param expectOffset −1 for any
record ProduceOptions(
        int partition,
        @Nullable String key,
        @Nullable String keyField,
        @Nullable String idempotencyKey,
        long timestampMs,
        long timeoutMs,
        boolean timing,
        Acknowledgement acknowledgement,
        long expectOffset) {
    static final List<String> NAMES = List.of(
            "partition",
            "key",
            "idempotency_key",
            "timestamp_ms",
            "timeout_ms",
            "timing",
            "ack",
            "expect_offset",
            "forward");
    static final List<String> NDJSON_NAMES = java.util.stream.Stream.concat(
                    NAMES.stream(), java.util.stream.Stream.of("key_field"))
            .toList();
    static final int IDEMPOTENCY_KEY_MAX = 512;
    /// Of requests without parameters, by acknowledgement.
    private static final Map<Acknowledgement, ProduceOptions> NONE = none();

    private static Map<Acknowledgement, ProduceOptions> none() {
        Map<Acknowledgement, ProduceOptions> none = new EnumMap<>(Acknowledgement.class);
        for (Acknowledgement word : Acknowledgement.values()) {
            none.put(word, new ProduceOptions(-1, null, null, null, -1, 0, false, word, -1));
        }
        return none;
    }

    /// @param standard when a record is acknowledged unless the request says
    /// @throws HttpFailure `invalid_parameter` and its like
    static ProduceOptions of(Exchange exchange, Acknowledgement standard) {
        Parameters parameters = exchange.parameters();
        if (parameters == Parameters.NONE) {
            return Objects.requireNonNull(NONE.get(standard));
        }
        String idempotencyKey = parameters.text("idempotency_key");
        if (idempotencyKey != null && (idempotencyKey.isEmpty() || idempotencyKey.length() > IDEMPOTENCY_KEY_MAX)) {
            throw new HttpFailure(
                    ErrorCode.INVALID_PARAMETER,
                    "Parameter 'idempotency_key' must have 1 to " + IDEMPOTENCY_KEY_MAX + " characters, not "
                            + idempotencyKey.length() + ".");
        }
        if (parameters.text("key") != null && parameters.text("key_field") != null) {
            throw new HttpFailure(ErrorCode.INVALID_PARAMETER, "Give 'key' or 'key_field', not both.");
        }
        String keyField = parameters.text("key_field");
        if (keyField != null && keyField.isEmpty()) {
            throw new HttpFailure(
                    ErrorCode.INVALID_PARAMETER, "Parameter 'key_field' names a member, such as user.id.");
        }
        return new ProduceOptions(
                (int) parameters.integer("partition", 0, Integer.MAX_VALUE, -1),
                parameters.text("key"),
                keyField,
                idempotencyKey,
                parameters.integer("timestamp_ms", 0, Long.MAX_VALUE, -1),
                parameters.integer("timeout_ms", 1, 600_000, 0),
                parameters.flag("timing"),
                acknowledgement(parameters.text("ack"), standard),
                parameters.integer("expect_offset", 0, Long.MAX_VALUE, -1));
    }

    /// @throws HttpFailure `invalid_parameter`
    private static Acknowledgement acknowledgement(@Nullable String word, Acknowledgement standard) {
        return switch (word) {
            case null -> standard;
            case "quorum" -> Acknowledgement.QUORUM;
            case "all" -> Acknowledgement.ALL;
            case "leader" -> Acknowledgement.LEADER;
            case "none" -> Acknowledgement.NONE;
            default ->
                throw new HttpFailure(
                        ErrorCode.INVALID_PARAMETER,
                        "Parameter 'ack' must be quorum, all, leader or none, not '" + word + "'.");
        };
    }

    long timestampNow() {
        return timestampMs >= 0 ? timestampMs : System.currentTimeMillis();
    }
}
