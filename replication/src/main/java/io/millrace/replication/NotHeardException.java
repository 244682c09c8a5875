package io.millrace.replication;

import org.jspecify.annotations.Nullable;

/// This node cannot tell yet what there is: a group that may hold a part of it has not been heard of since the
/// log was opened. The message says which one. Nothing has happened; the same again may work.
public final class NotHeardException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public NotHeardException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
