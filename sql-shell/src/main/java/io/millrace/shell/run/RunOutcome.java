package io.millrace.shell.run;

import io.millrace.client.MillraceException;

/// How a statement went, and the exit code of a program that ends with it.
public enum RunOutcome {
    OK(0),
    FAILED(1),
    USAGE(2),
    CANNOT_CONNECT(3),
    INTERRUPTED(130);

    private final int exitCode;

    RunOutcome(int exitCode) {
        this.exitCode = exitCode;
    }

    public int exitCode() {
        return exitCode;
    }

    public static RunOutcome of(MillraceException failure) {
        return switch (failure.code()) {
            case MillraceException.CANNOT_CONNECT -> CANNOT_CONNECT;
            case MillraceException.INTERRUPTED -> INTERRUPTED;
            default -> FAILED;
        };
    }
}
