package io.millrace.http.route;

import java.util.Locale;

/// Every error that a route can answer; each has an entry in `docs/errors.md`.
public enum ErrorCode {
    NOT_LEADER(307),
    MALFORMED_REQUEST(400),
    MALFORMED_URI(400),
    MALFORMED_JSON(400),
    MALFORMED_BODY(400),
    INVALID_PARAMETER(400),
    UNKNOWN_PARAMETER(400),
    TLS_REQUIRED(400),
    UNAUTHORIZED(401),
    FORBIDDEN(403),
    ORIGIN_NOT_ALLOWED(403),
    UNKNOWN_ROUTE(404),
    UNKNOWN_TOPIC(404),
    UNKNOWN_PARTITION(404),
    UNKNOWN_GROUP(404),
    UNKNOWN_QUERY(404),
    UNKNOWN_VIEW(404),
    UNKNOWN_DOCUMENT(404),
    UNKNOWN_COPY(404),
    METHOD_NOT_ALLOWED(405),
    NOT_ACCEPTABLE(406),
    REQUEST_TIMEOUT(408),
    TOPIC_EXISTS(409),
    IDEMPOTENCY_CONFLICT(409),
    OFFSET_MISMATCH(409),
    FENCED(409),
    CHANGE_IN_PROGRESS(409),
    /// 410 when the records were deleted, 416 when they do not exist yet
    OFFSET_OUT_OF_RANGE(416),
    BODY_TOO_LARGE(413),
    RECORD_TOO_LARGE(413),
    URI_TOO_LONG(414),
    UNSUPPORTED_MEDIA_TYPE(415),
    UNSUPPORTED_ENCODING(415),
    EXPECTATION_FAILED(417),
    INVALID_NAME(422),
    INVALID_VALUE(422),
    REFUSED(422),
    UPGRADE_REQUIRED(426),
    HEADERS_TOO_LARGE(431),
    INTERNAL_ERROR(500),
    NOT_IMPLEMENTED(501),
    NO_LEADER(503),
    NOT_READY(503),
    OVERLOADED(503),
    TOO_MANY_CONNECTIONS(503),
    SHUTTING_DOWN(503),
    WRITE_FAILED(503),
    CHANGE_FAILED(503),
    OUTCOME_UNKNOWN(504),
    PARTLY_WRITTEN(504),
    HTTP_VERSION_NOT_SUPPORTED(505),
    DISK_FULL(507);

    private final int status;
    private final String code = name().toLowerCase(Locale.ROOT);

    ErrorCode(int status) {
        this.status = status;
    }

    public int status() {
        return status;
    }

    /// As it stands in answers: `unknown_topic`.
    public String code() {
        return code;
    }
}
