package io.millrace.http.route;

import io.millrace.http.json.JsonBuffer;

/// An answer that is sent piece by piece.
///
/// Threading: one thread at a time, not an event loop.
public interface ReplyStream {
    /// Sends what the buffer holds and clears it. Blocks while the client does not keep up.
    ///
    /// @return false once the client has gone; nothing is sent then
    boolean write(JsonBuffer piece);

    /// Whether the client has gone.
    boolean isGone();

    /// Ends the answer as a whole one.
    void end();

    /// Ends the answer so that the client sees that it is not whole.
    void abort();
}
