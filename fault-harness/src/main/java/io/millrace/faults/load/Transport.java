package io.millrace.faults.load;

import java.io.IOException;

/// How clients reach nodes. Redirects are answers like others.
@FunctionalInterface
public interface Transport {
    /// @throws NotSentException nothing of the request has arrived anywhere
    /// @throws IOException nobody can tell what has happened
    Answer send(Request request) throws IOException, InterruptedException;

    /// No connection came about.
    final class NotSentException extends IOException {
        private static final long serialVersionUID = 1L;

        public NotSentException(IOException cause) {
            super(cause.toString(), cause);
        }
    }
}
