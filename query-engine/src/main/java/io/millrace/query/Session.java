package io.millrace.query;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a client has set, and the values of its parameters.
///
/// @param parameters values of `?` and `$1`: null, Boolean, Long, java.math.BigDecimal, Double or String
/// @param settings changed by SET; shared by the statements of one request or shell session
/// @param waitFor answer only once these offsets are included
/// @param from resume a continuous query behind this frontier
public record Session(
        List<@Nullable Object> parameters,
        Map<String, String> settings,
        @Nullable Frontier waitFor,
        @Nullable Frontier from) {
    public static Session create() {
        return new Session(List.of(), new HashMap<>(), null, null);
    }
}
