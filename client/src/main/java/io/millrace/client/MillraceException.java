package io.millrace.client;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A request was refused, failed, or was not answered.
///
/// Refusals carry the server's stable [#code], its HTTP [#status] and its message. Failures that happened on
/// this side have status 0 and one of these codes:
///
/// | code | meaning |
/// |------|---------|
/// | `cannot_connect` | no node accepted a connection; nothing was sent |
/// | `invalid_certificate` | a file with certificates or a key cannot be used; nothing was sent |
/// | `outcome_unknown` | the connection broke or timed out after sending; the request may have been carried out |
/// | `unexpected_answer` | something answered that does not speak Millrace's protocol |
/// | `answer_too_large` | the answer exceeds the client's limit |
/// | `buffer_full` | the producer's memory is full and it was told to fail rather than wait |
/// | `closed` | the client, producer or consumer was closed |
/// | `interrupted` | the calling thread was interrupted |
public final class MillraceException extends RuntimeException {
    public static final String CANNOT_CONNECT = "cannot_connect";
    public static final String INVALID_CERTIFICATE = "invalid_certificate";
    public static final String OUTCOME_UNKNOWN = "outcome_unknown";
    public static final String UNEXPECTED_ANSWER = "unexpected_answer";
    public static final String ANSWER_TOO_LARGE = "answer_too_large";
    public static final String BUFFER_FULL = "buffer_full";
    public static final String CLOSED = "closed";
    public static final String INTERRUPTED = "interrupted";

    private static final long serialVersionUID = 1L;

    private final String code;
    private final int status;
    private final transient @Nullable Position position;
    private final @Nullable String hint;
    private final @Nullable String requestId;
    private final @Nullable Duration retryAfter;

    /// Every field as the server sent it; null where it sent none.
    public MillraceException(
            String code,
            int status,
            String message,
            @Nullable Position position,
            @Nullable String hint,
            @Nullable String requestId,
            @Nullable Duration retryAfter) {
        super(message);
        this.code = code;
        this.status = status;
        this.position = position;
        this.hint = hint;
        this.requestId = requestId;
        this.retryAfter = retryAfter;
    }

    /// A failure on this side; see the table of codes.
    public MillraceException(String code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.status = 0;
        this.position = null;
        this.hint = null;
        this.requestId = null;
        this.retryAfter = null;
    }

    /// The stable name of the error, for programs.
    public String code() {
        return code;
    }

    /// The HTTP status, or 0 when there was no answer.
    public int status() {
        return status;
    }

    /// Where in the SQL text the mistake is.
    public Optional<Position> position() {
        return Optional.ofNullable(position);
    }

    /// What to do about it.
    public Optional<String> hint() {
        return Optional.ofNullable(hint);
    }

    /// The id under which the server logged the request.
    public Optional<String> requestId() {
        return Optional.ofNullable(requestId);
    }

    /// How long the server asked to wait before the next attempt.
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }
}
