package io.millrace.faults.load;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// @param location of a redirect; empty for none
public record Answer(int status, String body, String location) {
    static final int OK = 200;
    static final int REDIRECT = 307;
    static final int UNKNOWN = 504;

    public boolean isOk() {
        return status == OK;
    }

    public Map<String, @Nullable Object> json() {
        return Json.object(body);
    }

    /// Status and error code, for people.
    public String code() {
        try {
            return status + " " + Json.text(json(), "error", "");
        } catch (IllegalArgumentException notJson) {
            return String.valueOf(status);
        }
    }
}
