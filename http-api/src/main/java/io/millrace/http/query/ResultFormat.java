package io.millrace.http.query;

import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How an answer is written.
enum ResultFormat {
    JSON(Exchange.JSON),
    NDJSON(Exchange.NDJSON),
    EVENTS(Exchange.EVENTS),
    CSV("text/csv; charset=utf-8"),
    /// Messages of a WebSocket; not chosen by `Accept`.
    MESSAGES(Exchange.JSON);

    private final String contentType;

    ResultFormat(String contentType) {
        this.contentType = contentType;
    }

    String contentType() {
        return contentType;
    }

    /// The first type of `Accept` that can be written; without a preference it depends on whether the answer
    /// ends.
    ///
    /// @throws HttpFailure `not_acceptable`
    static ResultFormat choose(@Nullable String accept, boolean continuous, ResultFormat standard) {
        if (accept == null || accept.isBlank()) {
            return standard;
        }
        for (String item : accept.split(",")) {
            String type = item.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
            switch (type) {
                case "*/*", "application/*" -> {
                    return standard;
                }
                case "application/json" -> {
                    if (!continuous) {
                        return JSON;
                    }
                }
                case Exchange.NDJSON -> {
                    return NDJSON;
                }
                case Exchange.EVENTS -> {
                    return EVENTS;
                }
                case "text/csv" -> {
                    return CSV;
                }
                default -> {} // somebody else's type
            }
        }
        throw new HttpFailure(
                ErrorCode.NOT_ACCEPTABLE,
                continuous
                        ? "This statement does not end: its changes come as application/x-ndjson, text/event-stream or text/csv."
                        : "Answers come as application/json, application/x-ndjson, text/event-stream or text/csv.");
    }
}
