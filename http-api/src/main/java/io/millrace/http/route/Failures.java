package io.millrace.http.route;

import io.millrace.http.json.JsonBuffer;
import io.millrace.log.CorruptLogException;
import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.query.SqlException;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.MembershipOutcome;
import io.millrace.replication.NotHeardException;
import io.millrace.replication.NotLeaderException;
import io.millrace.replication.OutcomeUnknownException;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.ReplicationException;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.UnknownPartitionException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What happened becomes status, code and message; here and nowhere else.
public final class Failures {
    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    /// Statuses of SQL codes that are not the statement's fault or have one of their own; all others are 400.
    private static final Map<String, Integer> SQL_STATUSES = Map.ofEntries(
            Map.entry("unknown_query", 404),
            Map.entry("too_many_queries", 429),
            Map.entry("shutting_down", 503),
            Map.entry("frontier_not_reached", 504),
            Map.entry("corrupt_log", 500),
            Map.entry("internal_error", 500),
            Map.entry("io_error", 500),
            Map.entry("out_of_memory", 503),
            Map.entry("query_cancelled", 409),
            Map.entry("query_is_owned", 409),
            Map.entry("query_busy", 409),
            Map.entry("already_exists", 409),
            Map.entry("input_deleted", 410),
            Map.entry("result_too_large", 413),
            Map.entry("write_failed", 503),
            Map.entry("no_leader", 503),
            Map.entry("not_ready", 503),
            Map.entry("overloaded", 503),
            Map.entry("disk_full", 507),
            Map.entry("outcome_unknown", 504),
            Map.entry("fenced", 409));

    /// Field with the id of the leader.
    public static final String LEADER = "leader";

    private Failures() {}

    /// What is answered about a topic that [ReplicatedLog#topic] does not find. That it does not exist is only said
    /// when that is so.
    public static HttpFailure notFound(ReplicatedLog log, String topic) {
        return log.exists(topic)
                ? new HttpFailure(
                        ErrorCode.NOT_READY,
                        "Topic '" + topic
                                + "' exists, but this node has not heard of all its partitions yet. Nothing has happened; try again.")
                : unknownTopic(topic, log.topics().stream().map(Topic::name).toList());
    }

    /// It cannot be told yet what there is.
    public static HttpFailure notHeard(NotHeardException unheard) {
        return new HttpFailure(
                ErrorCode.NOT_READY,
                "This node cannot answer yet: " + unheard.getMessage()
                        + ". Nothing has happened; try again, or ask another node.");
    }

    public static HttpFailure unknownTopic(String topic, Collection<String> topics) {
        return new HttpFailure(
                ErrorCode.UNKNOWN_TOPIC,
                "Topic '" + topic + "' does not exist." + Suggestions.didYouMean(topic, topics));
    }

    public static HttpFailure unknownPartition(String topic, long partition, int partitions) {
        return new HttpFailure(
                        ErrorCode.UNKNOWN_PARTITION,
                        "Topic '%s' has partitions 0 to %d, not %d.".formatted(topic, partitions - 1, partition))
                .with("partitions", partitions);
    }

    /// @param offset −1 when it is not known
    public static HttpFailure outOfRange(long offset, long earliest, long next) {
        boolean deleted = offset < earliest;
        return new HttpFailure(
                        deleted ? 410 : 416,
                        ErrorCode.OFFSET_OUT_OF_RANGE.code(),
                        (deleted
                                        ? "Offset %d has been deleted; the first record is %d and the next one will be %d."
                                        : "Offset %d does not exist yet; the first record is %d and the next one will be %d.")
                                .formatted(offset, earliest, next))
                .with("earliest_offset", earliest)
                .with("next_offset", next);
    }

    /// The error for an append that was decided otherwise than the client hoped; null for the good outcomes.
    public static @Nullable HttpFailure of(AppendOutcome outcome, String topic, int partition) {
        return switch (outcome) {
            case AppendOutcome.Appended appended -> null;
            case AppendOutcome.Accepted accepted -> null;
            case AppendOutcome.Duplicate duplicate -> null;
            case AppendOutcome.IdempotencyConflict conflict ->
                new HttpFailure(
                        ErrorCode.IDEMPOTENCY_CONFLICT,
                        "This idempotency key came before with another body. Use a new key for a new record.");
            case AppendOutcome.OffsetMismatch(long expected, long next) ->
                new HttpFailure(
                                ErrorCode.OFFSET_MISMATCH,
                                "The record was to get offset %d, but partition %d of '%s' goes on at %d."
                                        .formatted(expected, partition, topic, next))
                        .with("expected_offset", expected)
                        .with("next_offset", next);
            case AppendOutcome.Fenced(long generation) ->
                new HttpFailure(
                        ErrorCode.FENCED,
                        "Topic '%s' is written by generation %d of a query.".formatted(topic, generation));
            case AppendOutcome.UnknownTopic unknown ->
                new HttpFailure(ErrorCode.UNKNOWN_TOPIC, "Topic '" + topic + "' does not exist (any more).");
            case AppendOutcome.UnknownPartition(int partitions) -> unknownPartition(topic, partition, partitions);
            case AppendOutcome.NotLeader(String leader) -> notLeader(leader);
            case AppendOutcome.Overloaded overloaded -> overloaded();
            case AppendOutcome.DiskFull full ->
                new HttpFailure(
                        ErrorCode.DISK_FULL,
                        "The disk is nearly full; writes are refused until space is freed (delete topics, lower retention, add disk).");
            case AppendOutcome.TooLarge(int limit) -> tooLarge(limit);
        };
    }

    /// Another node decides; where it is, the server adds.
    ///
    /// @param leader node id; null while nobody leads
    public static HttpFailure notLeader(@Nullable String leader) {
        return leader == null
                ? new HttpFailure(
                        ErrorCode.NO_LEADER,
                        "No node leads at the moment; an election takes a second or two. Try again.")
                : new HttpFailure(ErrorCode.NOT_LEADER, "Node " + leader + " leads, not this one.")
                        .with(LEADER, leader);
    }

    /// Adds what every error has to the answer of `/ready`, which has more.
    public static JsonBuffer notReady(JsonBuffer json, List<String> problems, String requestId) {
        json.ascii(",\"error\":").string(ErrorCode.NOT_READY.code());
        json.ascii(",\"message\":").string("The node is not ready: " + String.join("; ", problems) + ".");
        json.ascii(",\"docs\":").string("/docs/errors#" + ErrorCode.NOT_READY.code());
        return json.ascii(",\"request_id\":").string(requestId);
    }

    /// The error for a change of membership that was decided otherwise; null when it is done.
    public static @Nullable HttpFailure of(MembershipOutcome outcome) {
        return switch (outcome) {
            case MembershipOutcome.Done done -> null;
            case MembershipOutcome.NotLeader(String leader) -> notLeader(leader);
            case MembershipOutcome.Refused(String message) -> new HttpFailure(ErrorCode.REFUSED, message + ".");
            case MembershipOutcome.Busy(String message) ->
                new HttpFailure(ErrorCode.CHANGE_IN_PROGRESS, message + ". Try again when it is done.")
                        .withHeader("Retry-After", "1");
            case MembershipOutcome.Failed(String message) ->
                new HttpFailure(ErrorCode.CHANGE_FAILED, message + ". The cluster is as it was before.");
        };
    }

    public static HttpFailure tooLarge(long limitBytes) {
        return new HttpFailure(
                        ErrorCode.RECORD_TOO_LARGE,
                        "A record, or the records that must stay together, may have about %d bytes."
                                .formatted(limitBytes))
                .with("limit_bytes", limitBytes);
    }

    public static HttpFailure overloaded() {
        return new HttpFailure(
                ErrorCode.OVERLOADED, "Too many bytes are waiting to be written. Nothing has happened; try again.");
    }

    /// The error for a change of topics that was decided otherwise; null when it is done.
    public static @Nullable HttpFailure of(TopicOutcome outcome, String topic, Collection<String> topics) {
        return switch (outcome) {
            case TopicOutcome.Done done -> null;
            case TopicOutcome.AlreadyExists(var existing) ->
                new HttpFailure(
                                ErrorCode.TOPIC_EXISTS,
                                "Topic '%s' exists with other settings (%d partitions, cleanup %s, kept for %s, %s)."
                                        .formatted(
                                                topic,
                                                existing.partitions(),
                                                existing.settings()
                                                        .cleanup()
                                                        .name()
                                                        .toLowerCase(java.util.Locale.ROOT),
                                                keptFor(existing.settings()
                                                        .retention()
                                                        .ageMsMax()),
                                                keptBytes(existing.settings()
                                                        .retention()
                                                        .bytesMax())))
                        .with("partitions", existing.partitions());
            case TopicOutcome.Unknown unknown -> unknownTopic(topic, topics);
            case TopicOutcome.OutOfRange(long earliest, long next) ->
                new HttpFailure(
                                ErrorCode.OFFSET_OUT_OF_RANGE,
                                "The offset is beyond the end; the partition holds %d to %d (excluded)."
                                        .formatted(earliest, next))
                        .with("earliest_offset", earliest)
                        .with("next_offset", next);
            case TopicOutcome.Refused(String reason) -> new HttpFailure(ErrorCode.REFUSED, reason + ".");
        };
    }

    private static String keptFor(long ageMsMax) {
        return ageMsMax < 0 ? "ever" : ageMsMax + " ms";
    }

    private static String keptBytes(long bytesMax) {
        return bytesMax < 0 ? "any size" : "at most " + bytesMax + " bytes";
    }

    /// Anything that was thrown.
    public static HttpFailure of(Throwable thrown, String requestId) {
        Throwable cause = thrown;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return switch (cause) {
            case HttpFailure failure -> failure;
            case SqlException sql -> of(sql);
            case OutcomeUnknownException unknown ->
                new HttpFailure(
                        ErrorCode.OUTCOME_UNKNOWN,
                        "Nobody can tell whether the write happened (" + unknown.getMessage()
                                + "). The same idempotency_key finds out.");
            case UnknownPartitionException gone ->
                new HttpFailure(ErrorCode.UNKNOWN_TOPIC, "It was just deleted: " + gone.getMessage() + ".");
            case NotLeaderException elsewhere -> notLeader(elsewhere.leader());
            case NotHeardException unheard -> notHeard(unheard);
            case ReplicationException refused ->
                new HttpFailure(ErrorCode.WRITE_FAILED, "Nothing was written: " + refused.getMessage() + ".");
            case OffsetOutOfRangeException range ->
                new HttpFailure(410, ErrorCode.OFFSET_OUT_OF_RANGE.code(), range.getMessage() + ".")
                        .with("earliest_offset", range.earliestOffset())
                        .with("next_offset", range.nextOffset());
            case CorruptLogException corrupt -> {
                LOG.atError()
                        .setCause(corrupt)
                        .addKeyValue("requestId", requestId)
                        .log("stored records are corrupt");
                yield new HttpFailure(ErrorCode.INTERNAL_ERROR, corrupt.getMessage() + ".");
            }
            default -> {
                LOG.atError()
                        .setCause(cause)
                        .addKeyValue("requestId", requestId)
                        .log("request failed");
                yield new HttpFailure(
                        ErrorCode.INTERNAL_ERROR,
                        "Something broke inside the node; its log has the details under this request_id.");
            }
        };
    }

    private static HttpFailure of(SqlException sql) {
        HttpFailure failure = new HttpFailure(
                SQL_STATUSES.getOrDefault(sql.code(), 400), sql.code(), String.valueOf(sql.getMessage()));
        if (sql.line() > 0) {
            Map<String, Integer> position = new LinkedHashMap<>();
            position.put("line", sql.line());
            position.put("column", sql.column());
            failure.with("position", position);
        }
        if (sql.hint() != null) {
            failure.with("hint", sql.hint());
        }
        return failure;
    }
}
