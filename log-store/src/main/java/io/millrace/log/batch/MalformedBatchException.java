package io.millrace.log.batch;

import java.io.IOException;

/// The bytes of a batch fit its checksum but not its layout. Whoever knows the place turns it into a
/// [io.millrace.log.CorruptLogException].
public final class MalformedBatchException extends IOException {
    private static final long serialVersionUID = 1;

    public MalformedBatchException(String message) {
        super(message);
    }

    public MalformedBatchException(String message, Throwable cause) {
        super(message, cause);
    }
}
