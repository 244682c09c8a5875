package io.millrace.shell.print;

import java.util.Locale;

/// How results are written.
public enum OutputFormat {
    TABLE,
    VERTICAL,
    CSV,
    JSON,
    NDJSON;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
