package io.millrace.client.transport;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// One request, before it is known which node answers it.
///
/// @param pathAndQuery already encoded
/// @param body null for requests without one
/// @param contentType of the body
/// @param repeatable doing it twice is the same as doing it once, so that it may be sent again when the outcome
///     is unknown
/// @param affinity requests with the same affinity go where the last one was redirected to; null for none
/// @param answerTimeout for one attempt, until the answer is there (until it begins, for streams)
/// @param retryFor how long to go on trying after failures that another attempt may cure
public record Call(
        String method,
        String pathAndQuery,
        byte @Nullable [] body,
        String contentType,
        String accept,
        boolean repeatable,
        @Nullable String affinity,
        @Nullable Duration answerTimeout,
        @Nullable Duration retryFor) {
    public static final String JSON = "application/json";

    public static Call get(String pathAndQuery) {
        return new Call("GET", pathAndQuery, null, "", JSON, true, null, null, null);
    }

    public static Call delete(String pathAndQuery) {
        return new Call("DELETE", pathAndQuery, null, "", JSON, true, null, null, null);
    }

    public static Call post(String pathAndQuery, String json) {
        return new Call(
                "POST", pathAndQuery, json.getBytes(StandardCharsets.UTF_8), JSON, JSON, false, null, null, null);
    }

    public Call withRepeatable(boolean value) {
        return new Call(method, pathAndQuery, body, contentType, accept, value, affinity, answerTimeout, retryFor);
    }

    public Call accepting(String types) {
        return new Call(method, pathAndQuery, body, contentType, types, repeatable, affinity, answerTimeout, retryFor);
    }

    public Call near(String place) {
        return new Call(method, pathAndQuery, body, contentType, accept, repeatable, place, answerTimeout, retryFor);
    }

    public Call within(Duration answer) {
        return new Call(method, pathAndQuery, body, contentType, accept, repeatable, affinity, answer, retryFor);
    }

    public Call retryingFor(Duration duration) {
        return new Call(method, pathAndQuery, body, contentType, accept, repeatable, affinity, answerTimeout, duration);
    }

    /// Percent-encodes one segment of a path or one query value.
    public static String encode(String text) {
        return java.net.URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
