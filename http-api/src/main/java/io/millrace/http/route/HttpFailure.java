package io.millrace.http.route;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An error answer on its way out. No stack trace: it is an answer, not a fault.
public final class HttpFailure extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int status;
    private final String code;
    private final transient Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    private final transient Map<String, String> headers = new LinkedHashMap<>();

    public HttpFailure(ErrorCode code, String message) {
        this(code.status(), code.code(), message);
    }

    public HttpFailure(int status, String code, String message) {
        super(message, null, false, false);
        this.status = status;
        this.code = code;
        if (status == 503 || status == 429) {
            headers.put("Retry-After", "1");
        }
    }

    /// Adds a field to the error's JSON.
    public HttpFailure with(String field, @Nullable Object value) {
        fields.put(field, value);
        return this;
    }

    public HttpFailure withHeader(String name, String value) {
        headers.put(name, value);
        return this;
    }

    public int status() {
        return status;
    }

    public String code() {
        return code;
    }

    public String message() {
        return String.valueOf(getMessage());
    }

    public Map<String, @Nullable Object> fields() {
        return fields;
    }

    public Map<String, String> headers() {
        return headers;
    }
}
