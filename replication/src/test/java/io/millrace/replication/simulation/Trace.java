package io.millrace.replication.simulation;

import java.util.ArrayList;
import java.util.List;

/// What a schedule did, for people; costs nothing while it is off.
final class Trace {
    private final List<String> lines = new ArrayList<>();
    private final boolean on;

    Trace(boolean on) {
        this.on = on;
    }

    void add(String format, Object... arguments) {
        if (on) {
            lines.add(format.formatted(arguments));
        }
    }

    boolean isOn() {
        return on;
    }

    @Override
    public String toString() {
        return String.join("\n", lines);
    }
}
