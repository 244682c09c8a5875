package io.millrace.log;

import java.io.IOException;

/// Stored bytes are not what was written. The message names file, position, expected and found.
public final class CorruptLogException extends IOException {
    private static final long serialVersionUID = 1;

    public CorruptLogException(String message) {
        super(message);
    }
}
