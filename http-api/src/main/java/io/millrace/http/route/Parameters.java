package io.millrace.http.route;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The parameters of a query string, decoded. A name that comes twice is an error.
public final class Parameters {
    public static final Parameters NONE = new Parameters();

    /// Among a route's parameters: other names are allowed too, and the handler knows what they mean.
    public static final String ANY = "*";

    private static final int COUNT_MAX = 64;

    private final List<String> names = new ArrayList<>(4);
    private final List<String> values = new ArrayList<>(4);

    private Parameters() {}

    /// Parses what follows the `?` at `start - 1`.
    ///
    /// @throws HttpFailure `malformed_uri`, `invalid_parameter`
    public static Parameters parse(String uri, int start) {
        Parameters parameters = new Parameters();
        int at = start;
        while (at < uri.length()) {
            int end = uri.indexOf('&', at);
            end = end < 0 ? uri.length() : end;
            if (end > at) {
                int equals = uri.indexOf('=', at);
                boolean bare = equals < 0 || equals > end;
                String name = Percent.decode(uri, at, bare ? end : equals, true);
                String value = bare ? "" : Percent.decode(uri, equals + 1, end, true);
                if (parameters.names.contains(name)) {
                    throw new HttpFailure(
                            ErrorCode.INVALID_PARAMETER, "Parameter '" + name + "' is given twice. Give it once.");
                }
                if (parameters.names.size() == COUNT_MAX) {
                    throw new HttpFailure(
                            ErrorCode.INVALID_PARAMETER, "At most " + COUNT_MAX + " parameters are allowed.");
                }
                parameters.names.add(name);
                parameters.values.add(value);
            }
            at = end + 1;
        }
        return parameters;
    }

    /// @throws HttpFailure `unknown_parameter`: a name is not among `known`
    public void check(List<String> known) {
        if (known.contains(ANY)) {
            return;
        }
        for (String name : names) {
            if (!known.contains(name)) {
                throw new HttpFailure(
                        ErrorCode.UNKNOWN_PARAMETER,
                        "There is no parameter '" + name + "' here." + Suggestions.didYouMean(name, known) + " Known: "
                                + (known.isEmpty() ? "none" : String.join(", ", known)) + ".");
            }
        }
    }

    public List<String> names() {
        return List.copyOf(names);
    }

    public @Nullable String text(String name) {
        for (int i = 0; i < names.size(); i++) {
            if (names.get(i).equals(name)) {
                return values.get(i);
            }
        }
        return null;
    }

    public String text(String name, String absent) {
        String value = text(name);
        return value == null ? absent : value;
    }

    /// A whole number within bounds (both included), `absent` when it is not given.
    ///
    /// @throws HttpFailure `invalid_parameter`
    public long integer(String name, long min, long max, long absent) {
        String value = text(name);
        if (value == null) {
            return absent;
        }
        long number;
        try {
            number = Long.parseLong(value);
        } catch (NumberFormatException notANumber) {
            throw new HttpFailure(
                    ErrorCode.INVALID_PARAMETER,
                    "Parameter '%s' must be a whole number from %d to %d, not '%s'.".formatted(name, min, max, value));
        }
        if (number < min || number > max) {
            throw new HttpFailure(
                    ErrorCode.INVALID_PARAMETER,
                    "Parameter '%s' must be %d to %d, not %d.".formatted(name, min, max, number));
        }
        return number;
    }

    /// `1`, `true` or nothing behind the name say yes; `0` and `false` no.
    ///
    /// @throws HttpFailure `invalid_parameter`
    public boolean flag(String name) {
        String value = text(name);
        if (value == null) {
            return false;
        }
        return switch (value) {
            case "1", "true", "" -> true;
            case "0", "false" -> false;
            default ->
                throw new HttpFailure(
                        ErrorCode.INVALID_PARAMETER,
                        "Parameter '%s' must be 1 or 0 (true or false), not '%s'.".formatted(name, value));
        };
    }
}
